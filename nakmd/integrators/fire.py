"""Structural relaxation by FIRE."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.fire_pace import FirePace
from nakmd.integrators.base import Minimiser, Span
from nakmd.integrators.groups import Mobility
from nakmd.integrators.ramps import as_number
from nakmd.kernels import bodies, descent, motion
from nakmd.system import Result, System
from nakmd.units import ACCELERATION

#: One mass [amu] for all atoms: a minimum does not depend on masses, the way to it is shorter without them.
MASS = 12.0

#: Mixing of the start, and steps downhill before the search speeds up.
MIXING, DELAY = 0.25, 20


class Fire(Minimiser):
    r"""Fast inertial relaxation engine: go downhill with inertia, stop where it goes uphill.

    Parameters
    ----------
    force_tolerance : float [eV/Å]
        Converged when no atom that moves (or mean over a rigid body) feels more.
    max_step : float [Å]
        Farthest that an atom goes in one step.
    timestep, max_timestep : float [ps]
        First and largest time step of the fictitious dynamics.

    Attributes
    ----------
    largest_force : float [eV/Å]
        After the last step; NaN before the first.

    Notes
    -----
    Along the forces F of all atoms, with a mixing α that shrinks while the power F·v is positive:

    .. math:: v \leftarrow (1 - \alpha)\, v + \alpha\, |v|\, F/|F|

    With the corrections of FIRE 2.0: semi-implicit Euler, mixing before the drift, half a step back when the power
    turns negative. The velocities of the system are left alone: the search has its own. Frozen atoms stay, tethers
    pull.

    References
    ----------
    Bitzek, Koskinen, Gähler, Moseler & Gumbsch, Phys. Rev. Lett. 97, 170201 (2006). doi:10.1103/PhysRevLett.97.170201
    Guénolé et al., Comput. Mater. Sci. 175, 109584 (2020). doi:10.1016/j.commatsci.2020.109584

    Examples
    --------
    >>> from nakmd.integrators import Fire
    >>> from nakmd.potentials import load
    >>> from nakmd.simulation import Simulation, Stage
    >>> from nakmd.structures import crystal
    >>> shaken = crystal("Na", 3)
    >>> shaken.positions[0] += 0.2
    >>> simulation = Simulation(shaken, load("nak"), [Stage("relax", Fire(0.01), steps=200, kind="relax")])
    >>> simulation.run().value, simulation.reports[0].converged
    ('finished', True)
    """

    label = "FIRE"

    def __init__(
        self,
        force_tolerance: float = 0.01,
        max_step: float = 0.1,
        timestep: float = 0.001,
        max_timestep: float = 0.005,
    ) -> None:
        timestep = as_number("timestep", timestep, "ps")
        if not min(force_tolerance, max_step, timestep) > 0.0 or not max_timestep >= timestep:
            raise InputError(
                "FIRE needs a force tolerance, a largest step and a time step above 0, got "
                f"{force_tolerance} eV/Å, {max_step} Å and {timestep} to {max_timestep} ps."
            )
        super().__init__(force_tolerance)
        self.max_step = float(max_step)
        self.timestep = timestep
        self.max_timestep = float(max_timestep)
        self.largest_force = math.nan

    def start(self, system: System, mobility: Mobility, seed: int, span: Span) -> None:
        """Bind to a system for a stage; changes nothing in it."""
        self._mobility = mobility
        self.degrees_of_freedom = mobility.degrees_of_freedom()
        chunks = motion.n_chunks(system.n_atoms)
        self._forces: FloatArray = np.zeros((system.n_atoms, 3))
        self._search: FloatArray = np.zeros((system.n_atoms, 3))
        self._sums: FloatArray = np.zeros((chunks, 4))
        self._speed_sums: FloatArray = np.zeros(chunks)
        self._totals: FloatArray = np.zeros(4)
        self._pace = FirePace(self.timestep, 0.02 * self.timestep, self.max_timestep, MIXING, DELAY)
        self.largest_force = math.nan

    def begin(self, result: Result) -> None:
        """Find the largest force."""
        self._fill_forces(result)
        descent.sum_descent(self._forces, self._forces, self._sums, self._totals)
        self.largest_force = math.sqrt(self._totals[3])

    def before_forces(self, system: System, result: Result, step: int) -> None:
        """Steer and drift."""
        velocities = self._search
        self._fill_forces(result)
        descent.sum_descent(self._forces, velocities, self._sums, self._totals)
        power, f_f, v_v, _ = (float(total) for total in self._totals)
        if power > 0.0:
            self._pace.go_downhill()
        elif v_v > 0.0:
            motion.drift(system.positions, velocities, -0.5 * self._pace.timestep)
            velocities[:] = 0.0
            self._pace.turn_back()
            power = v_v = 0.0
        timestep, mixing = self._pace.timestep, self._pace.mixing
        kick = timestep * ACCELERATION / MASS
        # |v + kick F| from sums that are known already, so that kick and mixing are one pass over the atoms.
        speed = math.sqrt(max(v_v + 2.0 * kick * power + kick * kick * f_f, 0.0))
        pull = mixing * speed / math.sqrt(f_f) if f_f > 0.0 else 0.0
        keep = 1.0 - mixing
        fastest = float(descent.steer(velocities, self._forces, keep, keep * kick + pull, self._speed_sums))
        reach = fastest * timestep
        shrink = self.max_step / reach if reach > self.max_step else 1.0
        motion.drift(system.positions, velocities, timestep * shrink)

    def after_forces(self, system: System, result: Result, step: int) -> None:
        """Find the largest force."""
        self.begin(result)

    def _fill_forces(self, result: Result) -> None:
        m = self._mobility
        bodies.fill_mean_forces(result.forces, m.moves, m.body_first, m.body_atoms, self._forces)

    def lammps_commands(self) -> list[str]:
        """Return the commands for FIRE of LAMMPS, converged by the largest force on an atom, as here."""
        longest = self.max_timestep / self.timestep
        return [
            f"timestep {self.timestep!r}",
            "min_style fire",
            f"min_modify norm max dmax {self.max_step!r} tmax {longest!r} alpha0 {MIXING!r} delaystep {DELAY}",
        ]

    def state(self) -> dict[str, Any]:
        """Return where the search stands."""
        return {
            "timestep": self._pace.timestep,
            "mixing": self._pace.mixing,
            "downhill": float(self._pace.downhill),
            "largest_force": self.largest_force,
            "search": self._search.copy(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a search."""
        self._pace.timestep = float(state["timestep"])
        self._pace.mixing = float(state["mixing"])
        self._pace.downhill = int(state["downhill"])
        self.largest_force = float(state["largest_force"])
        self._search[:] = state["search"]
