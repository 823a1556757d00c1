"""Stress of the atoms of a wall, averaged over time: a map, and means in shells around its sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_frames, select
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.surfaces import Plane, Tube
from nakmd.analysis.geometry.wall import LAYER_GAP
from nakmd.analysis.geometry.wall_frame import WallFrame
from nakmd.analysis.named_analysis import AtomsNeeded, NamedAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums, error_of_blocks
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.stress_profile import directions_of
from nakmd.analysis.table_row import Row
from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, J_PER_M2_PER_EV_A2

#: Components of the stress of an atom, in the order of `StressMapRecord.value`.
COMPONENTS = ("normal", "in the wall, first", "in the wall, second", "shear in the wall")

#: Width of a shell [Å]: between one and two bonds of carbon, so that the first has the site, the second its neighbours.
SHELL = 1.3


class StressMapRecord(Record):
    """Stresses of the atoms of a wall; ``value`` and ``error`` are (n_atoms, 4) [N/m], positive in tension.

    Attributes
    ----------
    components : tuple of str
        `COMPONENTS`; of a tube, the first and the second direction in the wall are around and along it.
    places : (n_atoms, 2) float64 [Å]
        Mean positions on the unrolled wall.
    axes : (str, str)
    of_site : (n_atoms,) bool
        The atoms that shells are around.
    distance : (n_atoms,) float64 [Å]
        From the nearest of these; infinite without any.
    mean : Measure [N/m]
        Half the trace of the stress in the wall, averaged over all its atoms.
    shells : dict of (float, float) to Measure [N/m]
        The same over the atoms at these distances [Å] from the sites.
    counts : dict of (float, float) to int
        Number of atoms in each shell.
    """

    curve_tables = (
        RecordCurve(
            "stress",
            {"atom": lambda record: range(len(record.value)), "component": "components"},
            {"stress [N/m]": "value", "error [N/m]": "error"},
        ),
    )

    components: tuple[str, ...]
    places: FloatArray
    axes: tuple[str, str]
    of_site: BoolArray
    distance: FloatArray
    mean: Measure
    shells: dict[tuple[float, float], Measure]
    counts: dict[tuple[float, float], int]

    def __str__(self) -> str:
        lines = [f"stress in the wall: {self.mean.text}"]
        lines += [f"{low:g} to {high:g} Å from a site: {m.text}" for (low, high), m in self.shells.items()]
        return "\n".join(lines)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        yield Row.of("stress in the wall", self.mean)
        for (low, high), stress in self.shells.items():
            key = f"  {low:g} to {high:g} Å from a site"
            yield Row.of(f"{key} ({self.counts[low, high]} atoms)", stress, key=key)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the mean of the stress in the wall of each atom on the unrolled wall; rings mark the sites."""
        figure, ax = figure_for(ax)
        stress = 0.5 * (self.value[:, 1] + self.value[:, 2])
        top = float(np.quantile(np.abs(stress), 0.97))  # the few atoms of a defect would hide all others
        dots = ax.scatter(
            self.places[:, 0], self.places[:, 1], c=stress, cmap="RdBu_r", vmin=-top, vmax=top, s=18, lw=0
        )
        rings = self.places[self.of_site]
        ax.scatter(rings[:, 0], rings[:, 1], facecolors="none", edgecolors="k", s=60, lw=0.8)
        figure.colorbar(dots, ax=ax, label="stress in the wall / N m⁻¹", extend="both")
        ax.set(xlabel=f"{self.axes[0]} / Å", ylabel=f"{self.axes[1]} / Å", aspect="equal")
        return figure


