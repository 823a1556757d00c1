"""Where LAMMPS begins or continues: at the beginning, after a stage, or within one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nakmd.engines.exported_run import ExportedRun
from nakmd.engines.lammps_script import STOPPED
from nakmd.io.lammps.restart_files import restart_step


@dataclass(frozen=True)
class LAMMPSStart:
    """The place at which the input begins.

    Attributes
    ----------
    step : int
    stage : int
        Number of the stage, from 1; one more than there are if nothing is left to do.
    begin : int or None
        Step at which this stage has begun; None if it begins now.
    restart : str or None
        Name of the restart file; None for the data file.
    """

    step: int
    stage: int
    begin: int | None = None
    restart: str | None = None

    @classmethod
    def latest(cls, folder: Path, exported: ExportedRun, begins: Mapping[int, int]) -> Self:
        """Return the latest place that the complete restart files of a folder allow.

        Parameters
        ----------
        folder : Path
            Of the export.
        exported : ExportedRun
        begins : mapping of int to int
            Steps at which stages have begun, by their number, as the logs say.
        """
        starts = [cls(0, 1)]
        for stage in exported.stages:
            step = restart_step(folder / stage.end)
            if step is None:
                continue
            begin = begins.get(stage.number)
            if begin is not None and not stage.is_minimisation and step < begin + stage.steps:
                starts.append(cls(step, stage.number, begin, stage.end))  # the end before it became longer
            else:
                starts.append(cls(step, stage.number + 1, None, stage.end))
        for name in (*exported.restarts, STOPPED):
            step = restart_step(folder / name)
            within = [number for number, begin in begins.items() if step is not None and begin < step]
            if step is not None and within:
                number = max(within)
                starts.append(cls(step, number, begins[number], name))
        # at the end of a stage, a file of that step is one of the end too
        return max(starts, key=lambda start: (start.step, start.stage))

    def remove_later(self, folder: Path, exported: ExportedRun) -> None:
        """Delete the restart files of later steps, which are of steps that LAMMPS will repeat in another way."""
        for name in (*(stage.end for stage in exported.stages), *exported.restarts, STOPPED):
            step = restart_step(folder / name)
            if step is None or step > self.step:
                (folder / name).unlink(missing_ok=True)

    @property
    def variables(self) -> Iterable[tuple[str, str]]:
        """The variables of the input that make it begin here."""
        if self.restart is not None:
            yield "restart", self.restart
            yield "first", str(self.stage)
        if self.begin is not None:
            yield "begin", str(self.begin)
