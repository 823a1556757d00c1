"""What an export to LAMMPS makes of each key of a deck: none may be forgotten, or read and ignored."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from pydantic import BaseModel

from nakmd.deck.deck import Deck
from nakmd.deck.messages import Problem, place
from nakmd.toml_lines import KeyPath


class Fate(Enum):
    """What becomes of a key."""

    #: It is in the files of the export.
    TRANSLATED = "translated"
    #: It changes nothing of what LAMMPS computes.
    IRRELEVANT = "irrelevant"
    #: A deck that gives it is refused.
    REFUSED = "refused"


class Treatment(NamedTuple):
    """What becomes of a key, and where or why."""

    fate: Fate
    why: str


def _translated(**keys: str) -> dict[str, Treatment]:
    return {key: Treatment(Fate.TRANSLATED, why) for key, why in keys.items()}


def _irrelevant(**keys: str) -> dict[str, Treatment]:
    return {key: Treatment(Fate.IRRELEVANT, why) for key, why in keys.items()}


def _refused(**keys: str) -> dict[str, Treatment]:
    return {key: Treatment(Fate.REFUSED, why) for key, why in keys.items()}


_NAME = "name of the stage in print and manifest"
_RESTRAINT = "the coordinates of restraints are not coordinates of a fix of LAMMPS"

_STAGE = {
    **_translated(
        kind="relaxation or dynamics; purpose in the manifest",
        name=_NAME,
        timestep="timestep",
        ensemble="fix nve, langevin, temp/csvr, nvt",
        group="group of the fix",
        temperature="start and end of the fix",
        tau="time constant of the fix",
        chain="tchain of fix nvt",
        velocities="velocity create; of the first stage the data file",
        barostat="fix nph or npt",
        bath="one fix each",
        steps="run or minimize",
        duration="run",
    ),
    **_refused(
        move="LAMMPS has no such exchange of places at this cost: fix atom/swap computes all energies for every trial",
        restraint=_RESTRAINT,
    ),
}

#: Treatment of each key, by the class of its table.
TREATMENTS: dict[str, dict[str, Treatment]] = {
    "Deck": {
        **_translated(
            title="first line of the input",
            seed="seeds of the fixes, and the velocities of the first stage",
            model="potential.in and its tables",
            structure="system.data",
            groups="groups and fixes of all stages",
            stage="the stages",
            output="thermo, dump and restart",
        ),
        **_irrelevant(analysis="nakmd measures the trajectory afterwards"),
    },
    "Relax": {
        **_translated(
            kind="minimize", name=_NAME, method="min_style", steps="iterations of minimize", force="force tolerance"
        ),
        **_refused(restraint=_RESTRAINT),
    },
    "Prepare": _STAGE,
    "Produce": _STAGE,
    "BarostatSection": _translated(
        kind="fix nph or npt",
        pressure="start and end of the piston",
        axes="x, y, z and couple",
        tau="time constant of the piston",
        chain="pchain",
    )
    | _irrelevant(compressibility="sets the pace of cell rescaling, and LAMMPS has a piston in its place"),
    "BathSection": {
        **_translated(
            ensemble="fix", group="its group", temperature="start and end", tau="time constant", chain="tchain"
        ),
        **_refused(region="a fix of LAMMPS acts on fixed atoms or in fixed regions, not beyond a distance from a group"),
    },
    "Groups": {
        **_translated(frozen="fix setforce 0, no integration", tethered="fix spring/self"),
        **_refused(rigid="fix rigid of LAMMPS does not act in a minimisation, and turns what nakmd only translates"),
    },
    "Tether": _translated(group="its group", spring="spring constant"),
    "Output": {
        **_translated(
            trajectory_every="dump",
            thermo_every="thermo",
            checkpoint_every="restart",
            atoms="group of the dump",
            velocities="columns of the dump",
        ),
        **_irrelevant(
            precision="the dump has all digits; `nakmd run --engine lammps` stores them as the deck says",
            compression="of the trajectory of nakmd, not of the dump",
        ),
        **_refused(
            virials="LAMMPS divides the virial of many-body terms among atoms in another way",
            heat_current="LAMMPS divides the virial of many-body terms among atoms in another way",
        ),
    },
    "Deposition": {},
}

#: Tables that are written as built: their keys have done their work before the export.
BUILT = ("model", "structure", "analysis")


def refused_keys(deck: Deck) -> Iterator[Problem]:
    """Yield a problem for each value of a deck that has no counterpart, by the name of its key."""
    data = deck.source.data
    for path, section in _sections(deck, ()):
        kinds = TREATMENTS.get(type(section).__name__, {})
        if not kinds:
            where = place(path, data)
            yield Problem(path, f"{where}: LAMMPS has no counterpart of the deposition of nakmd. Remove this stage.")
        for key, treatment in kinds.items():
            if treatment.fate is Fate.REFUSED and _is_given(section, key):
                where = place((*path, key), data)
                yield Problem((*path, key), f"{where} has no counterpart: {treatment.why}. Remove it, or use nakmd.")


def _sections(section: BaseModel, path: KeyPath) -> Iterator[tuple[KeyPath, BaseModel]]:
    """Yield the tables of a deck that are translated, with their paths."""
    yield path, section
    for name in type(section).model_fields:
        if not path and name in BUILT:
            continue
        value = getattr(section, name)
        several = value if isinstance(value, tuple) else (value,)
        for index, entry in enumerate(several):
            if isinstance(entry, BaseModel):
                yield from _sections(entry, (*path, name, index) if isinstance(value, tuple) else (*path, name))


def _is_given(section: BaseModel, key: str) -> bool:
    """Return whether a table has a key with another value than its default; a kind need not have every key."""
    field: Any = type(section).model_fields.get(key)
    return field is not None and getattr(section, key) != field.get_default()