class StressMap(NamedAnalysis):
    r"""Stress of each atom of a sheet or a tube, averaged over time, and its mean in shells around defects.

    .. math:: \sigma_i = -\frac{1}{a} \left\langle m_i v_i \otimes v_i + W_i \right\rangle

    with W_i the virial of atom i, a the area of the wall for each of its atoms, and the components along the normal of
    the wall and two directions in it. The sum of a σ_i over all atoms of the system, with the opposite sign, is the
    pressure tensor times the volume; of a wall in a metal, σ_i contains the forces of the metal on the atom.

    Parameters
    ----------
    around : str, optional
        Species, element or group: the atoms of the wall that shells are around. Default: those with a site label and
        those that are not carbon.
    reach : float [Å]
        Largest distance of a shell.

    Raises
    ------
    AnalysisError
        If a frame has no virials by atom, the wall has several layers, or ``around`` has no atom of the wall.

    Notes
    -----
    The symmetric part of the virial is used. The stress of one atom depends on how the energy of a bond is divided
    between its atoms, and means over shells wider than a bond hardly do. Distances are between mean positions.

    References
    ----------
    Z. Fan et al., Phys. Rev. B 92, 094301 (2015). doi:10.1103/PhysRevB.92.094301
    """

    name = "stress_map"
    title = "stress of the atoms of the wall, and around its defects"
    panel = 63
    on_request = True  # it needs virials by atom, which most runs do not store
    atoms = AtomsNeeded("a wall (C, N)", lambda present: bool(present.walls))
    needs = frozenset({"virials", "velocities"})

    def __init__(self, around: str | None = None, reach: float = 6.5) -> None:
        if not reach > 0.0:
            raise AnalysisError(f"The reach of the shells must be positive, not {reach:g} Å.")
        self.around, self.reach = around, float(reach)

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms of the wall and of its sites."""
        self._frame = WallFrame(topology)
        wall = self._frame.wall
        names = [topology.species_names[s] for s in topology.species[wall]]
        if self.around is None:
            self._of_site: BoolArray = np.array([name != "C" for name in names], dtype=np.bool_)
        else:
            self._of_site = select(topology, self.around)[wall]
            if not np.any(self._of_site):
                raise AnalysisError(f"{self.around!r} selects no atom of the wall, so there are no shells around it.")
        self._masses = topology.masses[wall] / ACCELERATION
        self._sums = BlockSums()
        self._first: FloatArray = np.zeros((0, 3))

    def update(self, frame: Frame) -> None:
        """Add one frame to the sums."""
        if frame.velocities is None or frame.virials is None:
            missing = "velocities" if frame.velocities is None else "virials"
            raise AnalysisError(
                f"The frame at step {frame.step} has no {missing} of its atoms, so there is no stress. Write them with "
                f"[output] {missing} = true."
            )
        wall = self._frame.wall
        _, placed = self._frame.place(frame)
        if not isinstance(placed, Plane | Tube):
            raise AnalysisError("The wall has several tubes: a stress by area is that of one sheet or tube.")
        thick = placed.top - placed.bottom if isinstance(placed, Plane) else placed.outer - placed.inner
        if thick > LAYER_GAP:
            raise AnalysisError(
                f"The layers of the wall are {thick:.1f} Å apart: a stress by area is that of one sheet or tube."
            )
        points = frame.positions[wall]
        directions = directions_of(placed, points)
        along = np.einsum("cia,ia->ci", directions, frame.velocities[wall])
        virial = np.einsum("cia,iab,dib->cdi", directions, frame.virials[wall], directions)
        tensor = self._masses * along[:, None] * along[None] + 0.5 * (virial + virial.swapaxes(0, 1))
        share = float(placed.areas[0]) / len(wall)
        table = np.empty((len(wall), 7))
        table[:, :3] = -tensor[[0, 1, 2], [0, 1, 2]].T / share
        table[:, 3] = -tensor[1, 2] / share
        if not len(self._first):
            self._first, self._start = points.copy(), frame
        table[:, 4:] = frame.cell.minimum_image(points - self._first)
        self._sums.add(table)

    def result(self) -> StressMapRecord:
        """Return the stresses."""
        require_frames(self._sums.count, 1, "A stress map")
        mean, blocks = self._sums.mean, self._sums.block_means()
        value = J_PER_M2_PER_EV_A2 * mean[:, :4]
        error, n_effective = error_of_blocks(J_PER_M2_PER_EV_A2 * blocks[:, :, :4])
        cell = self._start.cell
        points = self._first + mean[:, 4:]
        distance = np.full(len(points), np.inf)
        for site in points[self._of_site]:
            distance = np.minimum(distance, np.linalg.norm(cell.minimum_image(points - site), axis=1))
        series = 0.5 * J_PER_M2_PER_EV_A2 * (blocks[:, :, 1] + blocks[:, :, 2])
        whole = 0.5 * (value[:, 1] + value[:, 2])
        shells, counts = {}, {}
        for number in range(int(np.ceil(self.reach / SHELL))):
            low, high = number * SHELL, (number + 1) * SHELL
            inside = (distance >= low) & (distance < high)
            if np.any(inside):
                key = (round(low, 6), round(high, 6))
                shells[key], counts[key] = _measure(whole[inside], series[:, inside]), int(inside.sum())
        everything = _measure(whole, series)
        places, sides, _ = self._frame.unrolled(self._start, self._frame.wall)
        return StressMapRecord(
            quantity="stress of the wall by atom",
            value=value,
            error=error,
            unit="N/m",
            n_effective=n_effective,
            notes=(f"wall: {self._frame.words}", "area of an atom: that of the wall by the number of its atoms"),
            components=COMPONENTS,
            places=places * sides,
            axes=self._frame.axes,
            of_site=self._of_site,
            distance=distance,
            mean=everything,
            shells=shells,
            counts=counts,
        )


def _measure(values: FloatArray, series: FloatArray) -> Measure:
    """Return the mean of atoms, (n,), with the error of their means by block, (k, n)."""
    error, n_effective = error_of_blocks(series.mean(axis=1))
    return Measure(float(values.mean()), float(error), "N/m", n_effective)


def stress_map(
    source: FrameSource,
    around: str | None = None,
    reach: float = 6.5,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> StressMapRecord:
    """Return the stress of the atoms of the wall; parameters as in `StressMap`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, stress_map
    >>> from nakmd.structures import graphene
    >>> sheet = graphene(repeats=(6, 4))
    >>> virials = np.tile(np.diag([-1.0, -1.0, 0.0]), (sheet.n_atoms, 1, 1))  # eV: each atom is in tension
    >>> place, still = sheet.cell.wrap(sheet.positions), np.zeros((sheet.n_atoms, 3))
    >>> frames = [Frame(k, 0.1 * k, *place, sheet.cell, still, virials=virials) for k in range(10)]
    >>> result = stress_map(FrameList(sheet.topology, frames))
    >>> round(result.mean.value, 2), result.mean.unit
    (6.12, 'N/m')
    """
    return cast(StressMapRecord, measure(source, StressMap(around, reach), progress, **frames))
