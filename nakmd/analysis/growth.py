"""Growth of a film on a crystal slab: layers, roughness, and mixing with the substrate."""

from __future__ import annotations

import math
from typing import NamedTuple, Unpack, cast

import numpy as np

from nakmd.analysis.base import require_finite, require_frames
from nakmd.analysis.deposited import atoms_there, deposited_atoms
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.clusters import bcc_constant, find_clusters, neighbor_cutoffs
from nakmd.analysis.geometry.height_map import correlation_length, height_map, roughness
from nakmd.analysis.geometry.host_planes import HostLayers, HostPlanes
from nakmd.analysis.growth_record import GrowthRecord
from nakmd.analysis.named_analysis import METAL, NamedAnalysis
from nakmd.analysis.numerics.counts import Count, Share
from nakmd.analysis.numerics.statistics import Measure
from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.system import Frame, Topology

#: Depth below the highest plane of the slab, in layers, from which on atoms belong to the slab without a search, and
#: that above which they are part of its surface.
DEEP, SHALLOW = 2.5, 0.5

#: Grid of the height map, and radius of the sphere around each atom, in cubic lattice constants.
GRID, SPHERE = 0.5, 0.6


class _Moment(NamedTuple):
    """What one frame contributes."""

    time: float
    arrived: int
    in_flight: int
    deposited: IntArray
    host: IntArray
    coverage: FloatArray
    planes: HostPlanes
    film_spacing: float
    heights: FloatArray
    height_roughness: float
    correlation: float


