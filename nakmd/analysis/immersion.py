"""Heat of immersion of carbon in liquid metal per gram, its adiabatic temperature rise, and competing heats."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, Self, Unpack, cast

import numpy as np

from nakmd.analysis.affinity import Affinity
from nakmd.analysis.base import Record, require_frames
from nakmd.analysis.competing_heats import CompetingHeat, competing_heats
from nakmd.analysis.drive import measure
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.wetted_faces import WettedFaces
from nakmd.analysis.named_analysis import INTERFACE, AtomsPresent, NamedAnalysis
from nakmd.analysis.numerics.statistics import Measure, mean_with_error, ratio_of_means
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.surface_figures import LiquidState, SurfaceFigures, SurfaceOrigin
from nakmd.analysis.table_row import Row
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import J_PER_M2_PER_EV_A2, KJ_PER_MOL_PER_EV

#: 1 eV/amu in J/g: 1 eV per atom is 96.485 kJ/mol, and 1 amu per atom 1 g/mol.
J_PER_G_PER_EV_AMU = 1e3 * KJ_PER_MOL_PER_EV

#: 1 Å²/amu in m²/g.
M2_PER_G_PER_A2_AMU = J_PER_G_PER_EV_AMU / J_PER_M2_PER_EV_A2

#: Heat capacities [J/g/K]: NaK near 400 K (0.93 from the handbook polynomial), graphite at room temperature.
HEAT_CAPACITY_METAL, HEAT_CAPACITY_CARBON = 0.93, 0.71

#: Default mass fraction of carbon in the electrode.
CARBON_FRACTION = 0.05


class ImmersionRecord(Record):
    """Heat of immersion; ``value`` is the heat released per gram of carbon, J/g, positive if exothermic.

    It is negative if the interaction energy of wall and metal (``adhesion``) is smaller than the surface energy of the
    metal (``surface_energy``): wetting such a wall absorbs heat.

    Attributes
    ----------
    per_area : Measure [J/m²]
        The heat of immersion per area of wetted faces.
    adhesion : Measure [J/m²]
        Interaction energy of wall and metal per area of wetted faces, positive if attractive.
    surface_energy : Measure [J/m²]
        Energy of the metal surface per area that is subtracted.
    surface_origin : str
        The parameter set it belongs to, ``"experiment"``, or ``"as given"``.
    other_surfaces : mapping of str to Measure [J/m²]
        The other known surface energies: of the parameter set, of ``"experiment"``.
    other_heats : mapping of str to Measure [J/g]
        The heat with each of them.
    specific_surface : Measure [m²/g]
        Area of wetted faces per gram of carbon.
    carbon_fraction : float
        Mass of carbon over mass of the electrode.
    temperature_rise : Measure [K]
        Adiabatic temperature rise of the electrode.
    competing : tuple of CompetingHeat
        Other sources of heat when carbon meets NaK.
    """

    per_area: Measure
    adhesion: Measure
    surface_energy: Measure
    surface_origin: str
    other_surfaces: Mapping[str, Measure]
    other_heats: Mapping[str, Measure]
    specific_surface: Measure
    carbon_fraction: float
    temperature_rise: Measure
    competing: tuple[CompetingHeat, ...] = ()

    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table of results."""
        note = "endothermic: the contact is weak" if self.value < 0.0 else ""
        yield Row.of("heat of immersion, per g of carbon", self, note)
        yield Row.of("  per wetted face", self.per_area)
        yield Row(f"  surface energy of the metal, {self.surface_origin}", _text(self.surface_energy), "subtracted")
        for origin, heat in self.other_heats.items():
            cost = f"instead: {_text(self.other_surfaces[origin])}"
            yield Row(f"  with the surface energy of {origin}", heat.text, cost)
        yield Row.of(f"  adiabatic rise at {100.0 * self.carbon_fraction:g} wt% carbon", self.temperature_rise)
        for rival in self.competing:
            figures = f"{rival.heat:.0f} J/g, {rival.temperature_rise:.0f} K"
            yield Row(f"  compare: {rival.name}", figures, rival.confidence)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the heat and its competitors; a second axis shows the temperature rise that each would cause."""
        figure, ax = figure_for(ax)
        bars = [("immersion, this model", float(self.value), float(self.error), "computed")]
        bars += [(rival.name, rival.heat, math.nan, rival.confidence) for rival in self.competing]
        for row, (_, heat, error, confidence) in enumerate(bars):
            ax.barh(
                row,
                heat,
                xerr=error if math.isfinite(error) else None,
                color=COLORS[0] if row == 0 else COLORS[4],
                hatch="" if confidence in ("computed", "measured") else "///",
                edgecolor="0.25",
                lw=0.6,
                height=0.6,
                capsize=3,
            )
        labels = [f"{name}\n({confidence})" for name, _, _, confidence in bars]
        ax.set_yticks(range(len(bars)), labels, fontsize="small")
        ax.invert_yaxis()
        ax.axvline(0.0, color="0.3", lw=0.8)
        ax.set(xlabel="heat / J per g of carbon")
        rise = temperature_rise(1.0, self.carbon_fraction)

        def to_kelvin(heat: Any) -> Any:
            return heat * rise

        def to_heat(kelvin: Any) -> Any:
            return kelvin / rise

        top = ax.secondary_xaxis("top", functions=(to_kelvin, to_heat))
        top.set_xlabel(f"adiabatic rise / K, {100.0 * self.carbon_fraction:g} wt% carbon", fontsize="small")
        return figure


def temperature_rise(heat: float, carbon_fraction: float) -> float:
    r"""Return the adiabatic temperature rise [K] of an electrode.

    .. math:: \Delta T = \frac{w q}{(1 - w) c_{\mathrm{NaK}} + w c_{\mathrm{C}}}

    Parameters
    ----------
    heat : float [J per g of carbon]
    carbon_fraction : float
        w, by mass.

    Examples
    --------
    >>> round(temperature_rise(190.0, 0.05), 1)
    10.3
    """
    if not 0.0 < carbon_fraction <= 1.0:
        raise AnalysisError(f"The mass fraction of carbon must be above 0 and at most 1, got {carbon_fraction}.")
    w = carbon_fraction
    return w * heat / ((1.0 - w) * HEAT_CAPACITY_METAL + w * HEAT_CAPACITY_CARBON)


class Immersion(NamedAnalysis):
    r"""Heat released per gram of carbon when liquid metal wets it.

    .. math:: q = \frac{-\langle E_{\mathrm{wall,metal}} \rangle - e_s \langle A \rangle}{m_{\mathrm{wall}}}
                = S \, (w - e_s), \qquad e_s = \gamma - T \frac{\mathrm{d}\gamma}{\mathrm{d}T}

    Parameters
    ----------
    surface_energy : {"model", "experiment"} or float, optional [J/m²]
        e_s of the metal. ``"model"``: that of the parameter set at the composition and the temperature of the frames;
        ``"experiment"``: that of liquid potassium (0.136), or of sodium (0.220) if there is no potassium. Default:
        the model's if it is known, else that of experiment. The heat with the other one is given too.
    specific_surface : float, optional [m²/g]
        S of a real material, for example from gas adsorption. Default: that of the model, counting every wetted face.
    carbon_fraction : float
        Mass of carbon over mass of the electrode, for the temperature rise.
    figures : SurfaceFigures, optional
        Surface figures of the model of the frames.

    Notes
    -----
    The energy is the cross interaction stored with the frames; strain of the carbon by the metal reduces it slightly
    (`nakmd.studies.work_of_adhesion` computes by how much). Adhesion and surface energy are those of one model: with
    the surface energy of experiment, the error of the model's surface would be taken for heat. Its error is in the
    error of the heat.
    A calorimeter measures an energy, not a free energy.

    The area is that of the wall. Metal around a thin tube has a larger surface than the tube, so its surface costs
    more energy.

    **Sign.** S (w - e_s) is negative if the contact energy is smaller than the surface energy of the metal; the record
    then has a note. Such a wall is not necessarily non-wetting: by Young and Dupré the work of adhesion is
    γ (1 + cos θ), and with w of about this size and e_s = 1.3 γ (potassium at 450 K) heat is absorbed beyond a contact
    angle of about 75 degrees. For the droplet of the examples (affinity 0.3, above 90 degrees) w is 0.03 J/m².

    A single wall wetted on both sides has 2600 m²/g; bundles and multi-walled tubes of real powders have a few
    hundred. Compare at the specific surface of the material.
    """

    name = "immersion"
    title = "heat of immersion of the wall"
    panel = 190
    atoms = INTERFACE
    origin = "own"
    needs = frozenset({"pair_energies"})

    def __init__(
        self,
        surface_energy: SurfaceOrigin | float | None = None,
        specific_surface: float | None = None,
        carbon_fraction: float = CARBON_FRACTION,
        figures: SurfaceFigures | None = None,
    ) -> None:
        if specific_surface is not None and not specific_surface > 0.0:
            raise AnalysisError(f"The specific surface must be above 0 m²/g, got {specific_surface}.")
        if isinstance(surface_energy, Real):
            surface_energy = float(surface_energy)
        elif surface_energy not in (None, "model", "experiment"):
            raise AnalysisError(
                f'The surface energy must be "model", "experiment" or a number in J/m², got {surface_energy!r}.'
            )
        if isinstance(surface_energy, float) and not 0.0 <= surface_energy < math.inf:
            raise AnalysisError(f"The surface energy must be at least 0 J/m², got {surface_energy}.")
        temperature_rise(1.0, carbon_fraction)
        self.surface_energy, self.specific_surface = surface_energy, specific_surface
        self.carbon_fraction, self.figures = carbon_fraction, figures

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return the analysis with the surface energy that was chosen."""
        return {"": cls(present.surface.energy, figures=present.surface.figures)}

    def prepare(self, topology: Topology) -> None:
        """Find the atoms of wall and metal, and the mass of the wall."""
        self._affinity = Affinity()
        self._affinity.prepare(topology)
        elements = np.array(topology.elements)[topology.species]
        wall, metal = (np.flatnonzero(np.isin(elements, group)) for group in (WALL, METALS))
        self._topology = topology
        self._mass = float(topology.masses[wall].sum())
        self._faces = WettedFaces(wall, metal)
        self._areas: list[float] = []
        self._liquid = LiquidState(topology)
        if self.surface_energy is None:  # raised before any frame is read
            self._costs()

    def update(self, frame: Frame) -> None:
        """Store the interaction energy of one frame, the area of its wetted faces and its temperature."""
        self._affinity.update(frame)
        self._areas.append(self._faces.area(frame))
        self._liquid.add(frame)

    def _costs(self) -> tuple[dict[str, Measure], list[str]]:
        """Return the surface energies [J/m²] by origin, that to subtract first, and notes.

        Raises
        ------
        AnalysisError
            If the one that was asked for is not known.
        """
        known, missing = self._liquid.surfaces(self.figures)
        order: tuple[SurfaceOrigin, ...] = ("model", "experiment")
        if self.surface_energy in order:
            order = tuple(sorted(order, key=lambda origin: origin != self.surface_energy))
            if order[0] not in known:
                raise AnalysisError(
                    f"The surface energy of the {order[0]} is not known: {missing[order[0]].rstrip('.')}. "
                    "Pass surface_energy= in J/m²."
                )
        costs: dict[str, Measure] = {}
        notes: list[str] = []
        if isinstance(self.surface_energy, float):
            costs["as given"] = Measure(self.surface_energy, 0.0, "J/m²", math.inf)
        elif not known:
            raise AnalysisError(missing["experiment"])
        elif "model" not in known:
            notes.append(f"surface energy of the model unknown: {missing['model']}")
        for origin in order:
            if origin in known:
                surface = known[origin]
                costs[surface.of] = surface.energy
                detail = "".join(f", {note}" for note in surface.notes)
                notes.append(f"surface energy of {surface.of}: {_text(surface.energy)}{detail}")
        return costs, notes

    def result(self) -> ImmersionRecord:
        """Return the heat per gram, the temperature rise and the competing heats."""
        require_frames(len(self._areas), 2, "Immersion")
        areas = np.array(self._areas)
        if not np.any(areas):
            raise AnalysisError(
                "No face of the wall is wet in these frames. Check that the metal is in contact with the wall, or "
                "choose a later stage."
            )
        energies = -self._affinity.cross_energies
        costs, notes = self._costs()
        (origin, cost), *others = costs.items()
        if self.specific_surface is None:
            surface = mean_with_error(areas / self._mass, "").scaled(M2_PER_G_PER_A2_AMU, "m²/g")
            of_surface = "of the model, all of its wetted faces"
        else:
            surface = Measure(self.specific_surface, 0.0, "m²/g", math.inf)
            of_surface = "as given"

        def net(energy: Measure) -> Measure:
            """Return the heat [J/m²] per area of wetted faces."""
            gained = _ratio(energies - energy.value / J_PER_M2_PER_EV_A2 * areas, areas)
            return replace(gained, error=math.hypot(gained.error, energy.error))

        def heat_with(energy: Measure) -> Measure:
            """Return the heat [J/g]."""
            if self.specific_surface is not None:
                return net(energy).scaled(self.specific_surface, "J/g")
            series = (energies - energy.value / J_PER_M2_PER_EV_A2 * areas) / self._mass
            heat = mean_with_error(series, "").scaled(J_PER_G_PER_EV_AMU, "J/g")
            return replace(heat, error=math.hypot(heat.error, surface.value * energy.error))

        adhesion, heat = _ratio(energies, areas), heat_with(cost)
        sign = (
            f"negative, so wetting absorbs heat: the contact energy, {adhesion.text}, is below the surface energy of "
            "the metal",
        )
        return ImmersionRecord(
            quantity="heat of immersion",
            **heat.fields,
            notes=(
                "per gram of carbon including its nitrogen; released heat is positive",
                *(sign if heat.value < 0.0 else ()),
                f"specific surface: {surface.value:.4g} m²/g, {of_surface}",
                f"surface energy subtracted: {_text(cost)}, {origin}",
                *notes,
                "heats of immersion, intercalation, oxygen, moisture and of a reaction at nitrogen overlap: "
                "IR alone cannot assign the heat to graphitic N",
            ),
            per_area=net(cost),
            adhesion=adhesion,
            surface_energy=cost,
            surface_origin=origin,
            other_surfaces=dict(others),
            other_heats={name: heat_with(energy) for name, energy in others},
            specific_surface=surface,
            carbon_fraction=self.carbon_fraction,
            temperature_rise=heat.scaled(temperature_rise(1.0, self.carbon_fraction), "K"),
            competing=competing_heats(self._topology, lambda q: temperature_rise(q, self.carbon_fraction)),
        )


