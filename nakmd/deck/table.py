"""The table of a run: the most telling numbers of every record."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nakmd.elements import WALL
from nakmd.errors import AnalysisError

# nakmd.analysis imports half of scipy, which is not to stand between `nakmd run` and its first step
if TYPE_CHECKING:
    from nakmd.analysis import (
        AffinityRecord,
        GibbsExcessRecord,
        ImmersionRecord,
        LifetimesRecord,
        LocalOrderRecord,
        Measure,
        Record,
        ShortRangeOrderRecord,
    )


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    quantity, text : str
        Name, and value with error and unit.
    note : str
        Why the number should be taken with care, if so.
    measured : Measure or Record, optional
        The number itself, for its interval; None where the row has no error.
    """

    quantity: str
    text: str
    note: str = ""
    measured: Measure | Record | None = None


def rows_of(name: str, record: Record) -> Iterator[Row]:
    """Yield the lines of a record."""
    from nakmd.analysis import (  # noqa: PLC0415  (slow to import)
        AffinityRecord,
        ContactAngleRecord,
        CoordinationRecord,
        DensityRecord,
        DiffusionRecord,
        FreeEnergyProfileRecord,
        GibbsExcessRecord,
        ImmersionRecord,
        LayerDiffusionRecord,
        LifetimesRecord,
        LocalOrderRecord,
        RDFRecord,
        ResidenceMapRecord,
        ResidenceRecord,
        ShortRangeOrderRecord,
        StructureFactorRecord,
        SurfaceTensionRecord,
        ThermoRecord,
        VelocityRecord,
        ViscosityRecord,
    )

    if isinstance(record, ThermoRecord):
        for quantity, measure in record.quantities.items():
            if quantity != "conserved":  # what counts is its drift
                yield _row(quantity.removesuffix("_bar").replace("_", " "), measure)
        if math.isfinite(record.drift.value):
            yield _row("energy drift", record.drift)
    elif isinstance(record, RDFRecord):
        for partial in record.pairs.values():
            # the bonds of the wall are in the file; a table of the liquid need not repeat them
            if math.isfinite(partial.first_minimum) and not {partial.a, partial.b} <= set(WALL):
                pair = f"{partial.a}-{partial.b}"
                yield Row(f"g(r) {pair}, first peak", f"{partial.peak:.2f} Å")
                yield _row(f"{partial.b} around {partial.a}, to {partial.first_minimum:.2f} Å", partial.coordination)
    elif isinstance(record, StructureFactorRecord):
        yield _row(f"S(q), main peak at {record.peak:.2f} 1/Å", record.peak_height)
    elif isinstance(record, ShortRangeOrderRecord):
        yield from _short_range_rows(record)
    elif isinstance(record, LocalOrderRecord):
        yield from _local_order_rows(record)
    elif isinstance(record, DiffusionRecord):
        note = "" if record.diffusive else f"not diffusive: MSD ~ t^{record.exponent:.2f}"
        yield _row_of_record(f"diffusion of {record.species}", record, note)
    elif isinstance(record, LayerDiffusionRecord):
        for layer, measure in record.layers.items():
            if math.isfinite(measure.value):
                yield _row(f"{record.species} along the wall, {layer}", measure)
    elif isinstance(record, VelocityRecord):
        yield _row_of_record(f"diffusion of {record.species}, from velocities", record)
    elif isinstance(record, ViscosityRecord):
        yield _row_of_record("viscosity", record, "" if record.settled else "the integral has not settled")
    elif isinstance(record, LifetimesRecord):
        yield from _lifetime_rows(record)
    elif isinstance(record, ResidenceRecord):
        if math.isfinite(record.value):
            yield _row_of_record(f"{record.species} stays in the first layer", record)
            yield _row("  exchange rate", record.exchange)
    elif isinstance(record, ResidenceMapRecord):
        pass  # a picture, no number
    elif isinstance(record, CoordinationRecord):
        yield _row_of_record(f"{record.neighbor} around {record.center}, to {record.cutoff:g} Å", record)
        if len(record.by_site) > 1:
            for site, measure in record.by_site.items():
                yield _row(f"  at {site}", measure)
    elif isinstance(record, AffinityRecord):
        yield from _affinity_rows(record)
    elif isinstance(record, DensityRecord):
        for (side, species), position in record.peaks.items():
            yield _row(f"density of {species}, first peak {side}", position)
    elif isinstance(record, GibbsExcessRecord):
        yield from _excess_rows(record)
    elif isinstance(record, FreeEnergyProfileRecord):
        for (side, species), well in record.wells.items():
            yield _row(f"free energy of {species}, well {side} at {well.position.value:.2f} Å", well.depth)
            if math.isfinite(well.barrier.value):
                yield _row(f"  barrier from it, at {well.barrier_position.value:.2f} Å", well.barrier)
    elif isinstance(record, SurfaceTensionRecord):
        yield _row("surface tension", record.tension)
        yield _row("pressure normal to the film", record.normal_pressure)
    elif isinstance(record, ContactAngleRecord):
        yield _row_of_record(f"contact angle, {record.shape}", record)
    elif isinstance(record, ImmersionRecord):
        yield from _immersion_rows(record)
    else:
        yield Row(name, str(record), _trust(record))


