"""Means over models at the same conditions: their statistical error, and the spread between the models apart."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nakmd.analysis.numerics.model_spread import mean_over_models
from nakmd.sweep_results.run_figure import FigureKey
from nakmd.sweep_results.seed_average import CombinedFigure, condition_of
from nakmd.sweep_results.stored_sweep import Label


@dataclass(frozen=True, kw_only=True)
class ModelMean:
    """A number as the mean over the models of a sweep.

    Attributes
    ----------
    labels : mapping of str to Label
        Value of each axis but seeds and models.
    record, name, unit : str
        As in `FigureKey`.
    value : float
        Mean over the models, each with equal weight.
    error : float or None
        Its statistical standard error.
    model_spread : float or None
        Standard deviation between the models beyond their statistical errors; None if one of them is unknown.
    models : int
    """

    labels: Mapping[str, Label]
    record: str
    name: str
    unit: str
    value: float
    error: float | None
    model_spread: float | None
    models: int

    @property
    def key(self) -> FigureKey:
        """What it may be compared with."""
        return FigureKey(self.record, self.name, self.unit)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain numbers and strings."""
        return {**asdict(self), "labels": dict(self.labels)}


def average_models(
    combined: Sequence[CombinedFigure], model_axes: Sequence[str]
) -> tuple[list[ModelMean], list[CombinedFigure]]:
    """Return the means over the models, and the figures with the spread between the models.

    Parameters
    ----------
    combined : sequence of CombinedFigure
    model_axes : sequence of str
        Names of the axes of models; without any there are no means.
    """
    if not model_axes:
        return [], list(combined)
    groups: dict[tuple[FigureKey, str], list[int]] = defaultdict(list)
    for row, figure in enumerate(combined):
        groups[figure.key, condition_of(figure.labels, model_axes)].append(row)
    means, marked = [], list(combined)
    for rows in groups.values():
        members = [combined[row] for row in rows]
        if len(members) < 2:
            continue
        errors = [math.nan if member.error is None else member.error for member in members]
        value, error, spread = mean_over_models([member.value for member in members], errors)
        first = members[0]
        mean = ModelMean(
            labels={name: label for name, label in first.labels.items() if name not in model_axes},
            record=first.record,
            name=first.name,
            unit=first.unit,
            value=value,
            error=error if math.isfinite(error) else None,
            model_spread=spread if math.isfinite(spread) else None,
            models=len(members),
        )
        means.append(mean)
        for row in rows:
            marked[row] = replace(combined[row], model_spread=mean.model_spread, models=mean.models)
    return means, marked