class Growth(NamedAnalysis):
    r"""Layers, roughness and mixing of a film that is deposited on a crystal slab.

    .. math:: G = \Bigl(\sum_n (-1)^n (\theta_n - \theta_{n+1})\Bigr)^2, \qquad w = \sqrt{\langle (h - \bar h)^2\rangle}

    Notes
    -----
    The slab is in the xy plane, with groups "layer_1" (bottom) and on; the atoms that arrive are the group "deposited".
    Its planes are fitted to the lower half of its layers in every frame. The planes of the film are as far apart as in
    crystals of its elements, mixed by their numbers, with the same face; an atom belongs to the nearest plane.

    Atoms that are connected to the slab by neighbours (up to 1.2 lattice constants) are part of it or of the film; the
    others are in flight and in no layer. θ_n in G is the coverage: atoms per site of the slab, where an atom of another
    element counts by the area that it takes in its own crystal.

    h is the height of spheres of 0.6 lattice constants around all atoms, on a grid of half a lattice constant. Random
    growth without motion of atoms has heights with the distribution of Poisson: w = d √θ and G = exp(-4θ), with the
    distance d of the planes. The map of a bare crystal has a roughness as well (``bare_roughness``), and a correlation
    length below the lattice constant is that of the atoms themselves. An exponent of w in time needs decades of time,
    which a run does not have.

    All of it belongs to one realisation: w, G, the correlation length and the width have no error in one run, and get
    one from seeds (`nakmd.analysis.combine`). Shares have the interval of Wilson, numbers of atoms that of Garwood.

    References
    ----------
    Cohen, Petrich, Pukite, Whaley & Arrott, Surf. Sci. 216, 222 (1989). doi:10.1016/0039-6028(89)90655-9
    Random deposition: Barabási & Stanley, Fractal Concepts in Surface Growth, Cambridge University Press (1995), ch. 4.
    Wilson, J. Am. Stat. Assoc. 22, 209 (1927). doi:10.1080/01621459.1927.10502953
    Garwood, Biometrika 28, 437 (1936). doi:10.1093/biomet/28.3-4.437
    """

    name = "growth"
    title = "layers, roughness and mixing of a film deposited on a crystal"
    panel = 220
    on_request = True  # few runs deposit atoms
    atoms = METAL
    follows_arrivals = True

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        self._arriving = deposited_atoms(topology, "growth")
        self._layers = HostLayers(topology)
        self._host = np.zeros(topology.n_atoms, dtype=np.bool_)
        for group in self._layers.groups:
            self._host[group] = True
        self._host &= ~self._arriving
        elements = topology.elements
        self._species, self._elements = topology.species, elements
        self._cutoffs = neighbor_cutoffs(elements)
        host = elements[int(np.bincount(topology.species[self._host]).argmax())]
        own = bcc_constant(host)
        sizes = [bcc_constant(element) for element in elements]
        #: Lattice constant of each species relative to the host; 1 if one of them is not known.
        self._sizes = np.array([1.0 if own is None or size is None else size / own for size in sizes])
        self._moments: list[_Moment] = []
        self._last_film: dict[str, int] = {}

    def update(self, frame: Frame) -> None:
        """Add one frame."""
        present = atoms_there(frame)
        arrived, host = self._arriving & present, self._host & present
        require_finite(frame.positions[arrived | host])
        z = frame.positions[:, 2]
        planes = self._layers.planes(frame.positions, present, frame.cell)
        joined = self._joined(frame, arrived | host, planes)
        film = arrived & joined
        host &= joined
        sizes = self._sizes[self._species]
        film_spacing = planes.spacing * (float(sizes[film].mean()) if np.any(film) else 1.0)
        atoms = np.flatnonzero(film | host)
        layers = np.maximum(planes.layers_of(z[atoms], film_spacing), 1 - len(self._layers.groups))
        index = layers + len(self._layers.groups) - 1
        n = int(index.max(initial=0)) + 1
        in_film = film[atoms]
        near = atoms[z[atoms] > planes.top - 3.0 * planes.spacing]
        heights = height_map(frame.positions[near], frame.cell, SPHERE * planes.lattice, GRID * planes.lattice)
        species, counts = np.unique(self._species[film], return_counts=True)
        self._last_film = {self._elements[s]: int(count) for s, count in zip(species, counts)}
        self._moments.append(
            _Moment(
                time=frame.time,
                arrived=int(arrived.sum()),
                in_flight=int(np.sum(arrived & ~joined)),
                deposited=np.bincount(index[in_film], minlength=n),
                host=np.bincount(index[~in_film], minlength=n),
                coverage=np.bincount(index, sizes[atoms] ** 2, minlength=n) / planes.sites,
                planes=planes,
                film_spacing=film_spacing,
                heights=heights - planes.top,
                height_roughness=roughness(heights),
                correlation=correlation_length(heights, frame.cell),
            )
        )

    def _joined(self, frame: Frame, there: BoolArray, planes: HostPlanes) -> BoolArray:
        """Return which atoms are connected to the slab."""
        depth = (planes.top - frame.positions[:, 2]) / planes.spacing
        near = np.flatnonzero(there & (depth < DEEP))
        clusters = find_clusters(frame.positions[near], self._species[near], self._cutoffs, frame)
        held = np.unique(clusters[(depth[near] > SHALLOW) & self._host[near]])
        joined = there & (depth >= DEEP)
        joined[near] = np.isin(clusters, held)
        return joined

    def result(self) -> GrowthRecord:
        """Return the layers by frame, and the surface since the last arrival."""
        require_frames(len(self._moments), 1, "Growth")
        moments, last = self._moments, self._moments[-1]
        n = max(len(moment.host) for moment in moments) + 1  # the layer above the film, which is empty
        layers = np.arange(n) + 1 - len(self._layers.groups)
        deposited, host, coverage = (
            np.array([np.pad(row, (0, n - len(row))) for row in rows], dtype=np.float64)
            for rows in zip(*((m.deposited, m.host, m.coverage) for m in moments), strict=True)
        )
        anti_phase = (_exposed(coverage) @ (-1.0) ** layers) ** 2
        # a layer of a film that has melted may hold more than the one below it, which it cannot cover
        covering = np.minimum.accumulate(np.minimum(coverage, 1.0), axis=1)
        layer_roughness = np.array(
            [_spread(row, layers, m) for row, m in zip(_exposed(covering), moments, strict=True)]
        )
        height_roughness = np.array([m.height_roughness for m in moments])
        correlation = np.array([m.correlation for m in moments])
        since = [m.arrived == last.arrived and m.in_flight == last.in_flight for m in moments]
        settled = np.arange(len(moments)) > max((k for k, same in enumerate(since) if not same), default=-1)
        bare = [m.height_roughness for m in moments if m.arrived == 0]
        w = _of_one_run(height_roughness[settled], "Å")
        grown = float(coverage[-1].sum() - host[-1].sum() / last.planes.sites)
        random = last.film_spacing * math.sqrt(grown) if grown > 0.0 else math.nan
        notes = [
            f"planes {last.planes.spacing:.3f} Å apart in the slab, {last.film_spacing:.3f} Å in the film",
            "one realisation: numbers without an error get one from several seeds",
        ]
        if last.in_flight:
            notes.append(f"{last.in_flight} atoms in flight in the last frame are in no layer")
        ratio = _of_one_run(height_roughness[settled] / random, "")
        return GrowthRecord(
            quantity="roughness relative to random growth",
            **ratio.fields,
            notes=tuple(notes),
            time=np.array([m.time for m in moments]),
            layers=layers,
            deposited=deposited / last.planes.sites,
            host=host / last.planes.sites,
            coverage=coverage,
            theta=deposited.sum(axis=1) / last.planes.sites,
            in_flight=np.array([m.in_flight for m in moments], dtype=np.int64),
            anti_phase=anti_phase,
            heights=last.heights,
            height_roughness=height_roughness,
            layer_roughness=layer_roughness,
            correlation=correlation,
            bare_roughness=float(np.mean(bare)) if bare else math.nan,
            roughness=w,
            bragg=_of_one_run(anti_phase[settled], ""),
            correlation_length=_of_one_run(correlation[settled], "Å"),
            mixing=Share.of(int(deposited[-1, layers < 0].sum()), int(deposited[-1].sum())),
            exchanged=Share.of(int(deposited[-1, layers == 0].sum()), int(deposited[-1].sum())),
            promoted=Count.of(int(host[-1, layers >= 1].sum())),
            profile_width=Measure(_profile_width(deposited[-1], host[-1], layers, last), math.nan, "Å", 1.0),
            film=self._last_film,
        )