def _ratio(energies: FloatArray, areas: FloatArray) -> Measure:
    """Return <energy>/<area> in J/m²."""
    return ratio_of_means([energies], [areas], "eV/Å²").scaled(J_PER_M2_PER_EV_A2, "J/m²")


def _text(energy: Measure) -> str:
    """Return a surface energy; one without an error as a plain number."""
    return energy.text if energy.error else f"{energy.value:g} {energy.unit}"


def heat_of_immersion(
    source: FrameSource,
    surface_energy: SurfaceOrigin | float | None = None,
    specific_surface: float | None = None,
    carbon_fraction: float = CARBON_FRACTION,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> ImmersionRecord:
    """Return the heat of immersion; parameters as in `Immersion`, ``frames`` as in `FrameOptions`.

    The surface figures of the model are those that its run has stored with the frames.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, heat_of_immersion
    >>> from nakmd.structures import above_sheet, fill, graphene
    >>> sheet = graphene(repeats=(6, 4), vacuum=20.0)
    >>> wet = fill(sheet, x_K=1.0, temperature=450.0, region=above_sheet(sheet, 15.0))
    >>> place = wet.cell.wrap(wet.positions)
    >>> energies = np.array([[0.0, -5.0], [-5.0, 0.0]])  # eV, of wall and metal
    >>> frames = [Frame(k, 0.1 * k, *place, wet.cell, temperature=450.0, pair_energies=energies) for k in range(20)]
    >>> result = heat_of_immersion(FrameList(wet.topology, frames), surface_energy=0.136)
    >>> round(result.adhesion.value, 3), round(result.per_area.value, 3), result.unit
    (0.392, 0.256, 'J/g')
    """
    analysis = Immersion(surface_energy, specific_surface, carbon_fraction, SurfaceFigures.of_source(source))
    return cast(ImmersionRecord, measure(source, analysis, progress, **frames))
