"""Keys of the structure and of the groups that have no effect, and entries that another one would override."""

from __future__ import annotations

from collections.abc import Iterator

from nakmd.deck.matter import Graphene, Groups, Structure
from nakmd.deck.messages import Problem


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
    if carbon is not None and carbon.doping is not None:
        doping = carbon.doping
        reasons = {}
        if not doping.fractions:
            reasons["distance"] = "no site type has a fraction above 0"
        if not doping.pyridinic:
            reasons["nitrogens_per_site"] = "pyridinic = 0, so no site has a vacancy with nitrogen around it"
        for key in sorted(reasons.keys() & doping.model_fields_set):
            yield _unused(("structure", "carbon", "doping", key), reasons[key])
    if liquid is not None and region != "droplet" and "contact_angle" in liquid.model_fields_set:
        yield _unused(("structure", "liquid", "contact_angle"), f'region = "{region}" is not a droplet')


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
