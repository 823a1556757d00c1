"""Contact angle of a droplet on a sheet, or on or in a tube, from the shape of its mean surface."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Self, Unpack, cast

import numpy as np

from nakmd.analysis.base import Record, require_finite, require_frames
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.droplet_shape import DropletShape
from nakmd.analysis.geometry.find_droplet import find_droplet
from nakmd.analysis.geometry.liquid_surface import Circle, Surface, Unduloid, find_surface
from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.geometry.surfaces import Placed, Tube
from nakmd.analysis.geometry.wall import wall_atoms
from nakmd.analysis.named_analysis import INTERFACE, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.numerics.jackknife import jackknife, merged
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.surface_figures import LiquidState, SurfaceFigures, SurfaceOrigin
from nakmd.analysis.table_row import Row
from nakmd.analysis.young_dupre import adhesion_from_angle
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Bin width [Å] of the density map, and its margin beyond the farthest atom of the first frame.
WIDTH, MARGIN = 0.5, 12.0

#: Least number of time blocks for the error, if there are enough frames and no window is given.
BLOCKS = 8


class ContactAngleRecord(Record):
    """Contact angle measured within the liquid; ``value`` and ``error`` in degree.

    Attributes
    ----------
    shape : str
        ``"spherical cap"``, ``"cylindrical cap"``, ``"barrel around the tube"``, ``"clamshell on the tube"``,
        ``"ridge along the tube"`` or ``"plug inside the tube"``.
    side : str
        Side of the wall that the droplet is on.
    apex : float [Å]
        Position where the fitted curve meets the symmetry axis.
    curvature : float [1/Å]
        Curvature of the fitted circle (negative: concave); for a barrel, the mean of its two principal curvatures.
    radius : float [Å]
        Mean radius of the tube on that side; infinite for sheets.
    liquid_density : float [1/Å³]
        Density within the droplet, away from its surface.
    per_angstrom : float [degree/Å]
        Change of the angle if the contact surface is placed 1 Å farther from the nuclei.
    roughness : float [Å]
        Root mean square distance of the surface from the curve.
    surface : (n, 2) float64 [Å]
        Fitted points of half density, (u, v).
    curve : (m, 2) float64 [Å]
    density : (n_u, n_v) float64 [1/Å³]
        Smoothed density map.
    u_edges, v_edges : (n_u + 1,), (n_v + 1,) float64 [Å]
    labels : (str, str)
        Axis labels of u and v.
    tensions : mapping of str to Measure [mN/m]
        The known tensions of the liquid at the composition and the temperature of the frames: of ``"model"`` and of
        ``"experiment"``.
    adhesions : mapping of str to Measure [mJ/m²]
        Work of adhesion γ (1 + cos θ) by Young and Dupré with each of them.
    """

    curve_tables = (
        RecordCurve(
            "surface",
            {"point": lambda record: range(len(record.surface))},
            {"u [Å]": lambda record: record.surface[:, 0], "v [Å]": lambda record: record.surface[:, 1]},
        ),
        RecordCurve(
            "curve",
            {"point": lambda record: range(len(record.curve))},
            {"u [Å]": lambda record: record.curve[:, 0], "v [Å]": lambda record: record.curve[:, 1]},
        ),
    )

    shape: str
    side: str
    apex: float
    curvature: float
    radius: float
    liquid_density: float
    per_angstrom: float
    roughness: float
    surface: FloatArray
    curve: FloatArray
    density: FloatArray
    u_edges: FloatArray
    v_edges: FloatArray
    labels: tuple[str, str]
    tensions: Mapping[SurfaceOrigin, Measure]
    adhesions: Mapping[SurfaceOrigin, Measure]

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        yield Row.of(f"contact angle, {self.shape}", self)
        for origin, work in self.adhesions.items():
            gamma = self.tensions[origin]
            shown = gamma.text if gamma.error else f"{gamma.value:.4g} {gamma.unit}"
            yield Row(f"  work of adhesion, γ of {origin}", work.text, f"γ (1 + cos θ), γ = {shown}")

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the density map, the points of its surface and the fitted curve."""
        figure, ax = figure_for(ax)
        mesh = ax.pcolormesh(self.u_edges, self.v_edges, 1e3 * self.density.T, cmap="Blues", vmin=0.0, rasterized=True)
        mesh.set_clim(0.0, 2e3 * self.liquid_density)
        figure.colorbar(mesh, ax=ax, label="number density / nm⁻³")
        ax.plot(*self.surface.T, ".", color=COLORS[4], ms=3, label="half density")
        inside = (self.curve[:, 1] >= self.v_edges[0]) & (self.curve[:, 0] <= self.u_edges[-1])
        ax.plot(*self.curve[inside].T, color=COLORS[1], lw=1.5, label=self.text)
        ax.set(
            xlabel=f"{self.labels[0]} / Å",
            ylabel=f"{self.labels[1]} / Å",
            xlim=(0.0, self.u_edges[-1]),
            ylim=(self.v_edges[0], self.v_edges[-1]),
            aspect="equal",
        )
        ax.legend(fontsize="small", loc="upper right")
        return figure


