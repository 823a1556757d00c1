"""What a trajectory holds of its run beyond the frames: deck, provenance, model and thermo table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from nakmd.io.growing import Value
from nakmd.io.trajectory import Trajectory


class RunRecord(NamedTuple):
    """The record of a run, in the terms of `nakmd.io.TrajectoryWriter`.

    Attributes
    ----------
    parameters : mapping
        Deck, provenance, potentials, stages, units of the thermo columns, and other parameters.
    thermo : mapping of str to array
        Columns of the thermo table.
    """

    parameters: Mapping[str, Any]
    thermo: Mapping[str, NDArray[Any]]

    @classmethod
    def of(cls, trajectory: Trajectory) -> Self:
        """Return the record of a trajectory; empty for files of other programs.

        Raises
        ------
        FileFormatError
            If the file is damaged.
        """
        parameters = {
            "deck": trajectory.deck,
            "provenance": trajectory.provenance,
            "potentials": trajectory.potentials,
            "stages": trajectory.stages,
            "thermo_units": trajectory.thermo_units,
            **trajectory.parameters,
        }
        return cls({name: value for name, value in parameters.items() if value}, trajectory.thermo)

    def rows(self, first: int, last: int) -> Iterator[dict[str, Value]]:
        """Yield the thermo rows between two steps, including both.

        Parameters
        ----------
        first, last : int
        """
        steps = np.asarray(self.thermo.get("step", ()))
        chosen = np.flatnonzero((steps >= first) & (steps <= last))
        columns = {name: column[chosen].tolist() for name, column in self.thermo.items()}
        for k in range(len(chosen)):
            yield {name: values[k] for name, values in columns.items()}


#: Of a file that belongs to no run.
NO_RECORD = RunRecord({}, {})
