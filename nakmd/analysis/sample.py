"""The frames behind a result: how many, from when on, and what had not settled in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """The frames, or rows of the thermo table, that a result was measured in.

    Attributes
    ----------
    used, total : int
        Number of frames used, and of frames in the stages measured.
    of : {"frames", "rows"}
    first, last : float [ps]
        Times of the first and the last frame used.
    left_out : str
        Why the first frames were left out: ``"equilibration"`` (detected), ``"start"`` or ``"discard"`` (options), or
        two of them with ``", "`` between; empty if none was.
    judged : bool
        Whether the run is long enough, and has energies, to tell if it had settled.
    unsettled : tuple of str
        Quantities of the run that had not settled in these frames, each with the reason.
    stages : tuple of str
        Names of the stages that the frames come from, in order; empty if the frames have none.
    unjudged : tuple of str
        Quantities of which it is not known if they had settled, each with the reason.
    ordered : bool
        Whether the frames have times that do not decrease. Otherwise frames are left out by their number.
    """

    used: int
    total: int
    of: str
    first: float
    last: float
    left_out: str = ""
    judged: bool = False
    unsettled: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    ordered: bool = True

    @property
    def text(self) -> str:
        """The frames used, for tables."""
        if self.used == self.total:
            return f"all {self.total:,} {self.of}"
        return f"{self.used:,} of {self.total:,} {self.of}, from {self._begin}"

    @property
    def note(self) -> str:
        """What was left out, as a sentence; empty if nothing was."""
        if self.used == self.total:
            return ""
        words = {"equilibration": "equilibration, detected", "start": "start was given"}
        why = "; then ".join(words.get(reason, "discarded") for reason in self.left_out.split(", "))
        return f"Everything before {self._begin} is left out ({why})."

    @property
    def _begin(self) -> str:
        return f"{self.first:.4g} ps" if self.ordered else f"frame {self.total - self.used + 1:,}"