def _of_one_run(values: FloatArray, unit: str) -> Measure:
    """Return the mean of a number of one film: frames of the same film give no error."""
    return Measure(float(np.mean(values)), math.nan, unit, 1.0)


def _exposed(coverage: FloatArray) -> FloatArray:
    """Return the part of each layer that the next one does not cover, (n_frames, n_layers)."""
    return coverage - np.append(coverage[:, 1:], np.zeros((len(coverage), 1)), axis=1)


def _spread(exposed: FloatArray, layers: IntArray, moment: _Moment) -> float:
    """Return the standard deviation [Å] of the height of the exposed layers."""
    heights = _heights_of(layers, moment)
    mean = exposed @ heights / exposed.sum()
    return math.sqrt(max(float(exposed @ (heights - mean) ** 2 / exposed.sum()), 0.0))


def _heights_of(layers: IntArray, moment: _Moment) -> FloatArray:
    """Return the heights [Å] of planes over the highest plane of the slab."""
    first = 0.5 * (moment.planes.spacing + moment.film_spacing)
    return np.where(layers > 0, first + (layers - 1) * moment.film_spacing, layers * moment.planes.spacing)


def _profile_width(deposited: FloatArray, host: FloatArray, layers: IntArray, moment: _Moment) -> float:
    """Return the distance [Å] over which the share of deposited atoms first rises through 10 and 90 %."""
    filled = deposited + host > 0.0
    share = deposited[filled] / (deposited + host)[filled]
    heights = _heights_of(layers, moment)[filled]
    crossings = []
    for level in (0.1, 0.9):
        above = np.flatnonzero(share >= level)
        if not len(above) or above[0] == 0:
            return math.nan
        k = int(above[0])
        crossings.append(
            heights[k - 1] + (level - share[k - 1]) / (share[k] - share[k - 1]) * (heights[k] - heights[k - 1])
        )
    return float(crossings[1] - crossings[0])


def growth(source: FrameSource, progress: FrameProgress | None = None, **frames: Unpack[FrameOptions]) -> GrowthRecord:
    """Return the growth of a film; ``frames`` as in `FrameOptions`.

    The films of a run are in its deposition stages, so that without options all frames of all stages are used.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, growth
    >>> from nakmd.structures import crystal_slab
    >>> slab = crystal_slab("K", "110", (4, 3), 5, 5.328)
    >>> groups = dict(slab.groups)
    >>> groups["deposited"] = groups.pop("layer_5")  # as if its last layer had been deposited
    >>> frame = Frame(0, 0.0, *slab.cell.wrap(slab.positions), slab.cell)
    >>> result = growth(FrameList(replace(slab.topology, groups=groups), [frame]))
    >>> result.theta.round(3).tolist(), result.anti_phase.round(3).tolist()
    ([1.0], [1.0])
    """
    chosen: FrameOptions = frames or {"stages": "all", "discard": "none"}
    return cast(GrowthRecord, measure(source, Growth(), progress, **chosen))
