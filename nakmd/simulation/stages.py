"""The stages of a run: what they are, how they are bound to a system, and how they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from nakmd.errors import InputError
from nakmd.integrators import (
    Deposit,
    Integrator,
    Mobility,
    Move,
    Span,
    check_deposit,
    initialize_velocities,
    remove_momentum,
)
from nakmd.simulation.restraints import BoundRestraint, Restraint, bind_restraints
from nakmd.system import System


class Status(Enum):
    """How a call of `Simulation.run` ended.

    Examples
    --------
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Simulation, Stage, Status
    >>> from nakmd.structures import crystal
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, initial_temperature=100.0)
    >>> simulation = Simulation(crystal("Na", 3), load("nak"), [stage])
    >>> simulation.run(3) is Status.PAUSED, simulation.run() is Status.FINISHED
    (True, True)
    """

    FINISHED = "finished"
    #: The requested number of steps is done; steps of the plan are left.
    PAUSED = "paused"
    #: A signal or an observer requested a stop; the step was finished and a checkpoint written.
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Stage:
    """One part of a run.

    Attributes
    ----------
    name : str
        Stored with every frame.
    integrator : Integrator
    steps : int
        Maximum number; a minimiser stops when it has converged.
    kind : str
        Purpose: ``"relax"``, ``"heat"``, ``"equilibrate"``, ``"produce"``; observers may select stages by it.
    initial_temperature : float [K], optional
        If given, the stage begins with new random velocities at exactly this temperature.
    frozen, rigid : tuple of str
        Names of groups, see `nakmd.integrators.Mobility`.
    tethered : mapping of str to float [eV/Å²]
        Spring constant of each tethered group. Atoms tethered in the previous stage keep their centres.
    moves : tuple of Move
        Monte Carlo moves between steps.
    deposit : Deposit, optional
        Atoms that arrive during the stage.
    restraints : tuple of Restraint
        Their names are unique.

    Examples
    --------
    >>> from nakmd.integrators import Fire, Langevin, VelocityVerlet
    >>> from nakmd.simulation import Stage
    >>> relax = Stage("relax", Fire(0.02), steps=500, kind="relax")
    >>> nvt = VelocityVerlet(0.001, Langevin((300.0, 450.0), group="liquid"))
    >>> heat = Stage("heat", nvt, steps=2000, kind="heat", initial_temperature=300.0, tethered={"carbon": 1.0})
    >>> heat.is_stationary, relax.integrator.advances_time
    (False, False)
    """

    name: str
    integrator: Integrator
    steps: int
    kind: str = "produce"
    initial_temperature: float | None = None
    frozen: tuple[str, ...] = ()
    rigid: tuple[str, ...] = ()
    tethered: Mapping[str, float] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    deposit: Deposit | None = None
    restraints: tuple[Restraint, ...] = ()

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"Stage {self.name!r} has {self.steps} steps; it needs at least 1.")

    @property
    def restraint_names(self) -> list[str]:
        """The names of its restraints: as given, else their number."""
        return [restraint.name or str(number) for number, restraint in enumerate(self.restraints, start=1)]

    @property
    def is_stationary(self) -> bool:
        """Whether all set points are constant."""
        return self.integrator.is_stationary and all(restraint.centre.is_constant for restraint in self.restraints)

    def settled(self, steps: int) -> Stage:
        """Return a stage of more steps at the set points with which this one ends."""
        return replace(
            self,
            integrator=self.integrator.settled(),
            steps=steps,
            initial_temperature=None,
            deposit=None,
            restraints=tuple(restraint.settled() for restraint in self.restraints),
        )

    def is_called(self, names: frozenset[str] | None) -> bool:
        """Return whether its name or kind is among the names; True for None."""
        return names is None or self.name in names or self.kind in names

    def bind(
        self,
        system: System,
        seed: int,
        span: Span,
        previous: Mobility | None = None,
        restrained: Sequence[BoundRestraint] = (),
    ) -> tuple[Mobility, list[BoundRestraint]]:
        """Bind mobility, integrator, restraints and moves to a system, without changing the system.

        Parameters
        ----------
        system : System
        seed : int
        span : Span
        previous : Mobility, optional
            That of the previous stage; the same atoms keep its tether centres.
        restrained : sequence of BoundRestraint
            Those of the previous stage; equal coordinates keep their atoms.

        Raises
        ------
        InputError
            If the stage does not fit the system.
        """
        mobility = Mobility(system, self.frozen, self.tethered, self.rigid)
        if previous is not None and np.array_equal(previous.tether_atoms, mobility.tether_atoms):
            mobility.tether_centres[:] = previous.tether_centres
        self.integrator.start(system, mobility, seed, span)
        self._check_restraints()
        bound = bind_restraints(self.restraints, system, mobility, span, self.integrator, restrained)
        held = [atom for one in bound for atom in one.atoms.tolist()]
        for move in self.moves:
            self._bind_move(move, system, mobility, held)
        columns = [column for move in self.moves for column in move.columns]
        if len(set(columns)) < len(columns):
            raise InputError("The stage has several transmutations, and one composition is reported. Keep one of them.")
        if self.deposit is not None:
            check_deposit(self.deposit, system, mobility, self.integrator.advances_time)
        return mobility, bound

    def _check_restraints(self) -> None:
        """Raise `InputError` if two restraints have one name, or atoms of a restraint may leave the run."""
        for number, name in enumerate(self.restraint_names):
            if name in self.restraint_names[:number]:
                raise InputError(f"Stage {self.name!r} has two restraints called {name!r}. Give them names.")
        if self.deposit is not None and self.restraints:
            raise InputError(
                f"Stage {self.name!r} deposits atoms, of which any may evaporate and leave the run, so it cannot have "
                "restraints. Put them into a following stage."
            )

    def _bind_move(self, move: Move, system: System, mobility: Mobility, held: Sequence[int]) -> None:
        """Bind a move; raise `InputError` unless its temperature is given once."""
        if not self.integrator.advances_time:
            raise InputError(f"A relaxation cannot have moves, but the stage {move.verb} {move.pair}.")
        if self.integrator.set_temperature(0) is None and self.integrator.has_thermostat:
            raise InputError(
                f"The stage has baths of different temperatures and a move that {move.verb} {move.pair}. An exchange "
                "between places of different temperature has no equilibrium to obey, and it would carry heat. Remove "
                "the move."
            )
        if self.integrator.set_temperature(0) is None and move.temperature is None:
            raise InputError(
                f"The move that {move.verb} {move.pair} has no temperature, and the stage has no thermostat. Give the "
                'move a temperature ("450 K"), or the stage a thermostat.'
            )
        if self.integrator.set_temperature(0) is not None and move.temperature is not None:
            raise InputError(
                f"The move that {move.verb} {move.pair} has a temperature of {move.temperature:g} K, and the stage has "
                "a thermostat: moves take its temperature. Remove that of the move."
            )
        move.start(system, mobility, held)

    def prepare_velocities(self, system: System, mobility: Mobility, seed: int, step: int) -> None:
        """Draw the initial velocities, if any, and apply the constraints of the stage to the velocities."""
        integrator = self.integrator
        if self.initial_temperature is not None:
            initialize_velocities(
                system,
                self.initial_temperature,
                seed,
                mobility=mobility,
                degrees_of_freedom=integrator.degrees_of_freedom,
                step=step,
            )
        mobility.settle(system)
        if integrator.conserves_momentum:
            remove_momentum(system)
        if integrator.zeroes_velocities:
            system.velocities[:] = 0.0


@dataclass(frozen=True)
class StageReport:
    """How a stage ended.

    Attributes
    ----------
    name : str
    steps : int
        Number of steps done.
    converged : bool or None
        Whether the forces of a minimisation fell below the tolerance; None for dynamics.
    largest_force : float [eV/Å] or None
        Largest force at the end of a minimisation; None for dynamics.
    tried, accepted : int or None
        Exchanges of its moves; None without moves.
    arrived, evaporated : int or None
        Atoms that arrived and evaporated; None without a deposition.
    free_temperature : float [K] or None
        Mean temperature of the atoms without thermostat during a deposition.

    Examples
    --------
    >>> from nakmd.integrators import Fire
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Simulation, Stage
    >>> from nakmd.structures import crystal
    >>> simulation = Simulation(crystal("Na", 3), load("nak"), [Stage("relax", Fire(0.01), steps=50, kind="relax")])
    >>> simulation.run().value
    'finished'
    >>> report = simulation.reports[0]
    >>> report.name, report.converged, report.largest_force < 0.01
    ('relax', True, True)
    """

    name: str
    steps: int
    converged: bool | None = None
    largest_force: float | None = None
    tried: int | None = None
    accepted: int | None = None
    arrived: int | None = None
    evaporated: int | None = None
    free_temperature: float | None = None


def check_stages(system: System, stages: Sequence[Stage], seed: int) -> None:
    """Bind every stage once, so that a fault in the last stage is found before the first step.

    Raises
    ------
    InputError
        If a stage does not fit the system, or begins without the velocities that it needs.
    """
    for _, fault in stage_faults(system, stages, seed):
        raise fault


def check_virial(stages: Sequence[Stage], lacking: Sequence[str]) -> None:
    """Raise `InputError` for the first stage with a barostat if some terms of the model, by name, have no virial."""
    for stage in stages if lacking else ():
        barostat = getattr(stage.integrator, "barostat", None)
        if barostat is not None:
            raise InputError(f"Stage {stage.name!r}: {no_pressure(barostat.label, lacking)}")


def no_pressure(barostat: str, lacking: Sequence[str]) -> str:
    """Return the message on a barostat, by name, with terms of the model that have no virial."""
    return (
        f"the barostat ({barostat}) needs the pressure, and {' and '.join(lacking)} computes no stress for these "
        "atoms. Remove the barostat and keep the cell, or choose a calculator with a stress."
    )


def stage_faults(system: System, stages: Sequence[Stage], seed: int) -> Iterator[tuple[int, InputError]]:
    """Bind every stage once, without changing the system; yield the index and the error of each that does not fit.

    Examples
    --------
    >>> from nakmd.integrators import VelocityVerlet
    >>> from nakmd.simulation import Stage, stage_faults
    >>> from nakmd.structures import crystal
    >>> stage = Stage("produce", VelocityVerlet(0.001), steps=4, frozen=("wall",), initial_temperature=100.0)
    >>> [(number, type(fault).__name__) for number, fault in stage_faults(crystal("Na", 3), [stage], seed=0)]
    [(0, 'InputError')]
    """
    moving = bool(np.any(system.velocities))
    for index, stage in enumerate(stages):
        try:
            stage.bind(system, seed, Span(0, stage.steps))
        except InputError as error:
            yield index, error
            # the velocities that it would have left are not known, so the next stage is not blamed for them
            moving = not stage.integrator.zeroes_velocities
            continue
        moving = moving or bool(stage.initial_temperature)
        if stage.integrator.needs_velocities and not moving:
            yield (
                index,
                InputError(
                    f"Stage {stage.name!r}: all velocities will be zero, and its thermostat can only scale existing "
                    'velocities. Give the stage an initial temperature (velocities = "450 K" in a deck), or use a '
                    "Langevin thermostat."
                ),
            )
        moving = not stage.integrator.zeroes_velocities and (moving or stage.integrator.has_thermostat)
