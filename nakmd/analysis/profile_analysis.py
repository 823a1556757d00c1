"""Analyses of the profile along the normal of the wall, and the drawing of their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.named_analysis import INTERFACE, NamedAnalysis
from nakmd.analysis.plotting import Axes, style
from nakmd.arrays import FloatArray
from nakmd.system import Frame, Topology


class ProfileAnalysis(NamedAnalysis):
    """An analysis whose data are a `Profile`; subclasses define `result`."""

    atoms = INTERFACE
    follows_transmutations = True

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def prepare(self, topology: Topology) -> None:
        """Select the atoms and the wall."""
        self._profile.prepare(topology)

    def update(self, frame: Frame) -> None:
        """Add one frame to the histogram."""
        self._profile.update(frame)


def draw_sides(
    ax: Axes,
    distance: FloatArray,
    value: FloatArray,
    error: FloatArray,
    rows: Mapping[str, int],
    species: Sequence[str],
) -> None:
    """Draw the curve of each species with its error band; dashes mark the second side of the wall.

    Parameters
    ----------
    ax : Axes
    distance : (n_bins,) float64
    value, error : (n_sides, n_species, n_bins) float64
    rows : mapping of str to int
        Sides to draw, and their rows.
    species : sequence of str
    """
    for side, row in rows.items():
        for kind, name in enumerate(species):
            color, label = style(kind)["color"], name if len(rows) == 1 else f"{name}, {side}"
            middle, half = value[row, kind], error[row, kind]
            ax.plot(distance, middle, color=color, ls=("-", "--")[row], lw=1.2, label=label)
            ax.fill_between(distance, middle - half, middle + half, color=color, alpha=0.3, lw=0)
