"""What a kind of thermostat or barostat can be told beyond set point, time constant and group."""

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
        that decks write with a unit.
    description : str
        One clause for the schema, with the value that holds where the key is left out.
    """

    name: str
    quantity: Literal["count", "duration", "compressibility"]
    description: str
