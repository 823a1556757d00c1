"""Stress profile: the pressure tensor as a function of the distance from the wall, or along the cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.parallel_tubes import ParallelTubes
from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.geometry.surfaces import Box, Placed, Plane, Tube, perpendicular_frame
from nakmd.analysis.named_analysis import METAL, NamedAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums, error_of_blocks
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, BAR_PER_EV_A3, J_PER_M2_PER_EV_A2

MN_PER_M_PER_EV_A2 = 1e3 * J_PER_M2_PER_EV_A2

#: Components of the local pressure, in the order of `StressProfileRecord.value`.
FLAT = ("normal", "tangential, first", "tangential, second")
ROUND = ("radial", "circumferential", "axial")


class StressProfileRecord(Record):
    """Local pressures; ``value`` and ``error`` are (n_sides, 3, n_bins) [eV/Å³], NaN where a bin has no volume.

    Attributes
    ----------
    components : tuple of str
        `FLAT` for sheets and the cell, `ROUND` around a tube.
    sides : tuple of str
        As in `DensityRecord`.
    distance : (n_bins,) float64 [Å]
        Centre of each bin.
    edges : (n_bins + 1,) float64 [Å]
    density : (n_sides, n_bins) float64 [1/Å³]
        Number density of the atoms.
    kinetic : (n_sides, 3, n_bins) float64 [eV/Å³]
        The part of the pressures that is carried by the motion of the atoms.
    tension : dict of str to Measure [mN/m]
        By side, the integral of the anisotropy (`StressProfile`).
    """

    curve_tables = (
        RecordCurve(
            "pressure",
            {"side": "sides", "component": "components", "distance [Å]": "distance"},
            {"pressure [eV/Å³]": "value", "error [eV/Å³]": "error", "kinetic part [eV/Å³]": "kinetic"},
        ),
    )

    components: tuple[str, ...]
    sides: tuple[str, ...]
    distance: FloatArray
    edges: FloatArray
    density: FloatArray
    kinetic: FloatArray
    tension: dict[str, Measure]

    def __str__(self) -> str:
        lines = [f"anisotropy of the pressure {side}: {tension.text}" for side, tension in self.tension.items()]
        return "\n".join(lines)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        for side, tension in self.tension.items():
            yield Row.of(f"integral of normal less tangential pressure {side}", tension)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the pressures of each side with atoms with their error bands; dashes mark the second side."""
        figure, ax = figure_for(ax)
        for row, side in enumerate(self.sides):
            if side not in self.tension:
                continue
            for c, name in enumerate(self.components):
                middle, half = BAR_PER_EV_A3 * self.value[row, c], BAR_PER_EV_A3 * self.error[row, c]
                label = name if len(self.tension) == 1 else f"{name}, {side}"
                ax.plot(self.distance, middle, color=COLORS[c], ls=("-", "--")[row], lw=1.2, label=label)
                ax.fill_between(self.distance, middle - half, middle + half, color=COLORS[c], alpha=0.3, lw=0)
        ax.axhline(0.0, color="0.7", lw=0.8, zorder=0)
        from_wall = "distance from the wall" if len(self.sides) > 1 else f"position {self.sides[0]}"
        ax.set(xlabel=f"{from_wall} / Å", ylabel="pressure / bar")
        ax.legend(fontsize="small")
        return figure


