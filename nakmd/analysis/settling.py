"""The end of equilibration of a run, from its energies, temperature, pressure and volume."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.frame_source import FrameSource, IndexedFrames
from nakmd.analysis.numerics.autocorrelation import detect_equilibration
from nakmd.analysis.numerics.trend import LEAST_SAMPLES, LIMIT, trend_of
from nakmd.arrays import FloatArray, IntArray
from nakmd.elements import METALS, WALL
from nakmd.errors import InputError
from nakmd.system import Frame, Topology

#: Series that are watched: columns of the thermo table, and their names.
WATCHED: Mapping[str, str] = {
    "temperature": "temperature",
    "potential_energy": "potential energy",
    "pressure_bar": "pressure",
    "volume": "volume",
}

#: Most samples of a series that are searched; longer series are thinned. The search resolves 1 % of the series.
MOST_SAMPLES = 5000

#: A start is left out only if the independent samples then exceed those of the whole series by this factor: the
#: number of samples is itself an estimate, and without a margin most stationary series would lose frames.
GAIN = 1.25

#: A time series: times [ps] and values, both (n,).
Series = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Settling:
    """Equilibration of one quantity in the measured stages.

    Attributes
    ----------
    quantity : str
    begin, settled, end : float [ps]
        First sample, first sample after equilibration, last sample.
    n_effective : float
        Independent samples from ``settled`` on.
    fault : str
        Why it cannot be called settled; empty if it had settled.
    contrast : float
        Difference of the means before and after ``settled`` in standard errors; 0 if there is nothing before.
    stage : str
        Name of the stage; empty if the frames have none.
    """

    quantity: str
    begin: float
    settled: float
    end: float
    n_effective: float
    fault: str = ""
    contrast: float = 0.0
    stage: str = ""


def settling_of(quantity: str, series: Series) -> Settling | None:
    """Return the equilibration of a series; None if it is constant or has fewer than `LEAST_SAMPLES` samples.

    Parameters
    ----------
    quantity : str
        Its name.
    series : pair of (n,) float64
        Times [ps] and values.

    Notes
    -----
    Equilibration ends at the start that leaves the most independent samples (`detect_equilibration`), searched in the
    first half; nothing is left out if that gains less than `GAIN`. The quantity had not settled if its remaining
    samples still drift (`trend_of` beyond `LIMIT`), or if the whole series drifts and the best start is in its second
    half. Then the second half of a relaxation is reported, not a few samples at its end.

    References
    ----------
    Chodera, J. Chem. Theory Comput. 12, 1799 (2016). doi:10.1021/acs.jctc.5b00784
    """
    stride = max(1, -(-len(series[1]) // MOST_SAMPLES))
    time, values = series[0][::stride], series[1][::stride]
    n = len(values)
    if n < LEAST_SAMPLES or not np.ptp(values) > 1e-9 * abs(float(np.mean(values))):
        return None
    best, _, _ = detect_equilibration(values)
    start, _, most = detect_equilibration(values, last=n // 2)
    _, _, whole = detect_equilibration(values, last=0)
    if most < GAIN * whole:
        start, most = 0, whole
    fault = ""
    kept, total = trend_of(values[start:]), trend_of(values)
    if kept is not None and abs(kept) > LIMIT:
        fault = f"it drifts by {abs(kept):.1f} standard errors"
    elif best > n // 2 and total is not None and abs(total) > LIMIT:
        fault = "it settles in the second half, if at all"
    contrast = 0.0
    if start:
        tail = values[start:]
        # the noise of both parts is that of the tail: the head contains the relaxation
        variance = float(np.var(tail)) * (n - start) / most * (1.0 / start + 1.0 / (n - start))
        difference = abs(float(values[:start].mean() - tail.mean()))
        contrast = difference / math.sqrt(variance) if variance > 0.0 else math.inf
    return Settling(quantity, float(time[0]), float(time[start]), float(series[0][-1]), most, fault, contrast)


def settle(
    source: FrameSource,
    stages: Sequence[str] | None,
    table_stages: Sequence[str] | None,
    first: float = -np.inf,
) -> list[Settling]:
    """Return the equilibration of every watched quantity of a source that varies.

    Parameters
    ----------
    source : FrameSource
    stages, table_stages : sequence of str or None
        Names of the stages for frames and for rows of the thermo table; None for all.
    first : float [ps]
        Samples before this time are ignored.

    Notes
    -----
    Watched are temperature, potential energy, pressure and volume, from the thermo table if the source has one for
    these stages, else from the frames, and the energy between wall and metal, from the frames: it follows wetting,
    which the energy of the whole system hides in its noise.
    """
    watched = _of_frames(source, stages)
    table: Mapping[str, NDArray[Any]] = getattr(source, "thermo", None) or {}
    rows = rows_of(table, table_stages)
    if len(rows):
        time = _floats(table, "time")[rows]
        watched |= {name: (time, _floats(table, key)[rows]) for key, name in WATCHED.items() if key in table}
    settlings = []
    for name, (time, values) in watched.items():
        kept = np.isfinite(values) & (time >= first)
        settling = settling_of(name, (time[kept], values[kept]))
        if settling is not None:
            settlings.append(settling)
    return settlings


def frame_times(source: FrameSource, stages: Sequence[str] | None) -> FloatArray:
    """Return the times [ps] of the frames of some stages (None for all)."""
    names = None if stages is None else list(stages)
    if isinstance(source, IndexedFrames):
        return np.asarray(source.times[source.rows(names)], dtype=np.float64)
    return np.array([frame.time for frame in source.frames(names)], dtype=np.float64)


def _of_frames(source: FrameSource, stages: Sequence[str] | None) -> dict[str, Series]:
    """Return the series that the frames have."""
    names = None if stages is None else list(stages)
    between = _between_wall_and_metal(source.topology)
    if isinstance(source, IndexedFrames):  # a file: no frame is read
        rows = source.rows(names)
        time, columns = source.times[rows], {"volume": np.abs(np.linalg.det(source.cells[rows]))}
        for key in ("temperature", "potential_energy", "pair_energies"):
            try:
                columns[key] = source.quantity(key)[rows]
            except InputError:
                continue  # the frames do not have it
        pairs = columns.pop("pair_energies", None)
        if pairs is not None and between is not None:
            columns["between"] = np.sum(pairs * between, axis=(1, 2))
    else:
        kept = [_values_of(frame, between) for frame in source.frames(names)]
        time = np.array([row["time"] for row in kept])
        columns = {key: np.array([row[key] for row in kept]) for key in (*_FRAME_SERIES, "between")}
    labels = {**WATCHED, "between": "energy between wall and metal"}
    return {labels[key]: (time, values) for key, values in columns.items()}


#: Watched fields of a frame.
_FRAME_SERIES = ("temperature", "potential_energy", "volume")


def _values_of(frame: Frame, between: FloatArray | None) -> dict[str, float]:
    """Return time and watched values of a frame, NaN where it has none."""
    pairs = None
    if between is not None and frame.pair_energies is not None and frame.pair_energies.shape == between.shape:
        pairs = float(np.sum(frame.pair_energies * between))
    values = {
        "temperature": frame.temperature,
        "potential_energy": frame.potential_energy,
        "volume": frame.cell.volume,
        "between": pairs,
    }
    return {"time": frame.time, **{key: np.nan if value is None else value for key, value in values.items()}}


def _between_wall_and_metal(topology: Topology) -> FloatArray | None:
    """Return 1 for each pair of a wall species and a metal species, (s, s); None if there is no such pair."""
    wall, metal = (np.array([element in side for element in topology.elements]) for side in (WALL, METALS))
    pairs = np.asarray(np.outer(wall, metal), dtype=np.float64)
    return pairs if pairs.any() else None


def rows_of(table: Mapping[str, NDArray[Any]], stages: Sequence[str] | None, first: float = -np.inf) -> IntArray:
    """Return the rows of a thermo table in these stages (None for all) from a time [ps] on.

    None if the table has no times, or no stages when some are asked for.
    """
    if "time" not in table or (stages is not None and "stage" not in table):
        return np.zeros(0, dtype=np.int64)
    chosen = _floats(table, "time") >= first
    if stages is not None:
        chosen &= np.isin(np.asarray(table["stage"]).astype(str), list(stages))
    return np.flatnonzero(chosen)


def _floats(table: Mapping[str, NDArray[Any]], name: str) -> FloatArray:
    return np.asarray(table[name], dtype=np.float64)
