"""Keys of a stage, derived from the registered thermostats, barostats, minimisers and moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model

from nakmd.deck.ensemble_words import ENSEMBLE_WORDS
from nakmd.deck.fields import Compressibility, Energy, PositiveDuration, Section
from nakmd.deck.key_facts import notes
from nakmd.integrators import BAROSTATS, MINIMISERS, MOVES, THERMOSTATS
from nakmd.integrators.coupling import Coupling
from nakmd.integrators.move import Move

if TYPE_CHECKING:
    Ensemble = str
    BathKind = str
    BarostatKind = str
    MinimiserKind = str
    MoveKind = str
else:
    Ensemble = Literal["nve", *ENSEMBLE_WORDS, "baths", *THERMOSTATS]
    BathKind = Literal[tuple(THERMOSTATS)]
    BarostatKind = Literal[tuple(BAROSTATS)]
    MinimiserKind = Literal[tuple(MINIMISERS)]
    MoveKind = Literal[tuple(MOVES)]

_TYPES: dict[str, Any] = {
    "count": Annotated[int, Field(strict=True, ge=1, le=1000)],
    "duration": PositiveDuration,
    "compressibility": Annotated[Compressibility, Field(gt=0.0)],
    "energy": Energy,
    "fraction": Annotated[float, Field(strict=True, gt=0.0, le=1.0)],
}


#: A registry whose kinds have options.
Kinds = Mapping[str, type[Coupling]] | Mapping[str, type[Move]]


def meanings(kinds: Mapping[str, Any]) -> dict[str, str]:
    """Return the name of each kind in the deck, and the first sentence of its docstring."""
    return {name: _summary(kind) for name, kind in kinds.items()}


def _summary(kind: type) -> str:
    line = (kind.__doc__ or "").strip().splitlines()[0].rstrip(".")
    return line[:1].lower() + line[1:]


def _with_options(name: str, key: str, kinds: Kinds) -> type[Section]:
    """Return a section whose optional keys are the options of all kinds."""
    fields: dict[str, tuple[Any, Any]] = {}
    for option in (option for kind in kinds.values() for option in kind.options):
        owners = " or ".join(f'"{owner}"' for owner, kind in kinds.items() if option in kind.options)
        fields[option.name] = (
            _TYPES[option.quantity] | None,
            Field(
                default=None,
                description=f"Only with {key} = {owners}: {option.description}.",
                examples=[option.example],
                json_schema_extra=notes(default=option.default),
            ),
        )
    return create_model(name, __base__=Section, **fields)  # type: ignore[call-overload, no-any-return]


def chosen_options(section: Section, chosen: str, kinds: Kinds) -> dict[str, Any]:
    """Return the options set in a section, as keyword arguments of the kind named ``chosen``.

    Raises
    ------
    ValueError
        If the section sets an option that this kind does not have.
    """
    known = {option.name for option in kinds[chosen].options} if chosen in kinds else set()
    given: dict[str, Any] = {}
    for name in dict.fromkeys(option.name for kind in kinds.values() for option in kind.options):
        value = getattr(section, name)
        if value is None:
            continue
        if name not in known:
            owners = " or ".join(
                f'"{owner}"' for owner, kind in kinds.items() if name in {option.name for option in kind.options}
            )
            raise ValueError(f'has {name}, which "{chosen}" does not use; remove it, or choose {owners}')
        given[name] = value
    return given


if TYPE_CHECKING:
    ThermostatOptions = Section
    BarostatOptions = Section
    MoveOptions = Section
else:
    ThermostatOptions = _with_options("ThermostatOptions", "ensemble", THERMOSTATS)
    BarostatOptions = _with_options("BarostatOptions", "kind", BAROSTATS)
    MoveOptions = _with_options("MoveOptions", "kind", MOVES)
