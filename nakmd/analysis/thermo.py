"""Averages of energies, temperature and pressure, and the drift of the conserved energy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.frame_choice import FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.named_analysis import TableAnalysis
from nakmd.analysis.numerics.autocorrelation import statistical_inefficiency
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row, TemperatureLaw
from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, BAR_PER_EV_A3, G_PER_CM3_PER_AMU_A3, K_B

#: Quantities in the order of the table, their units, and whether they are per atom.
QUANTITIES: Mapping[str, tuple[str, bool]] = {
    "temperature": ("K", False),
    "potential_energy": ("eV/atom", True),
    "kinetic_energy": ("eV/atom", True),
    "total_energy": ("eV/atom", True),
    "conserved": ("eV/atom", True),
    "pressure_bar": ("bar", False),
    "volume": ("Å³", False),
    "density": ("g/cm³", False),
    "composition": ("", False),
    "delta_mu": ("eV", False),
}


class ThermoRecord(Record):
    """Averages of the thermodynamic quantities; ``value`` is the first of them, usually the temperature.

    Attributes
    ----------
    quantities : dict of str to Measure
        Energies are per atom.
    drift : Measure [kT/ns/dof]
        Slope of the conserved energy (of the total energy if none was recorded), per degree of freedom, in
        units of k_B times the mean temperature.
    time : (n,) float64 [ps]
    series : dict of str to (n,) float64
    """

    curve_tables = (RecordCurve("series", {"quantity": "series", "time [ps]": "time"}, {"value": "series"}),)

    quantities: dict[str, Measure] = field(default_factory=dict)
    drift: Measure
    time: FloatArray
    series: dict[str, FloatArray] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{name.removesuffix('_bar').replace('_', ' ')}: {m}" for name, m in self.quantities.items()]
        if math.isfinite(self.drift.value):
            lines.append(f"energy drift: {self.drift}")
        return "\n".join(lines)

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        for name, entry in self.quantities.items():
            if name != "conserved":  # only its drift is meaningful
                law: TemperatureLaw | None = "temperature" if name == "temperature" else None
                yield Row.of(name.removesuffix("_bar").replace("_", " "), entry, law=law)
        if math.isfinite(self.drift.value):
            yield Row.of("energy drift", self.drift)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the quantities that change, one above the other, each scaled to its standard deviation."""
        figure, ax = figure_for(ax)
        moving = {name: series for name, series in self.series.items() if np.ptp(series) > 0.0} or self.series
        ticks, labels = [], []
        for row, (name, series) in enumerate(moving.items()):
            spread = float(np.std(series)) or 1.0
            height = -10.0 * row
            ax.plot(self.time, (series - series.mean()) / spread + height, lw=0.8, color=COLORS[row % len(COLORS)])
            ax.text(self.time[0], height + 5.0, self.quantities[name].text, va="center", fontsize="small")
            ticks.append(height)
            labels.append(name.removesuffix("_bar").replace("_", "\n"))
        ax.set_yticks(ticks, labels)
        ax.set_ylim(ticks[-1] - 5.0, 8.0)
        ax.set(xlabel="t / ps")
        return figure


def drift_of(time: FloatArray, energy: FloatArray) -> tuple[float, float, float]:
    """Return the slope [eV/ps] of a least-squares line, its error, and the effective number of samples.

    The error is that for uncorrelated residuals times √g, with g their statistical inefficiency.

    Parameters
    ----------
    time : (n,) float64 [ps]
    energy : (n,) float64 [eV]
    """
    if len(time) < 3 or not np.ptp(time) > 0.0:
        return math.nan, math.nan, float(len(time))
    t = time - time.mean()
    squares = float(t @ t)
    e = energy - energy.mean()
    slope = float(t @ e) / squares
    residuals = e - slope * t
    g = statistical_inefficiency(residuals)
    error = math.sqrt(float(residuals @ residuals) / (len(t) - 2) / squares * g)
    return slope, error, len(t) / g


class Thermo(TableAnalysis):
    r"""Mean energies, temperature, pressure and density with errors, from frames.

    .. math:: P = \frac{2 E_\mathrm{kin} + W_{xx} + W_{yy} + W_{zz}}{3 V}

    Notes
    -----
    The pressure is that of the whole cell. With a wall, a droplet or a tube it is not the pressure of the liquid,
    because part of the volume is vacuum or carbon.
    """

    name = "thermo"
    title = "mean energies, temperature, pressure and density, and the drift of the energy"
    panel = 10
    origin = "textbook"
    needs = frozenset({"virial"})
    follows_transmutations = True

    def of_table(
        self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice
    ) -> ThermoRecord | None:
        """Return the averages of the rows of the thermo table."""
        there = choice.presence.n_there
        n_atoms = source.topology.whole.n_atoms if there is None else there
        return from_table(table, n_atoms, choice.table_rows(table))

    def prepare(self, topology: Topology) -> None:
        """Store the masses."""
        self._n_atoms = topology.n_atoms
        self._masses = topology.masses
        self._rows: list[dict[str, float]] = []

    def update(self, frame: Frame) -> None:
        """Store the quantities of one frame."""
        row: dict[str, float] = {"time": frame.time}
        masses = self._masses if frame.present is None else self._masses[frame.present]
        self._n_atoms = len(masses)
        kinetic = frame.kinetic_energy
        if kinetic is None and frame.velocities is not None:
            kinetic = float(0.5 / ACCELERATION * np.sum(self._masses[:, None] * frame.velocities**2))
        if frame.temperature is not None:
            row["temperature"] = frame.temperature
        elif kinetic is not None:
            row["temperature"] = 2.0 * kinetic / (3 * self._n_atoms * K_B)
        if frame.potential_energy is not None:
            row["potential_energy"] = frame.potential_energy
        if kinetic is not None:
            row["kinetic_energy"] = kinetic
            if frame.potential_energy is not None:
                row["total_energy"] = kinetic + frame.potential_energy
            if frame.virial is not None and np.all(np.isfinite(frame.virial)):
                pressure = (2.0 * kinetic + float(frame.virial[:3].sum())) / (3.0 * frame.cell.volume)
                row["pressure_bar"] = pressure * BAR_PER_EV_A3
        if len(row) == 1:
            raise AnalysisError(
                f"The frame at step {frame.step} has neither energies nor velocities, so there is nothing to average."
            )
        row["volume"] = frame.cell.volume
        row["density"] = float(masses.sum()) / frame.cell.volume * G_PER_CM3_PER_AMU_A3
        self._rows.append(row)

    def result(self) -> ThermoRecord:
        """Return the averages."""
        require_frames(len(self._rows), 1, "Thermo")
        names = [name for name in ("time", *QUANTITIES) if all(name in row for row in self._rows)]
        table = {name: np.array([row[name] for row in self._rows]) for name in names}
        return summarise(table, self._n_atoms, f"from {len(self._rows)} frames")