def _short_range_rows(record: ShortRangeOrderRecord) -> Iterator[Row]:
    yield _row_of_record(f"short-range order {record.a}-{record.b}, to {record.cutoff:.2f} Å", record)
    for center, measure in record.by_center.items():
        yield _row(f"  around {center}", measure)


def _local_order_rows(record: LocalOrderRecord) -> Iterator[Row]:
    for word, measures in (("q4", record.q4), ("q6", record.q6), ("Voronoi volume", record.volume)):
        for element, measure in measures.items():
            yield _row(f"{word} of {element}", measure)


def _affinity_rows(record: AffinityRecord) -> Iterator[Row]:
    yield _row("affinity per area", record.per_area)
    yield _row("affinity per first-layer atom", record.per_layer_atom)
    for metal, measure in record.by_metal.items():
        yield _row(f"  of {metal}, per atom", measure)
    for site, measure in record.by_site.items():
        yield _row(f"  of {site}, per wall atom in contact", measure)
    for metal, measure in record.layer_atoms.items():
        yield _row(f"{metal} in the first layer", measure)
    for (a, b), measure in record.enrichment.items():
        yield _row(f"enrichment {a}/{b} of the first layer", measure)


def _immersion_rows(record: ImmersionRecord) -> Iterator[Row]:
    trust = _trust(record)
    endothermic = "endothermic: the contact is weak" if record.value < 0.0 else ""
    note = "; ".join(filter(None, (endothermic, trust)))
    yield _row_of_record("heat of immersion, per g of carbon", record, note)
    yield _row("  per wetted face", record.per_area)
    share = f"{100.0 * record.carbon_fraction:g} wt% carbon"
    yield _row(f"  adiabatic rise at {share}", record.temperature_rise)
    for rival in record.competing:
        yield Row(
            f"  beside it: {rival.name}", f"{rival.heat:.0f} J/g, {rival.temperature_rise:.0f} K", rival.confidence
        )


def _excess_rows(record: GibbsExcessRecord) -> Iterator[Row]:
    pair = f"{record.of}/{record.over}"
    for side, measure in record.by_side.items():
        yield _row(f"Gibbs excess of {record.of} relative to {record.over}, {side}", measure)
        yield _row(f"  share of {record.of} in the bulk", record.bulk_composition[side])
    for (side, number), measure in record.enrichment.items():
        end = record.layers[side][number - 1].end
        yield _row(f"  enrichment {pair} in layer {number} {side}, to {end:.1f} Å", measure)


def size_rows(diffusion: Record, viscosity: Record) -> Iterator[Row]:
    """Yield what diffusion would be in an infinite system, where the viscosity of the same run is known."""
    from nakmd.analysis import DiffusionRecord, ViscosityRecord, yeh_hummer  # noqa: PLC0415  (as above)

    if isinstance(diffusion, DiffusionRecord) and isinstance(viscosity, ViscosityRecord):
        try:
            corrected = yeh_hummer(diffusion, viscosity)
        except AnalysisError:
            return
        warnings = [note.removeprefix("WARNING: ") for note in corrected.notes if note.startswith("WARNING")]
        yield _row_of_record("  in an infinite system", corrected, "; ".join(warnings))


def _lifetime_rows(record: LifetimesRecord) -> Iterator[Row]:
    if math.isfinite(record.value):
        yield _row_of_record(f"{record.center}-{record.neighbor} contacts last", record)
        for (site, metal), measure in record.lifetimes.items():
            if len(record.lifetimes) > 1 and math.isfinite(measure.value):
                yield _row(f"  {site}-{metal}", measure)


def _row_of_record(quantity: str, record: Record, note: str = "") -> Row:
    text = _text(record.value, record.error, record.unit, record.n_effective)
    return Row(quantity, text, note or _trust(record), record)


def _row(quantity: str, measure: Measure) -> Row:
    text = _text(measure.value, measure.error, measure.unit, measure.n_effective)
    return Row(quantity, text, _trust(measure), measure)


def _text(value: float, error: float, unit: str, n_effective: float) -> str:
    from nakmd.analysis import Measure  # noqa: PLC0415  (as above)

    return str(Measure(float(value), float(error), unit, float(n_effective))).partition(" (error uncertain")[0]


def _trust(measured: Measure | Record) -> str:
    if measured.trusted or not math.isfinite(measured.n_effective) or not measured.n_effective:
        return ""
    if not math.isfinite(float(measured.error)) or float(measured.error) == 0.0:
        return ""
    return f"error uncertain: {measured.n_effective:.1f} independent samples"
