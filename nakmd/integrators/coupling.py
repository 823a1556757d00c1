"""What thermostats and barostats have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar

from nakmd.integrators.option import Option


class Coupling(ABC):
    """Couples atoms or cell to a bath, and accounts for the work that the bath does.

    Attributes
    ----------
    label : str
        Its name in reports and messages.
    options : tuple of Option
        Arguments of its own that decks offer.
    work : float [eV]
        Energy given to the atoms since the stage began.
    """

    label: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    work: float = 0.0

    def state(self) -> dict[str, Any]:
        """Return what a resumed run must know; kinds with variables of their own add them."""
        return {"work": self.work}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore a state, after `start`."""
        self.work = float(state["work"])
