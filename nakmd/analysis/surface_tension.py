"""Surface tension of a free liquid film from its pressure tensor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.frame_choice import FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.surfaces import AXES, height_along, largest_gap
from nakmd.analysis.lacking_atoms import require_all_atoms
from nakmd.analysis.named_analysis import METAL_ALONE, TableAnalysis
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.plotting import COLORS, Axes, Figure, draw_mean, figure_for
from nakmd.analysis.pressure_tensor import refuse_wall, require_stress
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.settling import settling_of
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, BAR_PER_EV_A3, J_PER_M2_PER_EV_A2

#: Minimum gap [Å] between a free film and its periodic image; a liquid has no gap of this width.
FREE_SPACE = 8.0

MN_PER_M_PER_EV_A2 = 1e3 * J_PER_M2_PER_EV_A2


class SurfaceTensionRecord(Record):
    """Surface tension; ``value`` and ``error`` in eV/Å².

    Attributes
    ----------
    tension : Measure [mN/m]
        The tension in mN/m.
    axis : str
        Normal of the film.
    normal_pressure : Measure [bar]
        P_N of the whole cell, which is the vapour pressure in equilibrium, close to zero.
    time : (n,) float64 [ps]
    series : (n,) float64 [eV/Å²]
    """

    curve_tables = (RecordCurve("series", {"time [ps]": "time"}, {"tension [eV/Å²]": "series"}),)

    tension: Measure
    axis: str
    normal_pressure: Measure
    time: FloatArray
    series: FloatArray

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        yield Row.of("surface tension", self.tension)
        yield Row.of("pressure normal to the film", self.normal_pressure)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the running mean of the tension with the final 95 % interval."""
        figure, ax = figure_for(ax)
        running = np.cumsum(self.series) / np.arange(1, len(self.series) + 1)
        ax.plot(self.time, running * MN_PER_M_PER_EV_A2, color=COLORS[0], lw=1.2, label="mean up to t")
        draw_mean(ax, self.tension, self.tension.text)
        low, high = self.tension.interval()
        if math.isfinite(low):
            ax.set_ylim(self.tension.value - 3.0 * (high - low), self.tension.value + 3.0 * (high - low))
        ax.set(xlabel="t / ps", ylabel="surface tension / mN/m")
        ax.legend(fontsize="small")
        return figure


class SurfaceTension(TableAnalysis):
    r"""Surface tension of a film with two free surfaces, from frames.

    .. math:: \gamma = \frac{L_z}{2} \left\langle P_{zz} - \frac{P_{xx} + P_{yy}}{2} \right\rangle, \qquad
              P = \frac{1}{V} \Bigl( \sum_i m_i v_i \otimes v_i + W \Bigr)

    Parameters
    ----------
    axis : {"x", "y", "z"}, optional
        Normal of the film. Default: the direction of the first frame with a gap of at least 8 Å between the atoms, or
        along which the cell is open.

    Notes
    -----
    The ½ accounts for the two surfaces. With a wall in the cell the tensor includes the stress of the carbon, which is
    not a tension of the liquid: such systems are rejected. There is no long-range correction: embedded-atom potentials
    are zero beyond their cutoff.

    Errors are the larger of those from autocorrelation and from blocks (`mean_with_error`).

    References
    ----------
    Kirkwood & Buff, J. Chem. Phys. 17, 338 (1949). doi:10.1063/1.1747248
    """

    name = "surface_tension"
    title = "surface tension of a free liquid film"
    panel = 30
    # whether there is a free film depends on the positions, which are unknown before the first frame
    on_request = True
    atoms = METAL_ALONE
    needs = frozenset({"virial", "velocities"})

    def __init__(self, axis: str | None = None) -> None:
        if axis is not None and axis not in AXES:
            raise AnalysisError(f"The normal of a film must be 'x', 'y' or 'z', not {axis!r}.")
        self.axis = axis

    def of_table(
        self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice
    ) -> SurfaceTensionRecord | None:
        """Return the mean tension from the rows of the thermo table."""
        refuse_wall(source.topology, "Surface tension")
        require_all_atoms(source, "surface_tension")  # a gap between some of the atoms is no surface
        normal = find_film(next(choice.frames(source)), self.axis)
        return from_table(table, normal, choice.table_rows(table))

    def prepare(self, topology: Topology) -> None:
        """Store the masses."""
        refuse_wall(topology, "Surface tension")
        self._masses = topology.masses
        self._normal: int | None = None
        self._time: list[float] = []
        self._rows: list[tuple[float, float]] = []

    def update(self, frame: Frame) -> None:
        """Store the pressure tensor of one frame."""
        require_stress(frame, "surface tension")
        assert frame.velocities is not None
        assert frame.virial is not None
        if self._normal is None:
            self._normal = find_film(frame, self.axis)
        kinetic = np.einsum("i,ia,ia->a", self._masses, frame.velocities, frame.velocities) / ACCELERATION
        pressures = (kinetic + frame.virial[:3]) / frame.cell.volume
        self._time.append(frame.time)
        self._rows.append(_tension(pressures, float(frame.cell.lengths[self._normal]), self._normal))

    def result(self) -> SurfaceTensionRecord:
        """Return the mean tension."""
        require_frames(len(self._rows), 2, "Surface tension")
        tension, normal = np.array(self._rows).T
        axis = AXES[cast(int, self._normal)]
        return summarise(np.array(self._time), tension, normal, axis, f"from {len(tension)} frames")


