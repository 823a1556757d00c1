"""Records of a mean time in a state, from the events that end it."""

from __future__ import annotations

import math

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.table_row import Row, WithError

#: Expected events below which no event is seen with a probability over 5 %.
EVENTS_EXCLUDED = -math.log(0.05)


class DwellRecord(Record):
    r"""A mean time in a state: ``value`` [ps] is the time spent in it per event that ends it.

    In a steady state as many times begin as end, and this ratio is the mean over all times from their begin to their
    end, whatever their distribution; it equals the integral of the survival function of times that just began. A
    value above ``window`` rests on few events and on the steady state: it is an extrapolation.

    Attributes
    ----------
    window : float [ps]
        Time from the first to the last frame.
    lower_bound : float [ps]
        Without any event, with 95 % confidence for independent events: time in the state / ln 20. NaN otherwise.
    """

    window: float
    lower_bound: float

    @property
    def exceeds_window(self) -> bool:
        """Whether the mean time is longer than the time observed."""
        return math.isfinite(self.lower_bound) or self.value > self.window

    def main_row(self, quantity: str, event: str) -> Row:
        """Return the row of the main number, or of its lower bound.

        Parameters
        ----------
        quantity, event : str
            Name of the row, and what ends the time, as ``"contact broke"``.
        """
        if math.isfinite(self.value):
            return Row.of(quantity, self, window_note(self, self.window), law="inverse-arrhenius")
        if not math.isfinite(self.lower_bound):
            return Row(quantity, "undefined", "never in this state")
        note = f"lower bound (95 %): no {event} in {self.window:.3g} ps"
        return Row(quantity, f"> {self.lower_bound:.3g} ps", note)


def window_note(time: WithError, window: float) -> str:
    """Return the warning about a mean time [ps] longer than the window [ps] it was measured in, or an empty string."""
    return f"longer than the {window:.3g} ps observed: extrapolated" if time.value > window else ""


def lower_bound_of(time: Measure, in_state: float) -> float:
    """Return the lower bound [ps] of a mean time without a value, from the total time in the state [ps]."""
    return in_state / EVENTS_EXCLUDED if not math.isfinite(time.value) and in_state > 0.0 else math.nan
