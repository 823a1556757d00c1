"""The stages of a deck as commands of LAMMPS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nakmd.engines.lammps_groups import LAMMPSGroups
from nakmd.engines.lammps_respa import VERLET, run_style
from nakmd.integrators import Minimiser, Mobility, Respa, Span, VelocityVerlet
from nakmd.integrators.lammps_fix import SEED, LAMMPSFix
from nakmd.simulation import Stage
from nakmd.system import System

#: Seeds of LAMMPS are from 1 to this.
MOST_SEED = 900_000_000

#: Evaluations of the forces that a relaxation may use for each step: FIRE needs one.
_EVALUATIONS = 10


@dataclass
class TranslatedStage:
    """One stage as commands.

    Attributes
    ----------
    stage : Stage
    number : int
        From 1.
    commands : list of str
    unfix : list of str
        Names of the fixes that end with it.
    uncompute : list of str
        Names of the computes that end with it.
    notes : list of str
        How it differs from the deck.
    """

    stage: Stage
    number: int
    commands: list[str] = field(default_factory=list)
    unfix: list[str] = field(default_factory=list)
    uncompute: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def dump(self) -> str:
        """Name of its dump."""
        return f"stage_{self.number}.lammpstrj"

    @property
    def restart(self) -> str:
        """Name of the restart file that is written at its end."""
        return f"stage_{self.number}.restart"

    @property
    def begins(self) -> str:
        """The line of the log at its beginning, without the step that follows."""
        return f"{self._words} begins at step"

    @property
    def ends(self) -> str:
        """The line of the log at its end, without the step that follows."""
        return f"{self._words} ends at step"

    @property
    def _words(self) -> str:
        # quotes and $ have a meaning in an input
        return f"nakmd: stage {self.number} ({re.sub(r'[^A-Za-z0-9_ .:+-]', '_', self.stage.name)})"

    @property
    def is_minimisation(self) -> bool:
        """Whether it relaxes, and so may end before its last step."""
        return isinstance(self.stage.integrator, Minimiser)

    def entry(self, begin: int | None, output: Mapping[str, int]) -> dict[str, Any]:
        """Return what the manifest holds of it.

        Parameters
        ----------
        begin : int or None
            Step at which it begins; None if a relaxation before it may end early.
        output : mapping of str to int
            ``dump_every`` and ``thermo_every``.
        """
        integrator = self.stage.integrator
        return {
            "number": self.number,
            "name": self.stage.name,
            "kind": self.stage.kind,
            "minimisation": self.is_minimisation,
            "steps": self.stage.steps,
            "timestep_ps": None if self.is_minimisation else integrator.timestep,
            "first_step": begin,
            "begins": self.begins,
            "ends": self.ends,
            "dump": self.dump,
            **output,
            "degrees_of_freedom": integrator.degrees_of_freedom,
            "restart": self.restart,
        }


def translate_stages(
    system: System, stages: Sequence[Stage], seed: int, groups: LAMMPSGroups, are_stiff: Sequence[bool]
) -> list[TranslatedStage]:
    """Return the commands of all stages; each has a counterpart (`nakmd.engines.lammps_lacks`).

    Parameters
    ----------
    system : System
        Not changed.
    stages : sequence of Stage
    seed : int
        Of the deck, from which the seeds of LAMMPS follow.
    groups : LAMMPSGroups
        Gets the groups that the stages need.
    are_stiff : sequence of bool
        Which pair styles of the model take the short one of two time steps.
    """
    seeds = _seeds(seed)
    translated = []
    is_split = any(stage.integrator.splits_forces for stage in stages)
    for number, stage in enumerate(stages, start=1):
        mobility, _ = stage.bind(system, seed, Span(0, stage.steps))
        one = TranslatedStage(stage, number)
        _count_freedom(one, mobility)
        if is_split:  # each stage says how it moves: any of them can be the first
            motion = stage.integrator
            one.commands.append(run_style(motion.inner_steps, are_stiff) if isinstance(motion, Respa) else VERLET)
        if isinstance(stage.integrator, Minimiser):
            _add_minimisation(one, stage.integrator)
        elif isinstance(stage.integrator, VelocityVerlet):
            _add_velocities(one, mobility, groups.name("moving", mobility.moves), seeds)
            _add_dynamics(one, stage.integrator, system, mobility, seeds, groups)
        translated.append(one)
    return translated


def _seeds(seed: int) -> Iterator[int]:
    """Yield seeds of LAMMPS that follow from the seed of a deck."""
    random = np.random.default_rng(seed)
    while True:
        yield int(random.integers(1, MOST_SEED))


def _count_freedom(one: TranslatedStage, mobility: Mobility) -> None:
    """Give the temperature of the stage the degrees of freedom that nakmd counts."""
    taken_off = 3 * int(mobility.moves.sum()) - one.stage.integrator.degrees_of_freedom
    one.commands.append(f"compute_modify t_moving extra/dof {taken_off}")


def _add_minimisation(one: TranslatedStage, minimiser: Minimiser) -> None:
    steps = one.stage.steps
    one.commands += [
        "velocity all set 0.0 0.0 0.0",
        *minimiser.lammps_commands(),
        "variable left equal ${end}-$(step)",
        f"minimize 0.0 {minimiser.force_tolerance!r} ${{left}} {_EVALUATIONS * steps}",
        "velocity all set 0.0 0.0 0.0",
    ]


def _add_velocities(one: TranslatedStage, mobility: Mobility, moving: str, seeds: Iterator[int]) -> None:
    """Draw the velocities with which a stage begins; those of the first stage are in the data file."""
    if one.number == 1:
        return
    temperature = one.stage.initial_temperature
    if temperature == 0.0:
        one.commands.append(_if_new(f"velocity {moving} set 0.0 0.0 0.0"))
    elif temperature is not None:
        still = "yes" if mobility.is_translation_invariant else "no"
        one.commands.append(
            _if_new(
                f"velocity {moving} create {temperature!r} {next(seeds)} dist gaussian mom {still} rot no temp t_moving"
            )
        )
        one.notes.append(f"LAMMPS draws the velocities at {temperature:g} K itself: they are other random numbers.")
    if one.stage.integrator.conserves_momentum:
        one.commands.append(_if_new("velocity all zero linear"))


def _if_new(command: str) -> str:
    """Return a command that a stage carries out unless it continues from the middle."""
    return f'if "${{resumed}} == 0" then "{command}"'


def _add_dynamics(
    one: TranslatedStage, integrator: VelocityVerlet, system: System, mobility: Mobility, seeds: Iterator[int],
    groups: LAMMPSGroups,
) -> None:  # fmt: skip
    """Add time step, thermostats, barostat and integration; what integrates comes last, as a step ends with it."""
    one.commands.append(f"timestep {integrator.timestep!r}")
    if isinstance(integrator, Respa):
        one.notes.append(
            "run_style respa has the two time steps of the deck; its thermostats and barostats act at the ends of the "
            "long one, where Langevin noise of nakmd acts in its middle."
        )
    rest = mobility.moves.copy()
    barostat = None if integrator.barostat is None else integrator.barostat.lammps_fix()
    joined = False
    for number, thermostat in enumerate(integrator.thermostats, start=1):
        fix = thermostat.lammps_fix()
        assert fix is not None  # those without are refused before
        members = system.topology.select(thermostat.group) & mobility.moves
        name = f"bath_{number}"
        group = groups.name(name, members)
        if fix.integrates and barostat is not None:
            joined = True
            fix = LAMMPSFix("npt", f"{fix.arguments} {barostat.arguments}", integrates=True, note=fix.note)
        if fix.integrates:
            rest &= ~members
        taken_off = 3 * int(members.sum()) - thermostat.degrees_of_freedom
        one.commands += [
            f"fix {name} {group} {fix.style} {fix.arguments.replace(SEED, str(next(seeds)))}",
            f"compute t_{name} {group} temp",
            f"compute_modify t_{name} extra/dof {taken_off}",
            f"fix_modify {name} temp t_{name}",
        ]
        one.unfix.append(name)
        one.uncompute.append(f"t_{name}")
        one.notes += [fix.note] if fix.note else []
    if barostat is not None:
        one.notes += [barostat.note] if barostat.note else []
        if not joined:
            group = groups.name("moving", rest)
            one.commands += [
                f"fix move {group} {barostat.style} {barostat.arguments}",
                "fix_modify move temp t_moving",
            ]
            one.unfix.append("move")
    elif np.any(rest):
        one.commands.append(f"fix move {groups.name('others', rest)} nve")
        one.unfix.append("move")
    one.commands.append("run ${end} upto start ${begin} stop ${end}")
