"""Monte Carlo over the inputs of a study: samples by name, what is possible at all, and the spread of a result."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import FloatArray
from nakmd.errors import InputError
from nakmd.studies.study_figures import StudyFigure, StudyTable
from nakmd.studies.study_inputs import Input

#: Percentiles that are stored of every result; the first and the last are the ends of the 95 % interval.
PERCENTS = (2.5, 5.0, 16.0, 50.0, 84.0, 95.0, 97.5)

#: Standard deviations of a normal input that must be possible.
REACH = 4.0


def sample(inputs: Mapping[str, Mapping[str, Any]], n: int, seed: int) -> dict[str, FloatArray]:
    """Return n samples of every input, (n,), by its name without that of the study.

    Parameters
    ----------
    inputs : mapping of str to mapping
        Entries as in `Inputs.to_dict`.
    n, seed : int
    """
    return {key.partition(".")[2]: Input(**entry).draw(n, seed) for key, entry in inputs.items()}


def require_possible(
    inputs: Mapping[str, Input],
    positive: Collection[str],
    shares: Collection[str],
    exact: Collection[str] = (),
    uncertain: Collection[str] = (),
) -> None:
    """Refuse inputs whose samples would be impossible.

    Parameters
    ----------
    inputs : mapping of str to Input
    positive, shares : collection of str
        Keys of numbers above 0, and of those between 0 and 1.
    exact, uncertain : collection of str
        Keys of numbers that the study uses without their error, and of those whose error it needs.

    Raises
    ------
    InputError
        Naming the first input that is not.
    """
    for key, entry in inputs.items():
        low, high = _reach(entry)
        if key in positive and not low > 0.0:
            raise InputError(
                f"The input {key} reaches {low:g} {entry.unit}, but must be above 0. Give it a low and a high end, "
                "with "
                'distribution = "log-uniform" if it is not known well.'
            )
        if key in shares and not (low >= 0.0 and high <= 1.0):
            end = low if low < 0.0 else high
            raise InputError(
                f"The input {key} reaches {end:g}, but is a share between 0 and 1. Give a low and a high end."
            )
        if key in exact and entry.distribution != "exact":
            raise InputError(
                f"The input {key} is {entry.text}, but the study uses one exact number. Give a value alone."
            )
        if key in uncertain and entry.distribution == "exact":
            raise InputError(f"The input {key} is {entry.text} without an error. Give the error of the measurement.")


def _reach(entry: Input) -> tuple[float, float]:
    """Return the lowest and the highest number that an input is taken to have."""
    if entry.value is not None:
        width = REACH * (entry.error or 0.0)
        return entry.value - width, entry.value + width
    assert entry.low is not None and entry.high is not None  # noqa: PT018  (checked when read)
    return entry.low, entry.high


def spread(values: ArrayLike, weights: FloatArray | None = None) -> dict[str, float]:
    """Return percentiles of samples, and the sampling error of their median.

    Parameters
    ----------
    values : array_like, (n,)
    weights : ndarray, optional, (n,)
        Of importance sampling. Default: all equal.

    Returns
    -------
    dict of str to float
        By percentage, ``"50"``; ``"sampling"``: half the range between the order statistics one standard deviation of
        their number, √n/2, above and below the middle.
    """
    numbers = np.asarray(values, float)
    if weights is None:
        effective = float(len(numbers))
        found = np.percentile(numbers, PERCENTS)
    else:
        effective = effective_number(weights)
        found = _weighted(numbers, weights, np.array(PERCENTS))
    step = min(50.0 / np.sqrt(effective), 50.0)
    around = np.array([50.0 - step, 50.0 + step])
    low, high = np.percentile(numbers, around) if weights is None else _weighted(numbers, weights, around)
    return {**{f"{p:g}": float(x) for p, x in zip(PERCENTS, found)}, "sampling": float(0.5 * (high - low))}


def effective_number(weights: FloatArray) -> float:
    """Return Kish's effective number of weighted samples, (Σw)²/Σw²; 0 if all weights are 0."""
    total = float(np.sum(weights))
    return total * total / float(np.sum(weights * weights)) if total > 0.0 else 0.0


def _weighted(values: FloatArray, weights: FloatArray, percents: FloatArray) -> FloatArray:
    """Return percentiles of weighted samples, linear between the middles of their weights."""
    order = np.argsort(values)
    heaped = np.cumsum(weights[order])
    middles = (heaped - 0.5 * weights[order]) / heaped[-1]
    return np.interp(0.01 * percents, middles, values[order])


def spread_figure(
    found: Mapping[str, float], key: str, title: str, unit: str, group: str, model: str = "", notes: Sequence[str] = ()
) -> StudyFigure:
    """Return the median of a spread as a figure.

    The interval has 95 % of the samples. The error by the inputs, half of the range with 68 %, is in ``numerical``; the
    sampling error of the median in ``statistical``.
    """
    return StudyFigure(
        key=key, title=title, model=model, value=found["50"], unit=unit, statistical=found["sampling"],
        numerical=0.5 * (found["84"] - found["16"]), interval=(found["2.5"], found["97.5"]), group=group,
        notes=tuple(notes),
    )  # fmt: skip


def spread_tables(figures: Sequence[StudyFigure]) -> Iterator[StudyTable]:
    """Yield a table of each group of figures: one row each, with the range of 95 % of the samples if it has one.

    Columns that are empty in all rows are left out.
    """
    columns = ("quantity", "model", "median", "2.5 %", "97.5 %", "unit", "sampling", "systematic")
    note = (
        "Medians and the ranges of 95 % of the samples of the inputs. Sampling: standard error of the median. "
        "Systematic: half the range between models."
    )
    for group in dict.fromkeys(figure.group for figure in figures):
        members = [figure for figure in figures if figure.group == group]
        rows = [_row(figure) for figure in members]
        used = [k for k in range(len(columns)) if any(row[k] for row in rows)]
        sampled = any(figure.interval is not None for figure in members)
        yield StudyTable(
            group or "Figures", [columns[k] if sampled or columns[k] != "median" else "value" for k in used],
            [[row[k] for k in used] for row in rows], note if sampled else "",
        )  # fmt: skip


def _row(figure: StudyFigure) -> tuple[str, ...]:
    """Return the cells of a figure."""
    low, high = ("", "") if figure.interval is None else (short(end) for end in figure.interval)
    return (
        figure.title, figure.model, "–" if figure.value is None else short(figure.value), low, high,
        "" if figure.unit == "1" else figure.unit, _small(figure.statistical), _small(figure.model_error),
    )  # fmt: skip


def short(value: float, digits: int = 3) -> str:
    """Return a number with some significant digits, and without an exponent from 1e-4 to 1e6.

    Examples
    --------
    >>> short(1946.3), short(-0.01234, 2), short(150.0, 1)
    ('1950', '-0.012', '200')
    """
    return f"{float(f'{value:.{digits}g}'):g}"


def ends(figure: StudyFigure) -> tuple[float, float]:
    """Return the ends of the interval of a figure from `spread_figure`."""
    assert figure.interval is not None
    return figure.interval


def median_text(figure: StudyFigure) -> str:
    """Return the median of a figure from `spread_figure` with the range of 95 % and the unit."""
    low, high = ends(figure)
    unit = "" if figure.unit == "1" else f" {figure.unit}"
    around = f" ({short(low, 2)} … {short(high, 2)})" if low < high else ""
    return f"{short(figure.value or 0.0, 2)}{around}{unit}"


def _small(error: float | None) -> str:
    return "" if error is None else short(error, 1)
