"""Energy of adhesion by term: E(metal+wall) - E(metal) - E(wall) on the frames of a run."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import field

import numpy as np

from nakmd.analysis.affinity import Affinity, AffinityRecord
from nakmd.analysis.base import Analysis, Record, require_frames
from nakmd.analysis.geometry.wetted_faces import AREA_PER_ATOM, WettedFaces
from nakmd.analysis.numerics.statistics import Measure, mean_with_error, ratio_of_means
from nakmd.analysis.plotting import COLORS, Axes, Figure, figure_for
from nakmd.analysis.record_curve import RecordCurve
from nakmd.arrays import FloatArray
from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError
from nakmd.potentials import Potential
from nakmd.studies.parts import Part
from nakmd.system import Frame, Topology
from nakmd.units import J_PER_M2_PER_EV_A2

#: Terms in the order of tables and plots.
CROSS, EMBEDDING, STRAIN, METAL = "cross", "embedding change", "strain of the carbon", "change of the metal"

#: Energies [eV] stored for every frame.
SERIES = ("whole", "wall", "metal", "cross", "thermal energy of the wall", "thermal energy of the metal")

#: Largest difference [eV/atom] of stored and evaluated energy of a frame: positions in the file are rounded.
SAME_MODEL = 1e-5


class AdhesionRecord(Record):
    """Energy of adhesion; ``value`` is -(E(metal+wall) - E(metal) - E(wall)) per area of wetted faces, eV/Å².

    Attributes
    ----------
    per_area : Measure [J/m²]
        ``value`` in SI: positive where wall and metal attract.
    energies : dict of str to Measure [eV]
        ``"cross"``, ``"embedding change"``; ``"strain of the carbon"`` and ``"change of the metal"`` if a
        reference is known. Negative where the term binds.
    terms : dict of str to Measure [J/m²]
        Contribution of each term to the work: -energy per area.
    total : Measure or None [J/m²]
        Sum of all four: relative to wall and metal in separate equilibrium. None if a term is unknown.
    area : Measure [Å²]
        Area of the wetted faces.
    affinity : AffinityRecord
        The cross term by metal, site and layer (per area of the wall, its two faces counted once).
    time : (n,) float64 [ps]
    series : (n,) float64 [eV]
        E(metal+wall) - E(metal) - E(wall) of each frame.
    series_by_term : dict of str to (n,) float64 [eV]
    """

    curve_tables = (RecordCurve("series", {"time [ps]": "time"}, {"energy [eV]": "series"}),)

    per_area: Measure
    energies: dict[str, Measure] = field(default_factory=dict)
    terms: dict[str, Measure] = field(default_factory=dict)
    total: Measure | None
    area: Measure
    affinity: AffinityRecord
    time: FloatArray
    series: FloatArray
    series_by_term: dict[str, FloatArray] = field(default_factory=dict)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Plot the contribution of each term to the work of adhesion with its error."""
        figure, ax = figure_for(ax)
        bars = list(self.terms.items())
        if self.total is not None:
            bars.append(("total", self.total))
        for row, (name, term) in enumerate(bars):
            error = term.error if math.isfinite(term.error) else 0.0
            color = COLORS[6] if name == "total" else COLORS[row % len(COLORS)]
            ax.barh(row, term.value, xerr=error, color=color, alpha=0.8, capsize=3, height=0.6)
        ax.set_yticks(range(len(bars)), [f"{name}\n{term.text}" for name, term in bars], fontsize="small")
        ax.invert_yaxis()
        ax.axvline(0.0, color="0.3", lw=0.8)
        ax.set(xlabel="contribution to the work of adhesion / J/m²")
        return figure


