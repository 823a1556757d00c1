"""The time series that show whether a run has settled, from its frames and its thermo table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.frame_source import FrameSource, IndexedFrames
from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.elements import METALS, WALL
from nakmd.errors import InputError
from nakmd.system import Frame, Topology
from nakmd.units import BAR_PER_EV_A3

#: Series that are watched: columns of the thermo table, and their names.
WATCHED: Mapping[str, str] = {
    "temperature": "temperature",
    "potential_energy": "potential energy",
    "pressure_bar": "pressure",
    "volume": "volume",
}

#: The series that follows wetting, which the energy of the whole system hides in its noise.
BETWEEN = "energy between wall and metal"

#: Column of the thermo table with the temperature of the thermostat.
SET_TEMPERATURE = "set_temperature"


@dataclass(frozen=True)
class WatchedSeries:
    """Quantities of a run as functions of time, with the stage of each sample.

    Attributes
    ----------
    time : (n,) float64 [ps]
        NaN where it is unknown.
    stage : (n,) array of str
    values : mapping of str to (n,) float64
        By the name of the quantity; NaN where a sample does not have it.
    set_temperature : (n,) float64 [K]
        Temperature of the thermostat; NaN without one.
    numbered : bool
        Whether ``time`` contains the numbers of the samples, because times are unknown or decrease.
    """

    time: FloatArray
    stage: NDArray[np.str_]
    values: Mapping[str, FloatArray]
    set_temperature: FloatArray
    numbered: bool = False

    @classmethod
    def of_frames(cls, source: FrameSource, stages: Sequence[str] | None) -> Self:
        """Return temperature, energies, pressure and volume of the frames of some stages (None for all)."""
        names = None if stages is None else list(stages)
        between = _between_wall_and_metal(source.topology.whole)
        if isinstance(source, IndexedFrames):  # a file: no frame is read
            rows = source.rows(names)
            labels = np.full(len(source.times), "", dtype=object)
            for name in source.stages:
                labels[source.rows([name])] = name
            time, stage = source.times[rows], labels[rows].astype(str)
            values = _columns_of(source, rows, between)
        else:
            kept = [_values_of(frame, between) for frame in source.frames(names)]
            time = np.array([row["time"] for row, _ in kept], dtype=np.float64)
            stage = np.array([label for _, label in kept], dtype=str)
            columns = (*WATCHED, *([BETWEEN] if between is not None else []))
            values = {WATCHED.get(key, key): np.array([row[key] for row, _ in kept]) for key in columns}
        return cls(np.asarray(time, dtype=np.float64), stage, values, np.full(len(time), np.nan))

    @classmethod
    def of_table(cls, table: Mapping[str, NDArray[Any]], stages: Sequence[str] | None) -> Self:
        """Return the watched columns of a thermo table in some stages (None for all)."""
        rows = rows_of(table, stages)
        stage = np.asarray(table["stage"])[rows].astype(str) if "stage" in table else np.full(len(rows), "")
        none = np.full(len(rows), np.nan)
        return cls(
            _floats(table, "time")[rows] if len(rows) else none,
            stage,
            {name: _floats(table, key)[rows] for key, name in WATCHED.items() if key in table},
            _floats(table, SET_TEMPERATURE)[rows] if SET_TEMPERATURE in table else none,
        )

    def __len__(self) -> int:
        return len(self.time)

    @property
    def ordered(self) -> bool:
        """Whether all times are known and do not decrease."""
        return bool(np.all(np.isfinite(self.time)) and np.all(np.diff(self.time) >= 0.0))

    def by_number(self) -> Self:
        """Return the series with the numbers of the samples, from 0 on, in place of times."""
        return replace(self, time=np.arange(len(self), dtype=np.float64), numbered=True)

    def moment(self, time: float) -> str:
        """Return a time for messages."""
        return f"frame {int(time) + 1}" if self.numbered else f"{time:.4g} ps"

    def chosen(self, samples: slice | BoolArray) -> Self:
        """Return some of the samples."""
        return replace(
            self,
            time=self.time[samples],
            stage=self.stage[samples],
            values={name: column[samples] for name, column in self.values.items()},
            set_temperature=self.set_temperature[samples],
        )

    def by_stage(self) -> Iterator[Self]:
        """Yield each uninterrupted stretch of one stage."""
        borders = np.flatnonzero(self.stage[1:] != self.stage[:-1]) + 1
        for begin, end in zip([0, *borders], [*borders, len(self)], strict=True):
            if end > begin:
                yield self.chosen(slice(int(begin), int(end)))


def _columns_of(source: IndexedFrames, rows: IntArray, between: FloatArray | None) -> dict[str, FloatArray]:
    """Return the watched series of stored frames; absent are those that the frames do not have."""
    volume = np.abs(np.linalg.det(source.cells[rows]))
    stored: dict[str, FloatArray] = {}
    for key in ("temperature", "potential_energy", "kinetic_energy", "virial", "pair_energies"):
        try:
            stored[key] = source.quantity(key)[rows]
        except InputError:
            continue  # the frames do not have it
    values = {WATCHED[key]: stored[key] for key in ("temperature", "potential_energy") if key in stored}
    if "virial" in stored and "kinetic_energy" in stored:
        trace = np.sum(stored["virial"][:, :3], axis=1)
        values["pressure"] = (2.0 * stored["kinetic_energy"] + trace) / (3.0 * volume) * BAR_PER_EV_A3
    values["volume"] = volume
    if between is not None:
        pairs = stored.get("pair_energies")
        values[BETWEEN] = np.full(len(rows), np.nan) if pairs is None else np.sum(pairs * between, axis=(1, 2))
    return values


def _values_of(frame: Frame, between: FloatArray | None) -> tuple[dict[str, float], str]:
    """Return time and watched values of a frame, NaN where it has none, and its stage."""
    volume, pressure, pairs = frame.cell.volume, None, None
    if frame.virial is not None and frame.kinetic_energy is not None:
        trace = float(np.sum(frame.virial[:3]))
        pressure = (2.0 * frame.kinetic_energy + trace) / (3.0 * volume) * BAR_PER_EV_A3
    if between is not None and frame.pair_energies is not None and frame.pair_energies.shape == between.shape:
        pairs = float(np.sum(frame.pair_energies * between))
    values = {
        "time": frame.time,
        "temperature": frame.temperature,
        "potential_energy": frame.potential_energy,
        "pressure_bar": pressure,
        "volume": volume,
        BETWEEN: pairs,
    }
    return {key: np.nan if value is None else float(value) for key, value in values.items()}, frame.stage


def _between_wall_and_metal(topology: Topology) -> FloatArray | None:
    """Return 1 for each pair of a wall species and a metal species, (s, s); None if the atoms form no such pair."""
    present = np.isin(np.arange(len(topology.elements)), topology.species)
    wall, metal = (np.array([element in side for element in topology.elements]) & present for side in (WALL, METALS))
    pairs = np.asarray(np.outer(wall, metal), dtype=np.float64)
    return pairs if pairs.any() else None


def rows_of(table: Mapping[str, NDArray[Any]], stages: Sequence[str] | None, first: float = -np.inf) -> IntArray:
    """Return the rows of a thermo table in these stages (None for all) from a time [ps] on.

    None if the table has no times, or no stages when some are asked for.
    """
    if "time" not in table or (stages is not None and "stage" not in table):
        return np.zeros(0, dtype=np.int64)
    chosen = np.full(len(table["time"]), True) if first == -np.inf else _floats(table, "time") >= first
    if stages is not None:
        chosen &= np.isin(np.asarray(table["stage"]).astype(str), list(stages))
    return np.flatnonzero(chosen)


def _floats(table: Mapping[str, NDArray[Any]], name: str) -> FloatArray:
    return np.asarray(table[name], dtype=np.float64)
