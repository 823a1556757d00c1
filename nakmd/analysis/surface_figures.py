"""Tension and energy of the free surface of the liquid metal: of the model, and from experiment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

import numpy as np

from nakmd.analysis.frame_source import FrameSource
from nakmd.analysis.numerics.statistics import Measure
from nakmd.elements import METALS
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, K_B

#: Which surface energy or tension is used: that of the model, that of experiment, or the model's where it is known.
SurfaceOrigin = Literal["model", "experiment"]

#: γ [N/m] at 0 K and dγ/dT [N/m/K] of the measured lines γ(T), the fits that heat-pipe codes use. The metal of the
#: smallest tension first: it is the one that covers the surface of an alloy, as potassium does that of NaK.
MEASURED_TENSIONS = {"K": (0.1360, -6.45e-5), "Na": (0.2200, -9.1e-5)}


class SurfaceValues(NamedTuple):
    """The free surface of a liquid.

    Attributes
    ----------
    of : str
        The parameter set, or ``"experiment"``.
    tension : Measure [mN/m]
    energy : Measure [J/m²]
        Energy per area, γ - T dγ/dT.
    notes : tuple of str
    """

    of: str
    tension: Measure
    energy: Measure
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SurfacePoint:
    """Figures of a liquid at one composition and temperature: tension in mN/m, energy in mJ/m², T in K."""

    x_K: float  # noqa: N815  (as in decks)
    temperature: float
    tension: float
    tension_error: float
    energy: float
    energy_error: float


@dataclass(frozen=True)
class SurfaceFigures:
    """Measured figures of the surface of the liquids of a parameter set.

    Attributes
    ----------
    name : str
        The parameter set.
    points : tuple of SurfacePoint
    note : str
        What is to be said about them, for example that they are not those of the member that is used.
    """

    name: str
    points: tuple[SurfacePoint, ...]
    note: str = ""

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Self:
        """Return the figures that a run has stored with its model; `AnalysisError` if they are damaged."""
        try:
            points = tuple(SurfacePoint(**{k: float(v) for k, v in point.items()}) for point in stored["points"])
            figures = cls(str(stored["name"]), points, str(stored["note"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AnalysisError(f"The surface figures of the model in the trajectory are damaged: {error!r}.") from None
        return figures

    @classmethod
    def of_source(cls, source: FrameSource) -> Self | None:
        """Return the figures stored with the frames; None if there are none, as in files of other programs."""
        stored = getattr(source, "potentials", {}).get("surface")
        return None if stored is None else cls.from_stored(stored)

    def at(self, x_K: float, temperature: float | None) -> SurfaceValues:
        """Return tension and energy, linear in temperature between its neighbours, then linear in composition.

        Parameters
        ----------
        x_K : float
            Atoms of K over those of Na and K.
        temperature : float [K] or None
            Outside the range of the figures those of its end are taken; unknown, those of the middle of the range.
            Both are noted.

        Raises
        ------
        AnalysisError
            If the composition is outside those of the figures.
        """
        known = sorted({point.x_K for point in self.points})
        if not known or not known[0] - 1e-9 <= x_K <= known[-1] + 1e-9:
            raise AnalysisError(
                f"The surface of {self.name} is known for x_K = {known[0]:g} to {known[-1]:g}, not for {x_K:.3g}."
                if known
                else f"The surface of {self.name} is not known."
            )
        low = max(x for x in known if x <= x_K + 1e-9)
        high = min(x for x in known if x >= x_K - 1e-9)
        share = 0.0 if high == low else (x_K - low) / (high - low)
        notes = [self.note] if self.note else []
        if high != low:
            notes.append(f"interpolated linearly between x_K = {low:g} and {high:g}")
        weights: dict[SurfacePoint, float] = {}
        for x, part in ((low, 1.0 - share), (high, share)):
            if part > 0.0:
                for point, weight in self._along_temperature(x, temperature, notes):
                    weights[point] = weights.get(point, 0.0) + part * weight

        def combined(what: str) -> tuple[float, float]:
            value = sum(w * getattr(point, what) for point, w in weights.items())
            return value, math.sqrt(sum((w * getattr(point, f"{what}_error")) ** 2 for point, w in weights.items()))

        tension = Measure(*combined("tension"), "mN/m", math.inf)
        energy = Measure(*combined("energy"), "mJ/m²", math.inf).scaled(1e-3, "J/m²")
        return SurfaceValues(self.name, tension, energy, tuple(dict.fromkeys(notes)))

    def _along_temperature(
        self, x_K: float, temperature: float | None, notes: list[str]
    ) -> list[tuple[SurfacePoint, float]]:
        """Return the points of a composition that are averaged, with their weights; note what they are not."""
        points = sorted((p for p in self.points if p.x_K == x_K), key=lambda p: p.temperature)
        low, high = points[0].temperature, points[-1].temperature
        if temperature is None:
            notes.append(f"temperature unknown: at the middle of {low:g} to {high:g} K")
            temperature = 0.5 * (low + high)
        elif not low <= temperature <= high:
            notes.append(f"known from {low:g} to {high:g} K, taken for {temperature:.0f} K from the nearest of these")
            temperature = min(max(temperature, low), high)
        below = max((p for p in points if p.temperature <= temperature), key=lambda p: p.temperature)
        above = min((p for p in points if p.temperature >= temperature), key=lambda p: p.temperature)
        if above is below:
            return [(below, 1.0)]
        share = (temperature - below.temperature) / (above.temperature - below.temperature)
        return [(below, 1.0 - share), (above, share)]


class SurfaceChoice(NamedTuple):
    """What an analysis knows of the surface of the metal, and which energy it is to use.

    Attributes
    ----------
    figures : SurfaceFigures or None
        Those of the model.
    energy : {"model", "experiment"} or float [J/m²] or None
        None: that of the model where it is known, else that of experiment.
    """

    figures: SurfaceFigures | None = None
    energy: SurfaceOrigin | float | None = None

    @classmethod
    def of_source(cls, source: FrameSource, energy: SurfaceOrigin | float | None) -> Self:
        """Return the choice with the figures that are stored with the frames."""
        return cls(SurfaceFigures.of_source(source), energy)


#: Without figures of the model.
NO_CHOICE = SurfaceChoice()


def measured_surface(metals: Sequence[str], temperature: float | None) -> SurfaceValues:
    """Return the measured figures of the metal that covers the surface.

    The energy γ - T dγ/dT of a linear γ(T) is its value at 0 K, at every temperature. Without a temperature the
    tension is not a number.

    Raises
    ------
    AnalysisError
        If no line is tabulated for any of the metals.
    """
    for element, (gamma, slope) in MEASURED_TENSIONS.items():
        if element in metals:
            tension = math.nan if temperature is None else 1e3 * (gamma + slope * temperature)
            notes = (f"that of {element}, which covers the alloy",) if len(metals) > 1 else ()
            return SurfaceValues(
                "experiment",
                Measure(tension, 0.0, "mN/m", math.inf),
                Measure(gamma, 0.0, "J/m²", math.inf),
                notes,
            )
    raise AnalysisError(
        f"No surface energy is tabulated for {', '.join(sorted(metals))}. Pass surface_energy= in J/m²: γ - T dγ/dT."
    )


class LiquidState:
    """Composition and mean temperature of the metal in the frames of an analysis.

    Parameters
    ----------
    topology : Topology
    """

    def __init__(self, topology: Topology) -> None:
        elements = np.array(topology.elements)[topology.species]
        self._metal = np.flatnonzero(np.isin(elements, METALS))
        self._masses = topology.masses[self._metal]
        self._temperatures: list[float] = []
        names, counts = np.unique(elements[self._metal], return_counts=True)
        self._counts = dict(zip((str(name) for name in names), counts.tolist(), strict=True))

    @property
    def metals(self) -> tuple[str, ...]:
        """Elements of the metal."""
        return tuple(self._counts)

    def add(self, frame: Frame) -> None:
        """Add the temperature of the metal atoms that move, from their velocities."""
        if frame.velocities is None:
            return
        twice = self._masses * np.einsum("ia,ia->i", frame.velocities[self._metal], frame.velocities[self._metal])
        n_moving = int(np.count_nonzero(twice))
        if n_moving:
            self._temperatures.append(float(twice.sum()) / ACCELERATION / (3.0 * n_moving * K_B))

    @property
    def temperature(self) -> float | None:
        """Mean temperature [K]; None if no frame has velocities."""
        return float(np.mean(self._temperatures)) if self._temperatures else None

    def surfaces(
        self, figures: SurfaceFigures | None
    ) -> tuple[dict[SurfaceOrigin, SurfaceValues], dict[SurfaceOrigin, str]]:
        """Return the surfaces of the model and of experiment as far as they are known, and why others are not."""
        known: dict[SurfaceOrigin, SurfaceValues] = {}
        missing: dict[SurfaceOrigin, str] = {}
        n_known = self._counts.get("Na", 0) + self._counts.get("K", 0)
        if figures is None:
            missing["model"] = "the frames come without surface figures of their model"
        elif n_known < sum(self._counts.values()):
            missing["model"] = f"{figures.name} has surface figures of Na and K only"
        else:
            try:
                known["model"] = figures.at(self._counts.get("K", 0) / n_known, self.temperature)
            except AnalysisError as error:
                missing["model"] = str(error).rstrip(".")
        try:
            known["experiment"] = measured_surface(self.metals, self.temperature)
        except AnalysisError as error:
            missing["experiment"] = str(error)
        return known, missing
