"""What a kind of thermostat, barostat or move can be told beyond the keys that all kinds have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Option:
    """A keyword of one kind, which decks offer under the same name.

    Attributes
    ----------
    name : str
        Of the argument of the class and of the key in a deck.
    quantity : str
        ``"count"`` is a whole number from 1; ``"duration"`` (ps) and ``"compressibility"`` (Å³/eV) are positive numbers
        that decks write with a unit, ``"energy"`` (eV) one of either sign; ``"fraction"`` is above 0 and at most 1.
    description : str
        One clause for the schema.
    default : str
        What holds where the key is left out, behind "By default".
    example : int, float or str
        A value as a deck has it.
    """

    name: str
    quantity: Literal["count", "duration", "compressibility", "energy", "fraction"]
    description: str
    default: str
    example: int | float | str
