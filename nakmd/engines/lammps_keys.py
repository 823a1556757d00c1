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
_RESTRAINT = (
    "nakmd chooses its atom when the stage begins and measures to the nearest image, where fix spring and fix smd of "
    "LAMMPS take fixed groups and unwrapped positions"
)

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
        move="fix atom/swap of LAMMPS changes types, not places, and computes the whole energy for every trial",
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
        **_refused(region="a fix of LAMMPS acts on fixed atoms, or in a region that does not follow a group"),
    },
    "Groups": {
        **_translated(frozen="fix setforce 0, no integration", tethered="fix spring/self"),
        **_refused(rigid="fix rigid of LAMMPS does not act in a minimisation, and turns what nakmd only translates"),
    },
    "TimeSteps": _translated(bonds="inner level of run_style respa", rest="timestep"),
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
    "Model": {
        **_translated(
            potential="set or file",
            terms="pair styles",
            affinity="in the coefficients",
            screening="in the tables",
            doping="in the coefficients",
            member="in the coefficients and tables",
            between_layers="pair style, if LAMMPS can tell the layers apart",
            none="pair_coeff none",
        ),
        **_irrelevant(precision="LAMMPS computes in double precision, which is said"),
        **_refused(
            ase="a calculator of ASE is not in LAMMPS",
            arguments="a calculator of ASE is not in LAMMPS",
        ),
    },
}

#: Tables without any counterpart, and why.
WITHOUT_COUNTERPART = {
    "Deposition": "fix deposit of LAMMPS inserts atoms at random places of a region and does not aim at a surface",
}

#: Keys whose tables are not translated one by one: they do their work when the system and the model are built, or after
#: the run.
BUILT = {"Deck": ("structure", "analysis"), "Model": ("terms",)}


def refused_keys(deck: Deck) -> Iterator[Problem]:
    """Yield a problem for each value of a deck that has no counterpart, by the name of its key."""
    yield from _refused_in(deck, (), deck.source.data)


def _refused_in(section: BaseModel, path: KeyPath, data: Any) -> Iterator[Problem]:
    table = type(section).__name__
    if table in WITHOUT_COUNTERPART:
        yield _problem(path, data, WITHOUT_COUNTERPART[table])
        return
    for key, treatment in TREATMENTS[table].items():
        if key not in type(section).model_fields:
            continue  # an option of another kind of stage
        value = getattr(section, key)
        if treatment.fate is Fate.REFUSED:
            if value != type(section).model_fields[key].get_default():
                yield _problem((*path, key), data, treatment.why)
        elif key not in BUILT.get(table, ()):
            for index, entry in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(entry, BaseModel):
                    below = (*path, key, index) if isinstance(value, tuple) else (*path, key)
                    yield from _refused_in(entry, below, data)


def _problem(path: KeyPath, data: Any, why: str) -> Problem:
    return Problem(path, f"{place(path, data)} has no counterpart: {why}. Remove it, or run the deck in nakmd.")
