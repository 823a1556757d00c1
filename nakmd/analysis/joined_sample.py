"""What is known of the frames behind a number that was made from several results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from nakmd.analysis.sample import Sample
from nakmd.analysis.table_row import WithError


def joined_sample(runs: Iterable[tuple[str, Sample | None]]) -> Sample | None:
    """Return the frames of several runs together; None if no run has a sample.

    Parameters
    ----------
    runs : iterable of (str, Sample or None)
        Name of each run, as in ``"run 2"``, and its sample.

    Returns
    -------
    Sample or None
        Numbers of frames are sums, times are those of the earliest and of the latest frame. The runs are judged if
        each of them is.
    """
    known = [(run, sample) for run, sample in runs if sample is not None]
    samples = [sample for _, sample in known]
    if not samples:
        return None
    reasons = [reason for sample in samples for reason in sample.left_out.split(", ") if reason]
    return Sample(
        used=sum(sample.used for sample in samples),
        total=sum(sample.total for sample in samples),
        of=samples[0].of,
        first=min(sample.first for sample in samples),
        last=max(sample.last for sample in samples),
        left_out=", ".join(dict.fromkeys(reasons)),
        judged=all(sample.judged for sample in samples),
        unsettled=_in_runs((run, sample.unsettled) for run, sample in known),
        stages=tuple(dict.fromkeys(stage for sample in samples for stage in sample.stages)),
        unjudged=_in_runs((run, sample.unjudged) for run, sample in known),
        ordered=all(sample.ordered for sample in samples),
    )


def sample_with_references(sample: Sample | None, references: Mapping[str, Sample]) -> Sample | None:
    """Return a sample with what had not settled, or could not be judged, in reference runs by name."""
    if sample is None:
        return None
    return replace(
        sample,
        unsettled=(*sample.unsettled, *_in_runs((run, other.unsettled) for run, other in references.items())),
        unjudged=(*sample.unjudged, *_in_runs((run, other.unjudged) for run, other in references.items())),
    )


def strongest_trend(numbers: Iterable[WithError]) -> float | None:
    """Return the trend of largest magnitude, in standard errors; None if it is unknown for all numbers."""
    return max((number.trend for number in numbers if number.trend is not None), key=abs, default=None)


def _in_runs(entries: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    """Return entries ``"quantity: reason"`` with the name of their run after the quantity."""
    parted = [(run, entry.partition(":")) for run, of_run in entries for entry in of_run]
    return tuple(f"{quantity} in {run}:{reason}" for run, (quantity, _, reason) in parted)