class ContactAngle(NamedAnalysis):
    r"""Angle between the wall and the mean surface of a droplet, extrapolated to the wall.

    Atoms are counted in a density map that moves with droplet and wall. The surface is where the density is half of
    that within the droplet. A curve fitted to the surface beyond the layers next to the wall is extrapolated to it.

    ============================== =============================== =========================================
    droplet                        coordinates of the map          curve, and cos θ where it meets the wall
    ============================== =============================== =========================================
    spherical cap on a sheet       (r, z) about its middle         circle; 1 - κ (apex - z₀)
    cylindrical cap on a sheet     (x, z), along the image         the same
    barrel around a tube           (x, r), r from the axis         unduloid r cos φ = a r² + b; at r = R
    ridge along a tube, out- or    cross-section, towards the      circle meets circle: (R² + R_d² - c²)/(2 R R_d),
    inside                         middle of the liquid            with the other sign inside
    clamshell on a tube            (r, v) about the line from      circle; 1 - κ (apex - R), in the plane
                                   the axis to its middle          through the axis
    plug inside a tube             (r, x), r from the axis         circle; -κ R
    ============================== =============================== =========================================

    κ is the curvature of the circle, positive where the liquid is convex, and 1/R_d for a radius R_d.

    Parameters
    ----------
    exclude : float [Å], optional
        Surface points closer than this to the nuclei of the wall are not fitted. Default: 8 Å; inside a tube at most
        three tenths of its radius.
    contact : float [Å]
        Distance from the nuclei to the surface where the angle is evaluated.
    window : float [ps], optional
        Length of the time blocks for the error, at most half the run. Default: 8 to 15 blocks.
    metals : tuple of str
    figures : SurfaceFigures, optional
        Surface figures of the model of the frames, for the work of adhesion by Young and Dupré.

    Notes
    -----
    The wall and the kind of droplet are determined from the first frame.

    Limits. The curves are those of a liquid with one surface tension and no gravity: exact for caps, ridges, barrels
    and plugs. A clamshell is not a sphere: its angle is correct for drops much smaller than the tube; for larger drops
    it describes the shape and is not Young's angle. Near the wall and at nanometre size, line tension bends the
    surface, so the angle depends on the size of the droplet. `contact` sets the position of the contact line, by
    default at the nuclei; `per_angstrom` gives the effect of another choice, which is often larger than the error.

    The two ends of a plug are averaged, and so are those of a barrel. In a narrow tube the liquid is layered over the
    whole cross-section: the surface of a plug is where the density is half of the density deep inside at the same
    distance from the axis.

    The error is from the jackknife over time blocks, with a new fit for each.

    References
    ----------
    Circle through the surface, without the 8 Å next to the wall: Werder et al., J. Phys. Chem. B 107, 1345 (2003).
    doi:10.1021/jp0268112
    Barrels: B. J. Carroll, J. Colloid Interface Sci. 57, 488 (1976). doi:10.1016/0021-9797(76)90227-7
    """

    name = "contact_angle"
    title = "contact angle of a droplet on a sheet or a tube, of a plug in it"
    panel = 20
    # only the positions in the first frame tell whether there is a droplet
    on_request = True
    atoms = INTERFACE

    def __init__(
        self,
        exclude: float | None = None,
        contact: float = 0.0,
        window: float | None = None,
        metals: tuple[str, ...] = METALS,
        figures: SurfaceFigures | None = None,
    ) -> None:
        if (exclude is not None and not exclude >= 0.0) or (window is not None and not window > 0.0):
            raise AnalysisError(f"A contact angle needs exclude >= 0 Å and window > 0 ps, got {exclude}, {window}.")
        self.exclude, self.contact, self.window = exclude, float(contact), window
        self.metals, self.figures = metals, figures

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return the analysis with the surface figures of the model."""
        return {"": cls(figures=present.surface.figures)}

    def prepare(self, topology: Topology) -> None:
        """Select the atoms."""
        wall_atoms(topology)
        elements = {element_of(topology.species_names[s]) for s in np.unique(topology.species)}
        # a Profile finds the wall and raises the same errors
        self._profile = Profile(tuple(sorted(elements & set(self.metals))))
        self._profile.prepare(topology)
        self._metal = np.flatnonzero(
            np.isin(topology.species, [s for s, e in enumerate(topology.elements) if e in self.metals])
        )
        self._shape: DropletShape | None = None
        self._times: list[float] = []
        self._radii: list[float] = []
        self._sums = BlockSums()
        self._liquid = LiquidState(topology)

    def update(self, frame: Frame) -> None:
        """Add one frame to the density map."""
        placed = self._profile.place(frame)
        points = frame.positions[self._metal]
        require_finite(points)
        if self._shape is None:
            wall = self._profile.shape
            assert wall is not None
            self._shape = find_droplet(points, placed, frame.cell, wall.axis)
        coordinates = self._shape.coordinates(points, placed, frame.cell)
        if self._sums.count == 0:
            self._begin(coordinates, frame)
        counts, _, _ = np.histogram2d(coordinates[:, 0], coordinates[:, 1], bins=[self._u, self._v])
        self._sums.add(counts)
        self._times.append(frame.time)
        self._radii.append(self._radius_of(placed))
        self._liquid.add(frame)

    def _radius_of(self, placed: Placed) -> float:
        if isinstance(placed, Tube):
            assert self._shape is not None
            return placed.outer if self._shape.side == "outside" else placed.inner
        return math.inf

    def _begin(self, coordinates: FloatArray, frame: Frame) -> None:
        assert self._shape is not None
        finite = coordinates[np.all(np.isfinite(coordinates), axis=1)]
        low, (wide, high) = min(0.0, float(finite[:, 1].min())), finite.max(axis=0) + MARGIN
        self._u = WIDTH * np.arange(math.ceil(wide / WIDTH) + 1)
        self._v = WIDTH * np.arange(math.floor(low / WIDTH) - 1 if low < 0.0 else 0, math.ceil(high / WIDTH) + 1)
        self._volumes = self._shape.volumes(self._u, self._v, frame.cell)

    def result(self) -> ContactAngleRecord:
        """Return the angle."""
        require_frames(self._sums.count, 2, "A contact angle")
        assert self._shape is not None
        radius = float(np.mean(self._radii))
        exclude = self._shape.exclusion(radius) if self.exclude is None else self.exclude
        blocks = self._blocks()
        surface, curve = self._fit(self._sums.mean, radius, exclude)
        angle = self._angle(curve, radius, self.contact)

        def refitted(counts: FloatArray) -> float:
            try:
                return self._angle(self._fit(counts, radius, exclude)[1], radius, self.contact)
            except AnalysisError:  # too little surface without this block: no error estimate
                return math.nan

        error, n_effective = jackknife(blocks, refitted)
        notes = [
            f"{self._shape.name}, {self._shape.side}",
            f"surface closer than {exclude:.1f} Å to the nuclei excluded",
            f"angle {self.contact:g} Å from the nuclei",
            f"error from {len(blocks)} blocks of time",
        ]
        if math.isnan(angle):
            notes.append("the fitted surface does not meet the wall")
        measured = Measure(angle, float(error), "degree", n_effective)
        surfaces, missing = self._liquid.surfaces(self.figures)
        # without a temperature the tension of experiment is not known
        surfaces = {origin: s for origin, s in surfaces.items() if math.isfinite(s.tension.value)}
        notes += [f"tension of the {origin} unknown: {why.rstrip('.')}" for origin, why in missing.items()]
        notes += [f"tension of {s.of}: {note}" for s in surfaces.values() for note in s.notes]
        return ContactAngleRecord(
            quantity="contact angle",
            **measured.fields,
            notes=tuple(notes),
            shape=self._shape.name,
            side=self._shape.side,
            apex=curve.apex,
            curvature=curve.curvature if isinstance(curve, Circle) else curve.a,
            radius=radius,
            liquid_density=surface.liquid,
            per_angstrom=self._angle(curve, radius, self.contact + 0.5)
            - self._angle(curve, radius, self.contact - 0.5),
            roughness=float(np.sqrt(np.mean(curve.residuals(surface.points) ** 2))),
            surface=surface.points,
            curve=curve.curve(),
            density=surface.density,
            u_edges=self._u,
            v_edges=self._v,
            labels=self._shape.labels,
            tensions={origin: surface.tension for origin, surface in surfaces.items()},
            adhesions={
                origin: adhesion_from_angle(surface.tension, measured)
                for origin, surface in surfaces.items()
                if math.isfinite(angle)
            },
        )

    def _blocks(self) -> FloatArray:
        """Return the mean counts of time blocks of the requested length."""
        blocks = self._sums.block_means()
        if self.window is None:
            return merged(blocks, BLOCKS)
        span = self._times[-1] - self._times[0]
        if self.window > 0.5 * span:
            raise AnalysisError(
                f"Blocks of {self.window:g} ps for the error of the contact angle need a run of at least twice that; "
                f"these frames span {span:.3g} ps. Choose a window of at most {0.5 * span:.3g} ps, or run longer."
            )
        length = self._sums.length * span / (self._sums.count - 1)
        return merged(blocks, max(2, math.floor(len(blocks) * length / self.window + 1e-9)))

    def _fit(self, counts: FloatArray, radius: float, exclude: float) -> tuple[Surface, Circle | Unduloid]:
        assert self._shape is not None
        middle_u, middle_v = 0.5 * (self._u[1:] + self._u[:-1]), 0.5 * (self._v[1:] + self._v[:-1])
        usable = self._shape.clearance(middle_u, middle_v, radius) >= exclude
        volumes = self._shape.capacity(counts, self._volumes, self._v)
        surface = find_surface(counts, volumes, WIDTH, float(self._v[0]), usable)
        return surface, self._shape.fit(surface.points, surface.weights, radius)

    def _angle(self, curve: Circle | Unduloid, radius: float, contact: float) -> float:
        """Return the angle [degree]; NaN if the curve does not reach the wall."""
        assert self._shape is not None
        cosine = self._shape.cosine(curve, radius, contact)
        return math.degrees(math.acos(cosine)) if -1.0 <= cosine <= 1.0 else math.nan


def contact_angle(
    source: FrameSource,
    exclude: float | None = None,
    contact: float = 0.0,
    window: float | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> ContactAngleRecord:
    """Return the contact angle; parameters as in `ContactAngle`, ``frames`` as in `FrameOptions`."""
    analysis = ContactAngle(exclude, contact, window, figures=SurfaceFigures.of_source(source))
    return cast(ContactAngleRecord, measure(source, analysis, progress, **frames))
