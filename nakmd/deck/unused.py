"""Keys of a deck that have no effect, and entries that another one would override."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nakmd.deck.carbon_sections import CarbonFile, Graphene, Tubes, WalledTubes
from nakmd.deck.matter import Groups, Structure
from nakmd.deck.messages import Problem
from nakmd.deck.schema import AnalysisSection
from nakmd.deck.stage_sections import Dynamics, Relax


def check_unused_lengths(structure: Structure) -> Iterator[Problem]:
    """Yield lengths that this structure does not use: no given value may be ignored silently."""
    liquid, carbon, box = structure.liquid, structure.carbon, structure.box
    region = None if liquid is None else liquid.region
    if box is not None and box.lengths is not None and (liquid is None or carbon is not None):
        yield Problem(
            ("structure", "box", "lengths"),
            "[structure.box] lengths are only for a bulk liquid; here the cell follows from the structure. "
            "Remove this key.",
        )
    if box is not None and box.vacuum is not None:
        filled = isinstance(carbon, Tubes) and region == "around"
        filled |= isinstance(carbon, Graphene) and region == "between" and carbon.layers == 1
        given = isinstance(carbon, CarbonFile) and region != "beside"
        slab = structure.crystal is not None and structure.crystal.face is not None
        if filled or given or (liquid is None and carbon is None and not slab):
            why = "the liquid fills the cell" if filled else "the cell is given by the file or the crystal"
            yield _unused(("structure", "box", "vacuum"), why)
    if liquid is None or liquid.thickness is None:
        return
    film = carbon is None and box is not None and box.vacuum is not None
    in_file = isinstance(carbon, CarbonFile) and region != "beside"
    if region in ("inside", "droplet") or in_file or (carbon is None and not film):
        uses = "a liquid without carbon uses it for a film, which needs a [structure.box] vacuum"
        if carbon is not None:
            uses = 'it is for a liquid "around" a tube, "beside" carbon or "between" sheets, if no file gives the cell'
        yield _unused(("structure", "liquid", "thickness"), uses)
    elif film and box is not None and box.lengths is not None:
        yield Problem(
            ("structure", "liquid", "thickness"),
            "[structure.liquid] thickness and the third of [structure.box] lengths mean the same. Keep one of them.",
        )


def check_unused_keys(structure: Structure) -> Iterator[Problem]:
    """Yield given keys that this structure does not use: no given value may be ignored silently."""
    liquid, carbon = structure.liquid, structure.carbon
    region = None if liquid is None else liquid.region
    if isinstance(carbon, Graphene):
        between = region == "between"
        reasons = {}
        if carbon.layers == 1:
            reasons = dict.fromkeys(("gap", "stacking"), "one layer has no neighbour")
        elif between:
            reasons["gap"] = "the sheets are as far apart as the liquid between them, [structure.liquid] thickness"
        for key in sorted(reasons.keys() & carbon.model_fields_set):
            yield _unused(("structure", "carbon", key), reasons[key])
    if isinstance(carbon, WalledTubes) and len(carbon.walls) == 1 and "strain" in carbon.model_fields_set:
        yield _unused(("structure", "carbon", "strain"), "one wall has the length of its periods")
    if carbon is not None and carbon.doping is not None:
        doping = carbon.doping
        reasons = {}
        if not doping.fractions:
            reasons["distance"] = "no site type has a fraction above 0"
        if not doping.pyridinic:
            reasons["nitrogens_per_site"] = "pyridinic = 0, so no site has a vacancy with nitrogen around it"
        for key in sorted(reasons.keys() & doping.model_fields_set):
            yield _unused(("structure", "carbon", "doping", key), reasons[key])
    if liquid is not None and region != "droplet":
        for key in sorted({"contact_angle", "radius"} & liquid.model_fields_set):
            yield _unused(("structure", "liquid", key), f'region = "{region}" is not a droplet')


def check_analysis_times(analysis: AnalysisSection, stages: Sequence[Relax | Dynamics]) -> Iterator[Problem]:
    """Yield an interval that only live analyses use, options of no quantity, and a start after the end of the run."""
    if analysis.every is not None and analysis.when == "after":
        yield _unused(
            ("analysis", "every"), 'when = "after" measures each frame of the trajectory ([output] trajectory_every)'
        )
    if analysis.immersion.surface_energy is not None and "immersion" not in (analysis.quantities or ("immersion",)):
        yield _unused(("analysis", "immersion", "surface_energy"), 'quantities lacks "immersion"')
    end = sum(stage.n_steps * stage.outer_step for stage in stages if isinstance(stage, Dynamics))
    if analysis.start is not None and analysis.start >= end * (1.0 + 1e-9):
        yield Problem(
            ("analysis", "start"),
            f"[analysis] start is {analysis.start:g} ps, and the run ends at {end:g} ps: nothing would be measured. "
            "Give an earlier start, or longer stages.",
        )


def check_tethers(groups: Groups) -> Iterator[Problem]:
    """Yield tethers of a group that has one already: only one spring can act on it."""
    springs: dict[str, float] = {}
    for index, tether in enumerate(groups.tethered):
        if tether.group in springs:
            yield Problem(
                ("groups", "tethered", index, "group"),
                f'"{tether.group}" already has a tether, of {springs[tether.group]:g} eV/Å². Keep one of the two.',
            )
        springs.setdefault(tether.group, tether.spring)


def _unused(path: tuple[str, ...], why: str) -> Problem:
    *tables, key = path
    return Problem(path, f"[{'.'.join(tables)}] {key} is not used here: {why}. Remove this key.")
