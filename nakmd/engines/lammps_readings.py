"""What LAMMPS computed, as frames and thermo rows of nakmd; what LAMMPS does not compute is computed here or absent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.engines.exported_run import ExportedRun, ExportedStage
from nakmd.engines.lammps_parity import NKTV2P
from nakmd.integrators import Mobility, Span
from nakmd.io.lammps.growing_dump import DumpedFrame
from nakmd.io.lammps.growing_log import LoggedRow
from nakmd.neighbors import Neighbors
from nakmd.potentials import Potential
from nakmd.simulation import Stage
from nakmd.simulation.readings import VOIGT, Value, take_frame, temperature_of
from nakmd.system import Frame, Result, System
from nakmd.units import BAR_PER_EV_A3, G_PER_CM3_PER_AMU_A3

#: Names of the columns in the log for those of the thermo table, in units of both.
_COLUMNS = {"PotEng": "potential_energy", "KinEng": "kinetic_energy", "TotEng": "total_energy"}


class LAMMPSReadings:
    """Turns frames of dumps and rows of logs into those of a run of nakmd.

    Parameters
    ----------
    system : System
        The atoms as exported. It is not changed.
    potential : Potential
        The model of the run.
    stages : sequence of Stage
    seed : int
    exported : ExportedRun
    conserved : mapping of int to float [eV]
        Conserved energy of the run by step, as far as the trajectory has it.

    Notes
    -----
    Positions, velocities and cells are those of LAMMPS. Energies between species, energies and virial of a frame follow
    from its positions and are computed here, with the same model. Thermo rows are those of LAMMPS, with the degrees of
    freedom of nakmd, and pressures and volume of the cell of nakmd where LAMMPS has a larger box along directions that
    do not repeat. Rows have no work of thermostat and barostat, and no heat current.
    """

    def __init__(
        self,
        system: System,
        potential: Potential,
        stages: Sequence[Stage],
        seed: int,
        exported: ExportedRun,
        conserved: Mapping[int, float] = MappingProxyType({}),
    ) -> None:
        self._system, self._stages, self._exported = system.copy(), stages, exported
        self._first_cell = system.cell.matrix.copy()
        self._mobilities: list[Mobility] = []
        for stage in stages:
            previous = self._mobilities[-1] if self._mobilities else None
            self._mobilities.append(stage.bind(system, seed, Span(0, stage.steps), previous)[0])
        exact = potential.with_precision("double") if potential.precision != "double" else potential
        self._evaluator = exact.bind(system.species_names)
        self._neighbors = Neighbors(self._evaluator.requests)
        self._result = Result(system.n_atoms)
        self._mass = float(system.masses.sum())
        self._conserved_before = conserved
        self._last = (0, 0.0)  # stage of the last row, and its conserved energy
        self._jump = 0.0  # what LAMMPS leaves out, which counts from the beginning of a stage or of a process

    def time(self, stage: ExportedStage, begin: int, step: int) -> float:
        """Return the time [ps] of a step in a stage that began at a step."""
        return self._exported.time_before(stage.number) + stage.time(step - begin)

    def frame(self, dumped: DumpedFrame, stage: ExportedStage, begin: int) -> Frame:
        """Return a frame, of a stage that began at a step."""
        system = self._system
        periodic = system.cell.periodic
        system.cell.matrix[:] = np.where(periodic[:, None], dumped.box.matrix, self._first_cell)
        # a barostat moves the corner of the box, and the cell has its corner at the origin
        corner = np.where(periodic, dumped.box.origin, 0.0)
        flags = np.where(periodic, dumped.flags, 0)
        system.positions[:] = dumped.positions - corner + flags @ dumped.box.matrix
        system.velocities[:] = dumped.velocities
        energies = self._evaluate(self._mobilities[stage.number - 1])
        return take_frame(
            system,
            self._result,
            kinetic_energy=system.kinetic_energy(),
            degrees_of_freedom=self._stages[stage.number - 1].integrator.degrees_of_freedom,
            step=dumped.step,
            time=self.time(stage, begin, dumped.step),
            stage=stage.name,
            needs=frozenset({"virial", "pair_energies"}),
            pair_energies=energies,
            virials=None,
        )

    def _evaluate(self, mobility: Mobility) -> FloatArray | None:
        """Compute energies and virial of the system; return the energies between species, None without any."""
        self._neighbors.update(self._system)
        self._evaluator.compute(self._system, self._neighbors, self._result)
        energies = None
        if self._evaluator.has_pair_energies:
            energies = self._evaluator.pair_energies(self._system, self._neighbors)
        mobility.add_tethers(self._system, self._result)
        return energies

    def row(self, logged: LoggedRow, stage: ExportedStage, begin: int) -> dict[str, Value]:
        """Return a thermo row, of a stage that began at a step; call for every row of the log in order."""
        values, step = logged.values, int(logged.values["Step"])
        integrator = self._stages[stage.number - 1].integrator
        set_temperature = integrator.set_temperature(step - begin)
        row: dict[str, Value] = {
            "step": step,
            "time": self.time(stage, begin, step),
            "stage": stage.name,
            "set_temperature": math.nan if set_temperature is None else set_temperature,
            **{name: values[column] for column, name in _COLUMNS.items() if column in values},
        }
        if "KinEng" in values:
            row["temperature"] = temperature_of(values["KinEng"], integrator.degrees_of_freedom)
        if "Econserve" in values and not stage.is_minimisation:
            row["conserved"] = self._conserved(stage.number, step, values["Econserve"])
        return row | self._of_cell(values)

    def _conserved(self, stage: int, step: int, energy: float) -> float:
        """Return the conserved energy of the run from that of LAMMPS, which jumps where a stage or a process begins."""
        before, last = self._last
        if stage != before:
            continued = self._conserved_before.get(step, last if before else math.nan)
            self._jump = 0.0 if math.isnan(continued) else continued - energy
        self._last = (stage, energy + self._jump)
        return energy + self._jump

    def _of_cell(self, values: Mapping[str, float]) -> dict[str, Value]:
        """Return pressures, volume, density and lengths, of the cell of nakmd."""
        if "Volume" not in values:
            return {}
        periodic = self._system.cell.periodic
        cell = np.diag([values["Lx"], values["Ly"], values["Lz"]])
        cell[1, 0], cell[2, 0], cell[2, 1] = (values.get(name, 0.0) for name in ("Xy", "Xz", "Yz"))
        cell = np.where(periodic[:, None], cell, self._first_cell)
        volume = float(abs(np.linalg.det(cell)))
        larger = values["Volume"] / volume
        lengths = np.linalg.norm(cell, axis=1)
        row: dict[str, Value] = {
            "volume": volume,
            "density": self._mass / volume * G_PER_CM3_PER_AMU_A3,
            **{f"length_{name}": float(length) for name, length in zip("abc", lengths, strict=True)},
        }
        if "Press" in values:
            row["pressure_bar"] = values["Press"] * larger / NKTV2P * BAR_PER_EV_A3
        row |= {f"pressure_{name}": values[f"P{name}"] * larger / NKTV2P for name in VOIGT if f"P{name}" in values}
        return row
