"""Axes of a sweep with the same values, which were perhaps meant as one."""

from __future__ import annotations

from nakmd.runs.sweep_index import SweepIndex


def alike_axes(index: SweepIndex) -> str:
    """Return a remark on axes that have the same values and are combined with each other; empty if there are none.

    The temperature of a liquid and of two stages as three axes are 27 points at three temperatures, most of which cool
    or heat the liquid between its stages.
    """
    groups: dict[tuple[object, ...], list[str]] = {}
    for axis in index.axes:
        if axis["key"] != "seed" and len(axis["values"]) > 1:
            groups.setdefault((*axis["values"], axis.get("unit")), []).append(axis["name"])
    for (*values, _), names in groups.items():
        combined = {tuple(point.labels[name] for name in names) for point in index.points}
        if len(names) > 1 and len(combined) > len(values):
            keys = ", ".join(names)
            return (
                f"{keys} have the same {len(values)} values, and all combinations of them are points. To set them "
                f'together, write one key: "{keys}" = [...], or zip them.'
            )
    return ""