class Adhesion(Analysis):
    r"""E(metal+wall) - E(metal) - E(wall) and its terms, evaluated on every frame.

    .. math:: w = -\frac{\langle E_{\mathrm{m+w}} - E_{\mathrm{m}} - E_{\mathrm{w}} \rangle}{\langle A \rangle}
              = -\frac{\langle E_\times + \Delta E_{\mathrm{emb}} \rangle}{\langle A \rangle}, \qquad
              A = a_0 \, N_{\mathrm{wetted\ faces}}

    Parameters
    ----------
    potential : Potential
        The model that generated the frames.
    wall, metal : Measure, optional [eV]
        Reference energy of the isolated wall and metal (`wall_alone`, `reference_energy`): potential less thermal
        energy. A term without reference is omitted.

    Notes
    -----
    - *cross*: the pair terms between wall and metal, with the screening by the metal. With ``nak-cn`` nothing else
      couples the two.
    - *embedding change*: the remainder of the difference, from many-body terms that span both sides. It is zero by
      construction in ``nak-cn``: carbon contributes no density to the embedding functions, so the metal screens as it
      does alone, and metal atoms are no neighbours in the Tersoff bond order.
    - *strain of the carbon*: energy of the wall less that of the isolated wall at the same temperature. The kinetic
      energy is subtracted on both sides: its mean cancels, most of the thermal noise cancels with it, and a difference
      in temperature has little effect. An energy minimum is no valid reference: the anharmonic part of the thermal
      energy (1.7 meV per atom of graphene at 450 K with this model) is as large as the strain. A rigid wall has no
      strain.
    - *change of the metal*: its energy less that of the isolated metal. With a free surface as reference the total is
      the energy of adhesion, with bulk liquid the energy of immersion.

    A wall atom has two faces, and metal may wet one or both (`nakmd.analysis.geometry.wetted_faces`): the work is per
    interface, also for a sheet with liquid on both sides.

    These are energies. The work of adhesion is a free energy (`nakmd.studies.affinity_ladder`).

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, measure
    >>> from nakmd.potentials import load
    >>> from nakmd.structures import above_sheet, fill, graphene
    >>> from nakmd.studies import Adhesion
    >>> sheet = graphene(repeats=(6, 4), bond=1.4388, vacuum=20.0)
    >>> wet = fill(sheet, x_K=1.0, temperature=450.0, region=above_sheet(sheet, 15.0))
    >>> frames = [Frame(k, 0.1 * k, *wet.cell.wrap(wet.positions), wet.cell) for k in range(3)]
    >>> record = measure(FrameList(wet.topology, frames), Adhesion(load("nak-cn")))
    >>> record.value > 0.0, sorted(record.energies)
    (True, ['change of the metal', 'cross', 'embedding change', 'strain of the carbon'])
    """

    name = "adhesion"

    def __init__(
        self,
        potential: Potential,
        wall: Measure | None = None,
        metal: Measure | None = None,
    ) -> None:
        self.potential = potential
        self.wall, self.metal = wall, metal

    def prepare(self, topology: Topology) -> None:
        """Identify wall and metal and bind the model."""
        self._affinity = Affinity()
        self._affinity.prepare(topology)
        elements = np.array(topology.elements)[topology.species]
        sides = {"wall": np.isin(elements, WALL), "metal": np.isin(elements, METALS)}
        unassigned = sorted(set(elements[~(sides["wall"] | sides["metal"])]))
        if unassigned:
            raise AnalysisError(
                f"Adhesion needs wall atoms ({', '.join(WALL)}) and metal atoms ({', '.join(METALS)}) only; the frames "
                f"also contain {', '.join(unassigned)}."
            )
        self._topology = topology
        self._whole = Part(self.potential, topology, np.ones(topology.n_atoms, dtype=np.bool_))
        self._parts = {name: Part(self.potential, topology, mask) for name, mask in sides.items()}
        self._faces = WettedFaces(np.flatnonzero(sides["wall"]), np.flatnonzero(sides["metal"]))
        self._areas: list[float] = []
        self._time: list[float] = []
        self._series: dict[str, list[float]] = {name: [] for name in SERIES}

    def update(self, frame: Frame) -> None:
        """Evaluate one frame: the whole system, the wall, the metal."""
        whole = self._whole.energy(frame)
        self._check_model(frame, whole)
        pairs = self._whole.pair_energies()
        self._affinity.update(dataclasses.replace(frame, pair_energies=pairs))
        rows = np.array([element in WALL for element in self._topology.elements])
        columns = np.array([element in METALS for element in self._topology.elements])
        wall, metal = self._parts["wall"], self._parts["metal"]
        values = (
            whole,
            wall.energy(frame),
            metal.energy(frame),
            float(pairs[np.ix_(rows, columns)].sum()),
            wall.thermal_energy(frame),
            metal.thermal_energy(frame),
        )
        for series, value in zip(self._series.values(), values, strict=True):
            series.append(value)
        self._areas.append(self._faces.area(frame))
        self._time.append(frame.time)

    def _check_model(self, frame: Frame, energy: float) -> None:
        stored = frame.potential_energy
        if stored is not None and abs(energy - stored) > SAME_MODEL * self._topology.n_atoms:
            raise AnalysisError(
                f"The frame at step {frame.step} was stored with an energy of {stored:.6f} eV, but the model gives "
                f"{energy:.6f} eV. Give the model that generated the frames."
            )

    def result(self) -> AdhesionRecord:
        """Return the energy of adhesion and its terms."""
        require_frames(len(self._time), 2, "Adhesion")
        whole, wall, metal, cross, of_wall, of_metal = (np.array(series) for series in self._series.values())
        coupling = whole - wall - metal
        # a remainder below the rounding error of the energies is zero
        rounding = 1e-13 * (np.abs(whole) + np.abs(wall) + np.abs(metal)) * math.sqrt(self._topology.n_atoms)
        many_body = np.where(np.abs(coupling - cross) <= rounding, 0.0, coupling - cross)
        series, references, notes = {CROSS: cross, EMBEDDING: many_body}, {CROSS: 0.0, EMBEDDING: 0.0}, []
        if not np.any(many_body):
            notes.append("no many-body term spans wall and metal: the embedding change is zero by construction")
        for name, energy, thermal, reference in (
            (STRAIN, wall, of_wall, self.wall),
            (METAL, metal, of_metal, self.metal),
        ):
            if np.ptp(energy) <= 1e-9 * abs(float(energy.mean())):
                series[name], references[name] = np.zeros(len(energy)), 0.0
                notes.append(f"{name}: zero, the energy is constant")
            elif reference is not None and np.all(np.isfinite(thermal)):
                series[name], references[name] = energy - thermal - reference.value, reference.error
            else:
                why = "the frames have no velocities" if reference is not None else "no reference run"
                notes.append(f"{name}: unknown, {why}")
        area = np.array(self._areas)
        per_area = ratio_of_means([-coupling], [area], "eV/Å²")
        terms = {name: _per_area(x, area, references[name]) for name, x in series.items()}
        total = None
        if len(series) == 4:
            total = _per_area(sum(series.values(), np.zeros(len(area))), area, math.hypot(*references.values()))
        return AdhesionRecord(
            quantity="energy of adhesion",
            **per_area.fields,
            notes=(
                f"area: {AREA_PER_ATOM:.3f} Å² for each face of a wall atom that metal wets",
                *notes,
            ),
            per_area=per_area.scaled(J_PER_M2_PER_EV_A2, "J/m²"),
            energies={name: _with(mean_with_error(x, "eV"), references[name]) for name, x in series.items()},
            terms=terms,
            total=total,
            area=mean_with_error(area, "Å²"),
            affinity=self._affinity.result(),
            time=np.array(self._time),
            series=coupling,
            series_by_term=series,
        )


def _with(measured: Measure, error: float) -> Measure:
    """Return a measure with the error of an independent reference added in quadrature."""
    return dataclasses.replace(measured, error=math.hypot(measured.error, error))


def _per_area(energy: FloatArray, area: FloatArray, error: float) -> Measure:
    """Return -<energy>/<area> in J/m², including the error of the reference energy."""
    ratio = ratio_of_means([-energy], [area], "eV/Å²")
    return _with(ratio, error / float(area.mean())).scaled(J_PER_M2_PER_EV_A2, "J/m²")
