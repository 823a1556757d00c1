"""Read claims: one TOML file each, all keys checked, one message for each fault.

.. code-block:: toml

    id = "X1"
    claim = "Na dissolved in K is more stable than K dissolved in Na."
    topic = "exchange"
    quantity = "energy of substitution"
    kind = "direction"                  # direction, value, regime, existence, parent
    direction = "A < B"                 # of a regime: "A < 0.1"; of a value: value, error, unit, tolerance
    study = "exchange"                  # a study, or a record: nakmd/studies/claims/figure_sources.py
    models = ["nak-2016", "johnson-oh-nak"]
    anchor = ["PBE"]                    # names of the figures that models are held against
    anchor_tolerance = "50 %"           # or a number; default: the error of the anchor
    put_in = []                         # models that were fitted to it
    reach = "inside"                    # inside, proxy, outside; the last two need reach_note
    limits = ["Crystals without electrons."]
    settle = "Calorimetry of dilute alloys."

    [figures]
    A = "substitution.Na in K"
    B = "substitution.K in Na"

    [[source]]
    text = "who says it"
    doi = ""
    doi_note = "the DOI could not be read"
    read = "abstract"                   # full, abstract, secondary

    [[stated]]                          # optional: a figure that no study computes
    figure = "A"
    model = "experiment"
    value = 0.08
    error = 0.01
    unit = "eV"
    source = "a paper"
    evidence = "published"

A parent has kind = "parent" and children = ["X3a", "X3b"] instead of the test.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nakmd.errors import FileFormatError, InputError, did_you_mean
from nakmd.potentials.files.texts import read_text
from nakmd.resources import data_folder
from nakmd.studies.claims import claim_faults as faults
from nakmd.studies.claims.published_claim import PARENT, ClaimSource, PublishedClaim, StatedFigure
from nakmd.studies.study_inputs import Input, fault_of_entry, filled_entry
from nakmd.toml_lines import LineMap

#: First letters of the claims of nakmd, in order; others follow.
_ORDER = "XRWLDC"

_ID = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]*$")


def load_claims(source: str | Path | None = None) -> dict[str, PublishedClaim]:
    """Return claims by identifier, in order of their files.

    Parameters
    ----------
    source : path, optional
        A file or a folder of files ``*.toml``. Default: the claims of nakmd.

    Raises
    ------
    InputError
        One message for each fault of a file; two claims with one identifier; a child that does not exist or is its own
        parent; no claim at all.
    """
    place = data_folder("claims") if source is None else Path(source)
    files = sorted(place.glob("*.toml"), key=_order) if place.is_dir() else [place]
    if not files:
        raise InputError(f"{place}: there are no claims. A claim is a file *.toml (claims/README.md).")
    claims: dict[str, PublishedClaim] = {}
    for file in files:
        one = read_claim(file)
        if one.id in claims:
            raise FileFormatError(file, f"the id {one.id!r} is taken by {claims[one.id].path}.", "Choose another.")
        claims[one.id] = one
    _check_family(claims)
    return claims


def read_claim(path: str | Path) -> PublishedClaim:
    """Return the claim of one file.

    Raises
    ------
    InputError
        One line for each fault, with its line in the file.
    """
    path = Path(path)
    text = read_text(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(path, f"is no valid TOML: {error}.") from None
    lines = LineMap.of(text)
    found = [*faults.of_claim(content), *_stated_faults(content)]
    if "id" in content and isinstance(content["id"], str) and not _ID.match(content["id"]):
        found.append((("id",), f"id is {content['id']!r}. Use letters, digits, dots and dashes, a letter first."))
    if found:
        raise InputError("\n".join(str(FileFormatError(path, said, "", lines.find(where))) for where, said in found))
    return _built(content, path)


def _built(content: Mapping[str, Any], path: Path) -> PublishedClaim:
    """Return the claim of a content without faults."""
    fields = dict(content)
    sources = tuple(ClaimSource(**entry) for entry in fields.pop("source"))
    stated = tuple(
        StatedFigure(figure=entry["figure"], model=entry["model"], entry=_input_of(entry, content["id"]))
        for entry in fields.pop("stated", [])
    )
    fields["anchors"] = fields.pop("anchor", [])
    for name in ("children", "models", "anchors", "put_in", "limits", "sensitivity"):
        fields[name] = tuple(fields.get(name, ()))
    fields.setdefault("figures", {})
    for name in ("value", "error", "tolerance"):
        if name in fields:
            fields[name] = float(fields[name])
    return PublishedClaim(**fields, sources=sources, stated=stated, path=path)


def _input_of(entry: Mapping[str, Any], name: str) -> Input:
    return Input(key=f"{name}.{entry['figure']}", **filled_entry(_number_of(entry)))


def _number_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in entry.items() if key not in ("figure", "model")}


def _stated_faults(content: Mapping[str, Any]) -> Iterator[faults.Fault]:
    """Yield the faults of figures that are stated, in the words of the inputs of studies."""
    stated = content.get("stated", [])
    if not isinstance(stated, list):
        yield ("stated",), "stated is no list of tables. Write [[stated]]."
        return
    for row, entry in enumerate(stated):
        where = ("stated", row)
        if not isinstance(entry, dict):
            yield where, "stated is no list of tables. Write [[stated]]."
            continue
        missing = next(
            (key for key in ("figure", "model") if not isinstance(entry.get(key), str) or not entry[key]), ""
        )
        figures = content.get("figures", {})
        if missing:
            yield where, f"a stated figure has no {missing}."
        elif isinstance(figures, dict) and entry["figure"] not in figures:
            yield where, f"there is no figure {entry['figure']!r} in [figures]."
        else:
            said = fault_of_entry(_number_of(entry))
            if said is not None:
                yield where, f"the stated figure {said}"


def _check_family(claims: Mapping[str, PublishedClaim]) -> None:
    """Raise `InputError` if a child does not exist, or a claim is a part of itself."""
    for one in claims.values():
        for child in one.children:
            if child not in claims:
                raise FileFormatError(
                    one.path, f"there is no claim {child!r} among its children.", did_you_mean(child, claims)
                )
        seen, waiting = {one.id}, list(one.children)
        while waiting:
            child = waiting.pop()
            if child == one.id:
                raise FileFormatError(one.path, f"the claim {one.id} is a part of itself.", "Change children.")
            if child not in seen:
                seen.add(child)
                waiting += claims[child].children


def _order(path: Path) -> tuple[int, str, int, str]:
    """Return what files are ordered by: the letter of the topic, the number, the rest."""
    found = re.match(r"^([A-Za-z]*)(\d*)(.*)$", path.stem)
    assert found is not None  # every text matches
    place = _ORDER.find(found[1]) if len(found[1]) == 1 else -1
    return place if place >= 0 else len(_ORDER), found[1], int(found[2] or 0), found[3]


def is_parent(claim: PublishedClaim) -> bool:
    """Whether a claim is judged by its children."""
    return claim.kind == PARENT