class StressProfile(NamedAnalysis):
    r"""Pressure tensor of the chosen atoms as a function of the distance from a sheet or a tube, or along the cell.

    .. math:: P_c(d) = \frac{1}{V(d)} \left\langle \sum_{i \in d} e_c \cdot (m_i v_i \otimes v_i + W_i) \cdot e_c
              \right\rangle

    with W_i the virial of atom i and e_c the normal of the wall and two directions in it; around a tube the radial, the
    circumferential and the axial direction at each atom. Stress is minus pressure.

    The integral of the anisotropy is, on a plane of area A and around a tube of area A,

    .. math:: \int (P_N - P_T) \, ds = \frac{1}{A} \sum_i (T_N - T_T)_i, \qquad
              \frac{2}{A} \int \left[ \tfrac12 (P_{rr} + P_{\varphi\varphi}) - P_{zz} \right] dV

    For a free film it is the surface tension, summed over both surfaces. For a free column of liquid (``about="axis"``)
    the second form is its tension, with A the area of the cylinder of equal volume: its radius is that of all atoms at
    the density of the inner half. Beside a wall the integral contains the forces of the wall on the liquid.

    Parameters
    ----------
    species : sequence of str, optional
        As in `Density`: by default the metals from a wall, else all elements.
    about : {"wall", "cell", "center", "axis"}, optional
        As in `Density`. Default: the wall if there is one, else the centre of mass.
    axis, width, reach
        As in `Density`; bins of 0.5 Å.

    Raises
    ------
    AnalysisError
        If a frame has no virials by atom.

    Notes
    -----
    The virial of an atom is at its position (`nakmd.potentials.Evaluator.compute`), not spread over the lines to its
    neighbours. The tangential pressure of a pair potential is that of Harasima's contour. The normal pressure has a
    resolution of the range of the forces: across an interface it is not constant bin by bin, as mechanical equilibrium
    would have it. Integrals over an interface do not depend on the contour.

    References
    ----------
    P. Schofield and J. R. Henderson, Proc. R. Soc. Lond. A 379, 231 (1982). doi:10.1098/rspa.1982.0015
    B. D. Todd, D. J. Evans and P. J. Daivis, Phys. Rev. E 52, 1627 (1995). doi:10.1103/PhysRevE.52.1627
    """

    name = "stress_profile"
    title = "profile of the pressure tensor along the normal of the wall"
    panel = 61
    on_request = True  # it needs virials by atom, which most runs do not store
    atoms = METAL
    needs = frozenset({"virials", "velocities"})

    def __init__(
        self,
        species: Sequence[str] | None = None,
        about: str | None = None,
        axis: str = "z",
        width: float = 0.5,
        reach: float | None = None,
    ) -> None:
        self.about = about
        self._options = (axis, width, reach)
        self.species = species
        Profile(species, about or "wall", *self._options)  # its checks of the parameters

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms and the wall."""
        present = {topology.elements[s] for s in np.unique(topology.species)}
        has_wall = bool(present & set(WALL)) and (self.species is not None or bool(present & set(METALS)))
        about = self.about or ("wall" if has_wall else "center")
        self._profile = Profile(self.species, about, *self._options)
        self._profile.prepare(topology)
        self._masses = topology.masses[self._profile.chosen] / ACCELERATION
        self._round = False
        self._sums = BlockSums()

    def update(self, frame: Frame) -> None:
        """Add one frame to the sums."""
        if frame.velocities is None or frame.virials is None:
            missing = "velocities" if frame.velocities is None else "virials"
            raise AnalysisError(
                f"The frame at step {frame.step} has no {missing} of its atoms, so there is no local pressure. Write "
                f"them with [output] {missing} = true."
            )
        placed, counted, flat = self._profile.binned(frame)
        atoms = self._profile.chosen[counted]
        self._round = isinstance(placed, Tube | ParallelTubes)
        directions = directions_of(placed, frame.positions[atoms])
        along = np.einsum("cia,ia->ci", directions, frame.velocities[atoms])
        kinetic = self._masses[counted] * along**2
        virial = np.einsum("cia,iab,cib->ci", directions, frame.virials[atoms], directions)
        n_sides, n_bins = len(self._profile.sides), len(self._profile.edges) - 1
        # rows: pressure times volume, three components; its kinetic part; number, volume and area
        table = np.empty((n_sides, 9, n_bins))
        for row, weights in enumerate((*(kinetic + virial), *kinetic, np.ones(len(atoms)))):
            table[:, row] = np.bincount(flat, weights, minlength=n_sides * n_bins).reshape(n_sides, n_bins)
        table[:, 7] = placed.volumes(self._profile.edges)
        table[:, 8] = placed.areas[:, None]
        self._sums.add(table)

    def result(self) -> StressProfileRecord:
        """Return the profiles."""
        require_frames(self._sums.count, 1, "A stress profile")
        mean, blocks, edges = self._sums.mean, self._sums.block_means(), self._profile.edges
        error, n_effective = error_of_blocks(_per_volume(blocks[:, :, :3], blocks[:, :, 7]))
        tensions = self._anisotropy(blocks)
        tension_error, tension_samples = error_of_blocks(tensions)
        whole = self._anisotropy(mean[None])[0]
        return StressProfileRecord(
            quantity="pressure of " + ", ".join(self._profile.names),
            value=_per_volume(mean[:, :3], mean[:, 7]),
            error=error,
            unit="eV/Å³",
            n_effective=n_effective,
            notes=self._profile.notes(self._sums.count),
            components=ROUND if self._round else FLAT,
            sides=self._profile.sides,
            distance=0.5 * (edges[1:] + edges[:-1]),
            edges=edges,
            density=_per_volume(mean[:, 6:7], mean[:, 7])[:, 0],
            kinetic=_per_volume(mean[:, 3:6], mean[:, 7]),
            tension={
                side: Measure(float(whole[row]), float(tension_error[row]), "mN/m", tension_samples)
                for row, side in enumerate(self._profile.sides)
                if np.any(mean[row, 6] > 0.0)
            },
        )

    def _anisotropy(self, tables: FloatArray) -> FloatArray:
        """Return the integral of the anisotropy [mN/m] of tables (k, n_sides, 9, n_bins), (k, n_sides)."""
        first, second, third = np.moveaxis(tables[:, :, :3].sum(axis=3), 2, 0)
        area = self._column_area(tables)[:, None] if self._profile.about == "axis" else tables[:, :, 8, 0]
        excess = first + second - 2.0 * third if self._round else first - 0.5 * (second + third)
        return np.asarray(MN_PER_M_PER_EV_A2 * excess / area)

    def _column_area(self, tables: FloatArray) -> FloatArray:
        """Return the area [Å²] of the cylinder that a free column would fill at its inner density, (k,)."""
        number, volume = tables[:, 0, 6], tables[:, 0, 7]
        edges, length = self._profile.edges, tables[0, 0, 7, 0] / (np.pi * self._profile.edges[1] ** 2)
        # half the radius within which nine tenths of the atoms are
        most = np.cumsum(number.mean(axis=0)) <= 0.9 * number.mean(axis=0).sum()
        inner = most & (edges[1:] <= 0.5 * edges[1:][most].max(initial=edges[1]))
        density = number[:, inner].sum(axis=1) / volume[:, inner].sum(axis=1)
        radius = np.sqrt(number.sum(axis=1) / (np.pi * length * density))
        return np.asarray(2.0 * np.pi * length * radius)


def directions_of(placed: Placed, points: FloatArray) -> FloatArray:
    """Return the unit vectors of the components at each point, (3, n, 3): normal first, or radial, around, along."""
    if isinstance(placed, Tube | ParallelTubes):
        across = placed.across(points)
        radial = across / np.maximum(np.linalg.norm(across, axis=1), 1e-12)[:, None]
        return np.stack([radial, np.cross(placed.axis, radial), np.broadcast_to(placed.axis, radial.shape)])
    assert isinstance(placed, (Plane, Box))
    flat = (placed.normal, *perpendicular_frame(placed.normal))
    return np.stack([np.broadcast_to(e, points.shape) for e in flat])


def _per_volume(sums: FloatArray, volume: FloatArray) -> FloatArray:
    """Return sums (..., k, n_bins) over volumes (..., n_bins); NaN where there is no volume."""
    below = np.broadcast_to(volume[..., None, :], sums.shape)
    return np.asarray(np.divide(sums, below, out=np.full(sums.shape, np.nan), where=below > 0.0))


def stress_profile(
    source: FrameSource,
    species: Sequence[str] | None = None,
    about: str | None = None,
    axis: str = "z",
    width: float = 0.5,
    reach: float | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> StressProfileRecord:
    """Return the profile of the pressure tensor; parameters as in `StressProfile`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, stress_profile
    >>> from nakmd.structures import liquid
    >>> film = liquid(1.0, 450.0, n_atoms=100, thickness=20.0, vacuum=15.0)
    >>> virials = np.tile(np.diag([-0.01, -0.01, 0.0]), (100, 1, 1))  # eV
    >>> place, still = film.cell.wrap(film.positions), np.zeros((100, 3))
    >>> frames = [Frame(k, 0.1 * k, *place, film.cell, still, virials=virials) for k in range(10)]
    >>> result = stress_profile(FrameList(film.topology, frames), about="center")
    >>> {side: round(tension.value, 1) for side, tension in result.tension.items()}  # mN/m
    {'along z': 39.6}
    """
    analysis = StressProfile(species, about, axis, width, reach)
    return cast(StressProfileRecord, measure(source, analysis, progress, **frames))
