"""Takes the frames and thermo rows that LAMMPS has written into the trajectory, while LAMMPS runs and afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nakmd.engines.exported_run import ExportedRun, ExportedStage
from nakmd.engines.lammps_readings import LAMMPSReadings
from nakmd.io.lammps.growing_dump import GrowingDump
from nakmd.io.lammps.growing_log import GrowingLog, LoggedRow
from nakmd.simulation import StageReport
from nakmd.simulation.observers import Writer
from nakmd.simulation.readings import temperature_of
from nakmd.system import Frame


class LAMMPSCollection:
    """What one process of LAMMPS writes, taken over frame by frame.

    Parameters
    ----------
    folder : Path
        Of the export.
    exported : ExportedRun
    log : str
        Name of the log of this process.
    readings : LAMMPSReadings
    writer : Writer
        Of the trajectory.
    n_atoms : int
    frame_step, row_step : int
        Steps of the last frame and of the last thermo row that the trajectory has; -1 if it has none.

    Attributes
    ----------
    log : GrowingLog
    last : LoggedRow or None
        The newest row of the log.
    difference : float [eV/atom]
        Largest difference of the potential energy of a frame, computed here, from that of the row of its step.
    """

    def __init__(
        self,
        folder: Path,
        exported: ExportedRun,
        log: str,
        readings: LAMMPSReadings,
        writer: Writer,
        n_atoms: int,
        frame_step: int = -1,
        row_step: int = -1,
    ) -> None:
        self._exported, self._readings, self._writer = exported, readings, writer
        self._dumps = [GrowingDump(folder / stage.dump, n_atoms) for stage in exported.stages]
        self._frame_step, self._row_step = frame_step, row_step
        self.log = GrowingLog(folder / log)
        self.last: LoggedRow | None = None
        self.difference = 0.0
        self._n_atoms = n_atoms
        self._energies: dict[int, float] = {}  # of the rows since the last frame, by step

    @property
    def step(self) -> int:
        """Step of the newest row or frame."""
        newest = -1 if self.last is None else int(self.last.values["Step"])
        return max(0, newest, self._frame_step, self._row_step)

    def advance(self, until: int | None = None) -> bool:
        """Take over what is new, up to a step; return whether there was anything.

        Raises
        ------
        FileFormatError
            If a dump is damaged.
        RunError
            If the trajectory cannot be written.
        """
        before = (self._frame_step, self._row_step)
        for logged in self.log.rows():
            self.last = logged
            if until is None or logged.values["Step"] <= until:
                self._take_row(logged)
        # the log says when a stage began, so its dump comes second
        for stage, dump in zip(self._exported.stages, self._dumps, strict=True):
            if stage.number in self.log.begins:
                self._take_frames(stage, dump, until)
        return before != (self._frame_step, self._row_step)

    def check_end(self) -> None:
        """Check that no dump has anything left, when LAMMPS has ended; errors as in `GrowingDump.check_end`."""
        for stage, dump in zip(self._exported.stages, self._dumps, strict=True):
            if stage.number in self.log.begins:
                dump.check_end()

    def _take_row(self, logged: LoggedRow) -> None:
        stage = self._exported.stages[logged.stage - 1]
        row = self._readings.row(logged, stage, self.log.begins[logged.stage])
        step = int(logged.values["Step"])
        if "PotEng" in logged.values:
            self._energies[step] = logged.values["PotEng"]
        if step > self._row_step:  # the first row of a stage is the last one of the stage before
            self._writer.write_thermo(row)
            self._row_step = step

    def _take_frames(self, stage: ExportedStage, dump: GrowingDump, until: int | None) -> None:
        for dumped in dump.frames(after=self._frame_step):
            if until is not None and dumped.step > until:
                return
            frame = self._readings.frame(dumped, stage, self.log.begins[stage.number])
            self._writer.write(frame)
            self._frame_step = dumped.step
            self._compare(frame)

    def _compare(self, frame: Frame) -> None:
        """Compare the energy of a frame with that of the row of its step, if there is one."""
        energy = self._energies.get(frame.step)
        if energy is not None and frame.potential_energy is not None:
            self.difference = max(self.difference, abs(energy - frame.potential_energy) / self._n_atoms)
        self._energies = {step: value for step, value in self._energies.items() if step > frame.step}

    def temperature(self, degrees_of_freedom: int) -> float:
        """Return the temperature [K] of the newest row; 0 before there is one."""
        energy = 0.0 if self.last is None else self.last.values.get("KinEng", 0.0)
        return temperature_of(energy, degrees_of_freedom)

    def reports(self) -> list[StageReport]:
        """Return how the stages ended that this process has ended."""
        return [_report(stage, self.log) for stage in self._exported.stages if stage.number in self.log.ends]


def _report(stage: ExportedStage, log: GrowingLog) -> StageReport:
    steps = log.ends[stage.number] - log.begins[stage.number]
    ended = log.minimisations.get(stage.number) if stage.is_minimisation else None
    if ended is None:
        return StageReport(stage.name, steps)
    return StageReport(stage.name, steps, ended.converged, ended.largest_force)


def begun_stages(folder: Path, logs: Sequence[str]) -> dict[int, int]:
    """Return the steps at which stages have begun, by their number, from the logs of all processes in their order."""
    begins: dict[int, int] = {}
    for name in logs:
        log = GrowingLog(folder / name)
        log.rows()
        begins |= log.begins
    return begins
