"""Axes of figures: numbers as they are written elsewhere."""

import pytest

from nakmd.analysis.plotting import figure_for, logarithmic


@pytest.mark.parametrize(
    ("low", "high", "shown"), [(0.75, 1.3, {"0.8", "0.9", "1"}), (2e-3, 40.0, {"0.01", "0.1", "1", "10"})]
)
def test_a_logarithmic_axis_has_plain_numbers(low, high, shown):
    figure, ax = figure_for(None)
    logarithmic(ax)
    ax.plot([0.0, 1.0], [low, high])
    figure.canvas.draw()
    labels = {tick.get_text() for tick in (*ax.get_yticklabels(), *ax.get_yticklabels(minor=True))}
    assert shown <= labels
    assert not any("e" in label or "^" in label for label in labels)