def summarise(table: Mapping[str, FloatArray], n_atoms: int, origin: str) -> ThermoRecord:
    """Return the averages of a table of quantities.

    Parameters
    ----------
    table : mapping of str to (n,) float64
        ``"time"`` [ps] and some of `QUANTITIES`, energies [eV] of the whole system.
    n_atoms : int
    origin : str
        Source of the numbers, for the notes.
    """
    time = np.asarray(table["time"], dtype=np.float64)
    series, quantities = {}, {}
    for name, (unit, per_atom) in QUANTITIES.items():
        if name in table:
            series[name] = np.asarray(table[name], dtype=np.float64) / (n_atoms if per_atom else 1)
            quantities[name] = mean_with_error(series[name], unit)
    if not quantities:
        raise AnalysisError(
            f"There is nothing to average: the table has only {', '.join(table) or 'no columns'}, but needs one of "
            f"{', '.join(QUANTITIES)}."
        )
    notes = [origin]
    dof = 3.0 * n_atoms
    if "temperature" in table and "kinetic_energy" in table and np.all(table["temperature"] > 0.0):
        # the run accounts for constrained degrees of freedom (frozen atoms, centre of mass)
        dof = float(np.median(2.0 * table["kinetic_energy"] / (K_B * table["temperature"])))
    conserved = next((name for name in ("conserved", "total_energy") if name in table), None)
    drift = Measure(math.nan, math.nan, "kT/ns/dof", 0.0)
    if conserved is not None and "temperature" in quantities and quantities["temperature"].value > 0.0 and dof > 0.0:
        slope, error, n_effective = drift_of(time, np.asarray(table[conserved], dtype=np.float64))
        scale = 1e3 / (dof * K_B * quantities["temperature"].value)
        drift = Measure(slope * scale, error * scale, "kT/ns/dof", n_effective)
        meaning = "" if conserved == "conserved" else "; with a thermostat it does not measure the accuracy"
        notes.append(f"drift of {conserved.replace('_', ' ')}, {dof:.0f} degrees of freedom{meaning}")
    first = next(iter(quantities))
    return ThermoRecord(
        quantity=first.replace("_", " "),
        **quantities[first].fields,
        notes=tuple(notes),
        quantities=quantities,
        drift=drift,
        time=time,
        series=series,
    )


def from_table(columns: Mapping[str, NDArray[Any]], n_atoms: int, rows: IntArray) -> ThermoRecord | None:
    """Return the averages of rows of the thermo table of a run, or None if there is nothing to average.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        ``"time"`` [ps], some of `QUANTITIES` (energies [eV], pressure as ``"pressure_bar"`` or ``"pressure"``
        [eV/Å³]).
    n_atoms : int
    rows : (m,) int64
        The rows to average, as from `rows_of`.
    """
    if not len(rows):
        return None
    table: dict[str, FloatArray] = {}
    for name in ("time", *QUANTITIES):
        if name in columns:
            table[name] = np.asarray(columns[name], dtype=np.float64)[rows]
    if "pressure" in columns and "pressure_bar" not in columns:
        table["pressure_bar"] = np.asarray(columns["pressure"], dtype=np.float64)[rows] * BAR_PER_EV_A3
    if "total_energy" not in table and {"potential_energy", "kinetic_energy"} <= set(table):
        table["total_energy"] = table["potential_energy"] + table["kinetic_energy"]
    # a column with empty rows (NaN) is dropped: its mean would cover only part of the run
    table = {name: column for name, column in table.items() if np.all(np.isfinite(column))}
    if "time" not in table or len(table) == 1:
        return None
    return summarise(table, n_atoms, f"from {len(rows)} rows of the thermo table")


def thermo(source: FrameSource, progress: FrameProgress | None = None, **frames: Unpack[FrameOptions]) -> ThermoRecord:
    """Return thermodynamic averages from the thermo table of the run, or from the frames if there is none.

    Parameters
    ----------
    source : FrameSource
    progress : callable, optional
    frames
        As in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, thermo
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 3)
    >>> place = sodium.cell.wrap(sodium.positions)
    >>> temperatures = np.random.default_rng(1).normal(300.0, 20.0, 50)
    >>> frames = [Frame(k, 0.1 * k, *place, sodium.cell, temperature=T) for k, T in enumerate(temperatures)]
    >>> result = thermo(FrameList(sodium.topology, frames))
    >>> result.quantities["temperature"].text, result.quantities["density"].unit
    ('299 ± 3 K', 'g/cm³')
    """
    return cast(ThermoRecord, Thermo().of_run(source, FrameChoice.of(source, **frames), progress))
