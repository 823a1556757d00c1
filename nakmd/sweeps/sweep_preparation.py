"""From a sweep file to the folder of a sweep, and the check that its points are still what their names say."""

from __future__ import annotations

import re
from pathlib import Path

from nakmd.errors import InputError
from nakmd.runs.sweep_folder import SweepFolder
from nakmd.runs.sweep_index import SweepIndex, SweepPoint
from nakmd.sweeps.axes import combinations, describe_axes
from nakmd.sweeps.axis_reader import read_axes
from nakmd.sweeps.point_check import PointCheck, PointSize, check_points
from nakmd.sweeps.sweep_tables import SweepText


def read_sweep(file: Path) -> tuple[SweepIndex, list[PointSize], str]:
    """Read a sweep file and check all its points; writes nothing.

    Returns
    -------
    SweepIndex
    list of PointSize
        Of each point.
    str
        The text of the file.

    Raises
    ------
    DeckError
        With all faults of the file and of all points.
    InputError
        If a file cannot be read.
    """
    text = SweepText.read(file)
    tables = text.tables()
    whole = text.read_deck(tables)
    seed = 1 if whole is None else whole.data.get("seed", 1)
    groups, fixed = read_axes(text, tables, seed if isinstance(seed, int) else 1)
    text.refuse()
    assert whole is not None  # or it is a fault
    name = re.sub(r"[^\w.+-]+", "-", file.stem).strip("-.") or "sweep"
    combined = (([*fixed, *changes], labels) for changes, labels in combinations(groups))
    points, sizes = check_points(whole, combined, text.name)
    folder = str(whole.folder.resolve())
    index = SweepIndex(
        name, whole.text, Path(whole.name).name, folder, describe_axes(groups), points, tables.threads, tables.report
    )
    return index, sizes, text.text


def prepare_sweep(file: Path, directory: Path | None = None) -> tuple[SweepFolder, list[PointSize]]:
    """Read a sweep file, check all its points, and write the folder of the sweep.

    Parameters
    ----------
    file : Path
    directory : Path, optional
        By default ``runs/sweep-NAME``.

    Returns
    -------
    SweepFolder
    list of PointSize
        Of each point.

    Raises
    ------
    DeckError
        With all faults of the file and of all points.
    InputError
        If a file cannot be read, or the folder holds something else.
    """
    index, sizes, text = read_sweep(file)
    sweep = SweepFolder(directory or Path("runs") / f"sweep-{index.name}", index)
    sweep.write(text)
    return sweep, sizes


def confirm_point(sweep: SweepFolder, point: SweepPoint, check: PointCheck | None = None) -> PointSize:
    """Check that a point is still the run that its id names, and return its size.

    Raises
    ------
    InputError
        If its model, a file that it reads, or the numbers of nakmd have changed, or its deck is faulty.
    """
    name, size, _ = (check or PointCheck()).check(sweep.index.source_of(point))
    if name != point.id:
        raise InputError(
            f"{point.label} of {sweep.path} would not be the run {point.id} any more, but {name}: the parameters of "
            "its model, a file that its deck reads, or the numbers of this version of nakmd have changed. Call "
            f"`nakmd sweep` with the sweep file and -o {sweep.path} for new points; the old ones are kept."
        )
    return size


def confirm_points(sweep: SweepFolder) -> list[PointSize]:
    """Check all points as `confirm_point` does, and return their sizes."""
    check = PointCheck()
    return [confirm_point(sweep, point, check) for point in sweep.index.points]
