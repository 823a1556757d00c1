"""Heats of reactions that compete with wetting when carbon meets liquid NaK, from ``reaction_heats.toml``.

They are inputs of a study and numbers of an analysis, which know nothing of each other: this is their one place.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: The file; its entries are ``heat.NAME``.
HEATS_FILE = Path(__file__).with_name("reaction_heats.toml")


@dataclass(frozen=True, kw_only=True)
class ReactionHeat:
    """The heat of a reaction.

    Attributes
    ----------
    value : float [unit]
        The middle of the range where the file has one.
    unit : str
    source : str
        With the note of the entry, if it has one.
    """

    value: float
    unit: str
    source: str


@cache
def reaction_heats() -> dict[str, ReactionHeat]:
    """Return the heats by name.

    ``"kc8"`` is in J per g of carbon, ``"replacement"`` in eV, ``"oxygen_heat"`` and ``"water_heat"`` in kJ/mol.

    >>> reaction_heats()["oxygen_heat"].value
    300.0
    """
    entries = tomllib.loads(HEATS_FILE.read_text(encoding="utf-8"))["heat"]
    return {
        name: ReactionHeat(
            value=float(entry["value"] if "value" in entry else 0.5 * (entry["low"] + entry["high"])),
            unit=entry["unit"], source="; ".join(entry[key] for key in ("source", "note") if key in entry),
        )
        for name, entry in entries.items()
    }  # fmt: skip