def find_film(frame: Frame, axis: str | None) -> int:
    """Return the axis normal to a free film.

    Parameters
    ----------
    frame : Frame
    axis : str, optional
        Expected normal.

    Raises
    ------
    AnalysisError
        If there is no film with that normal, or the cell is not orthorhombic.
    """
    if not frame.cell.is_orthorhombic:
        raise AnalysisError("Surface tension from the pressure tensor needs an orthorhombic cell.")
    gaps = []
    for c in range(3):
        normal, period = height_along(frame.cell, c)
        gaps.append(largest_gap(frame.positions @ normal, period)[0])
    free = [c for c in range(3) if gaps[c] >= FREE_SPACE]
    if len(free) != 1 or (axis is not None and AXES[free[0]] != axis):
        listed = ", ".join(f"{gap:.1f} Å along {AXES[c]}" for c, gap in enumerate(gaps))
        raise AnalysisError(
            f"Surface tension needs a film that is free along one direction{f' ({axis})' if axis else ''} and fills "
            f"the cell along the others; the widest gaps are {listed} (free: at least {FREE_SPACE:g} Å)."
        )
    return free[0]


def _tension(pressures: FloatArray, length: float | FloatArray, axis: int) -> tuple[Any, Any]:
    """Return the tension and the normal pressure; the last index of ``pressures`` is xx, yy, zz."""
    normal = pressures[..., axis]
    lateral = 0.5 * (pressures.sum(axis=-1) - normal)
    return 0.5 * length * (normal - lateral), normal


def summarise(
    time: FloatArray, tension: FloatArray, normal: FloatArray, axis: str, origin: str
) -> SurfaceTensionRecord:
    """Return the record of a series of tensions [eV/Å²] and normal pressures [eV/Å³]."""
    mean = mean_with_error(tension, "eV/Å²")
    settling = settling_of("surface tension", (time, tension))
    notes = [origin, f"film normal to {axis}, two surfaces"]
    if settling is not None and settling.settled > settling.begin:
        notes.append(f"the tension equilibrates until {settling.settled:.4g} ps: not in equilibrium there")
    return SurfaceTensionRecord(
        quantity="surface tension",
        **mean.fields,
        notes=tuple(notes),
        tension=mean.scaled(MN_PER_M_PER_EV_A2, "mN/m"),
        axis=axis,
        normal_pressure=mean_with_error(normal * BAR_PER_EV_A3, "bar"),
        time=time,
        series=tension,
    )


def from_table(columns: Mapping[str, NDArray[Any]], axis: int, rows: IntArray) -> SurfaceTensionRecord | None:
    """Return the tension from rows of the thermo table of a run, or None if they have no pressure tensor.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        ``"time"`` [ps], ``"pressure_xx"`` to ``"pressure_zz"`` [eV/Å³], ``"length_a"`` to ``"length_c"`` [Å].
    axis : int
        Normal of the film.
    rows : (m,) int64
        The rows to average.
    """
    names = [f"pressure_{v}" for v in ("xx", "yy", "zz")]
    length = f"length_{'abc'[axis]}"
    if not {"time", length, *names} <= set(columns):
        return None
    pressures = np.stack([np.asarray(columns[name], dtype=np.float64)[rows] for name in names], axis=1)
    kept = np.all(np.isfinite(pressures), axis=1)
    if np.sum(kept) < 2:
        return None
    lengths = np.asarray(columns[length], dtype=np.float64)[rows]
    tension, normal = _tension(pressures[kept], lengths[kept], axis)
    time = np.asarray(columns["time"], dtype=np.float64)[rows][kept]
    return summarise(time, tension, normal, AXES[axis], f"from {int(kept.sum())} rows of the thermo table")


def surface_tension(
    source: FrameSource,
    axis: str | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> SurfaceTensionRecord:
    """Return the surface tension from the thermo table of the run, or from the frames if it has no pressure tensor.

    ``axis`` is as in `SurfaceTension`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, surface_tension
    >>> from nakmd.structures import liquid
    >>> film = liquid(1.0, 450.0, n_atoms=100, thickness=20.0, vacuum=15.0)
    >>> area = film.cell.lengths[0] ** 2
    >>> pull = -2.0 * 0.1 / 16.02 * area * np.array([1, 1, 0, 0, 0, 0])  # two surfaces of 0.1 N/m
    >>> place, still = film.cell.wrap(film.positions), np.zeros((100, 3))
    >>> frames = [Frame(k, 0.1 * k, *place, film.cell, still, virial=pull) for k in range(20)]
    >>> result = surface_tension(FrameList(film.topology, frames))
    >>> round(result.tension.value), result.tension.unit
    (100, 'mN/m')
    """
    return cast(SurfaceTensionRecord, SurfaceTension(axis).of_run(source, FrameChoice.of(source, **frames), progress))
