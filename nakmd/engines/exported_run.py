"""An exported deck as its manifest describes it: the stages, and the files that LAMMPS reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from nakmd.errors import InputError


@dataclass(frozen=True)
class ExportedStage:
    """A stage of the input.

    Attributes
    ----------
    number : int
        From 1.
    name : str
    steps : int
        Maximum number; a minimisation may need fewer.
    timestep : float [ps] or None
        None for a minimisation.
    dump, end : str
        Names of the file of its frames, and of the restart file at its end.
    """

    number: int
    name: str
    steps: int
    timestep: float | None
    dump: str
    end: str

    @property
    def is_minimisation(self) -> bool:
        """Whether it relaxes, which takes no simulated time."""
        return self.timestep is None

    def time(self, steps: int) -> float:
        """Return the time [ps] that a number of its steps takes."""
        return 0.0 if self.timestep is None else steps * self.timestep


@dataclass(frozen=True)
class ExportedRun:
    """An exported deck.

    Attributes
    ----------
    stages : tuple of ExportedStage
    restarts : tuple of str
        Names of the restart files that are written in turn during the stages.
    notes : tuple of str
        What LAMMPS does in another way than nakmd.
    """

    stages: tuple[ExportedStage, ...]
    restarts: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, manifest: Mapping[str, Any], where: object) -> Self:
        """Return the run of a manifest as parsed from JSON; ``where`` is its file, for messages.

        Raises
        ------
        InputError
            If an entry is missing or of another kind.
        """
        try:
            stages = tuple(
                ExportedStage(
                    int(entry["number"]),
                    str(entry["name"]),
                    int(entry["steps"]),
                    None if entry["minimisation"] else float(entry["timestep_ps"]),
                    str(entry["dump"]),
                    str(entry["restart"]),
                )
                for entry in manifest["stages"]
            )
            return cls(stages, tuple(map(str, manifest["restart"])), tuple(map(str, manifest["notes"])))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{where} is no manifest of an exported deck ({error!r}). Start the run again with --overwrite."
            ) from None

    def longer(self, steps: int) -> Self:
        """Return the run with more steps in its last stage."""
        last = self.stages[-1]
        return replace(self, stages=(*self.stages[:-1], replace(last, steps=last.steps + steps)))

    def time_before(self, number: int) -> float:
        """Return the time [ps] at which a stage begins, by its number."""
        return sum(stage.time(stage.steps) for stage in self.stages[: number - 1])

    def steps_from(self, number: int) -> int:
        """Return the most steps of a stage, by its number, and of all after it."""
        return sum(stage.steps for stage in self.stages[number - 1 :])
