"""Layers and surface of a growing film: the record of `Growth`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.counts import Count, Share
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.plotting import Axes, Figure, figure_for, style
from nakmd.analysis.record_curve import RecordCurve
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray, IntArray


class GrowthRecord(Record):
    r"""Layers and surface of a growing film; ``value`` is its roughness relative to random growth, w/(d √θ).

    Numbers without a time are means over the frames since the last arrival, those of atoms are of the last frame.

    Attributes
    ----------
    time : (n_frames,) float64 [ps]
    layers : (n_layers,) int64
        0 is the highest plane of the slab, 1 the first layer of the film.
    deposited, host : (n_frames, n_layers) float64
        Atoms of a layer that arrived, and that were in the slab, per site of a plane of the slab.
    coverage : (n_frames, n_layers) float64
        Both, with an atom of another element counted by the area that it takes in its own crystal.
    theta : (n_frames,) float64
        Deposited atoms on the surface and in it, per site: the sum of ``deposited`` over the layers [ML].
    in_flight : (n_frames,) int64
        Deposited atoms that are there and not connected to the slab.
    anti_phase : (n_frames,) float64
        Bragg signal G in the anti-phase condition: 1 for full layers, 0 for half a layer.
    heights : (n_x, n_y) float64 [Å]
        Height of the last frame over the highest plane of the slab.
    height_roughness, layer_roughness : (n_frames,) float64 [Å]
        rms of the height map; standard deviation of the height by layers, from the coverage alone. The latter is for
        films on a lattice: where atoms are disordered, gaps in a layer below the surface count as open to it.
    correlation : (n_frames,) float64 [Å]
        Lateral correlation length of the height map; NaN where it has none.
    bare_roughness : float [Å]
        rms of the height map before the first arrival, from vibrations and the lattice; NaN without such a frame.
    roughness : Measure [Å]
        ``height_roughness``.
    bragg : Measure
    correlation_length : Measure [Å]
    mixing, exchanged : Share
        Of the deposited atoms, those below the highest plane of the slab (layers below 0), and those in it (layer 0).
    promoted : Count
        Atoms of the slab in layer 1 or above.
    profile_width : Measure [Å]
        Distance over which the share of deposited atoms rises from 10 to 90 %; NaN if it does not.
    """

    curve_tables = (
        RecordCurve(
            "series",
            {"time [ps]": "time"},
            {
                "deposited [ML]": "theta",
                "anti-phase": "anti_phase",
                "roughness [Å]": "height_roughness",
                "correlation length [Å]": "correlation",
                "in flight": "in_flight",
            },
        ),
        RecordCurve(
            "layers",
            {"time [ps]": "time", "layer": "layers"},
            {"deposited": "deposited", "host": "host", "coverage": "coverage"},
        ),
    )

    time: FloatArray
    layers: IntArray
    deposited: FloatArray
    host: FloatArray
    coverage: FloatArray
    theta: FloatArray
    in_flight: IntArray
    anti_phase: FloatArray
    heights: FloatArray
    height_roughness: FloatArray
    layer_roughness: FloatArray
    correlation: FloatArray
    bare_roughness: float
    roughness: Measure
    bragg: Measure
    correlation_length: Measure
    mixing: Share
    exchanged: Share
    promoted: Count
    profile_width: Measure
    film: dict[str, int] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the results table."""
        atoms = ", ".join(f"{count} {element}" for element, count in self.film.items())
        yield Row("deposited film", f"{self.theta[-1]:.3g} ML ({atoms or 'no atoms'})")
        yield Row.of("  roughness w", self.roughness)
        yield Row.of("  w / (d √θ), 1 for random growth", self)
        yield Row.of("  lateral correlation length", self.correlation_length)
        yield Row.of("  Bragg anti-phase signal G", self.bragg)
        yield Row.of("  mixing: deposited below the first plane of the slab", self.mixing)
        yield Row.of("  deposited in the first plane of the slab", self.exchanged)
        yield Row.of("  promoted atoms of the slab", self.promoted)
        yield Row.of("  10-90 % width of the composition", self.profile_width)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the coverage of each layer from the highest plane of the slab on, and G, over time."""
        figure, ax = figure_for(ax)
        for row, layer in enumerate(self.layers[self.layers >= 0]):
            ax.plot(self.time, self.coverage[:, self.layers == layer][:, 0], **style(row), label=f"layer {layer}")
        ax.plot(self.time, self.anti_phase, color="0.6", lw=1.0, label="G")
        ax.set(xlabel="time [ps]", ylabel="coverage [ML]")
        ax.legend(fontsize="small")
        return figure
