"""The folder of a sweep: its index, and one folder for each point."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nakmd.errors import FileFormatError, InputError
from nakmd.io.atomic import write_atomically
from nakmd.runs.folder import RunFolder
from nakmd.sweeps.axes import combinations, describe_axes
from nakmd.sweeps.axis_reader import read_axes
from nakmd.sweeps.point_check import PointCheck, PointSize, check_points
from nakmd.sweeps.sweep_index import SweepIndex, SweepPoint
from nakmd.sweeps.sweep_tables import SweepText

INDEX, TABLE, COPY, POINTS, FAILURE = "index.json", "index.csv", "sweep.toml", "points", "failure.json"


class SweepFolder:
    """A sweep and its files.

    Parameters
    ----------
    path : Path
    index : SweepIndex
    """

    def __init__(self, path: Path, index: SweepIndex) -> None:
        self.path = path
        self.index = index

    @classmethod
    def open(cls, path: Path) -> SweepFolder:
        """Open the folder of a sweep.

        Raises
        ------
        InputError
            If it is none, or its index is damaged.
        """
        file = path / INDEX
        if not file.is_file():
            raise InputError(f"{path} is not the folder of a sweep: it has no {INDEX}. Give a sweep file.")
        try:
            return cls(path, SweepIndex.from_dict(json.loads(file.read_text(encoding="utf-8"))))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FileFormatError(
                file, f"is not the index of a sweep ({error}).", "Call `nakmd sweep` with the sweep file again."
            ) from None

    # ------------------------------------------------------------------------------------------ points
    def run_folder(self, point: SweepPoint) -> RunFolder:
        """Return the folder of a point."""
        return RunFolder(self.path / POINTS / point.id)

    def point(self, index: int) -> SweepPoint:
        """Return the point of an index.

        Raises
        ------
        InputError
            If there is none.
        """
        if not 0 <= index < len(self.index.points):
            raise InputError(f"{self.path} has the points 0 to {len(self.index.points) - 1}; there is no {index}.")
        return self.index.points[index]

    def is_complete(self, point: SweepPoint) -> bool:
        """Return whether a point has finished, with its report if it gets one."""
        folder = self.run_folder(point)
        finished = folder.read_status().get("status") == "finished" and folder.results.exists()
        return finished and (not self.index.report or folder.report.exists())

    def failure(self, point: SweepPoint) -> dict[str, Any] | None:
        """Return message and exit code of the last attempt if it failed, else None."""
        try:
            stored = json.loads((self.run_folder(point).path / FAILURE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return stored if isinstance(stored, dict) else None

    def write_failure(self, point: SweepPoint, message: str, exit_code: int) -> None:
        """Store why a point failed."""
        folder = self.run_folder(point).path
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"message": message, "exit_code": exit_code}, indent=2, ensure_ascii=False)
        write_atomically(folder / FAILURE, text.encode(), sync=False)

    def remove_failure(self, point: SweepPoint) -> None:
        """Forget an earlier failure of a point."""
        (self.run_folder(point).path / FAILURE).unlink(missing_ok=True)

    def former_points(self) -> list[str]:
        """Return the names of the folders of points that are no longer part of the sweep."""
        folder = self.path / POINTS
        current = {point.id for point in self.index.points}
        return sorted(path.name for path in folder.glob("*") if path.name not in current) if folder.is_dir() else []

    def confirm(self, point: SweepPoint) -> PointSize:
        """Check that a point is still the run that its id names, and return its size.

        Raises
        ------
        InputError
            If its model, a file that it reads, or the numbers of nakmd have changed, or its deck is faulty.
        """
        return self._confirm(PointCheck(), point)

    def confirm_all(self) -> list[PointSize]:
        """Check all points as `confirm` does, and return their sizes."""
        check = PointCheck()
        return [self._confirm(check, point) for point in self.index.points]

    def _confirm(self, check: PointCheck, point: SweepPoint) -> PointSize:
        name, size, _ = check.check(self.index.source_of(point))
        if name != point.id:
            raise InputError(
                f"{point.label} of {self.path} would not be the run {point.id} any more, but {name}: the parameters of "
                "its model, a file that its deck reads, or the numbers of this version of nakmd have changed. Call "
                f"`nakmd sweep` with the sweep file and -o {self.path} for new points; the old ones are kept."
            )
        return size

    # ------------------------------------------------------------------------------------------ writing
    def write(self, text: str) -> None:
        """Write index, table and a copy of the sweep file.

        Raises
        ------
        InputError
            If the folder holds something else than a sweep, or cannot be created.
        """
        if self.path.exists() and not (self.path / INDEX).exists():
            others = sorted(path.name for path in self.path.iterdir()) if self.path.is_dir() else [self.path.name]
            if set(others) - {COPY, TABLE, POINTS}:
                raise InputError(
                    f"{self.path} holds no sweep, but {', '.join(others[:5])}. Choose another folder with -o."
                )
        try:
            (self.path / POINTS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be created: {error.strerror}. Choose another folder with -o."
            ) from None
        index = json.dumps(self.index.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        write_atomically(self.path / COPY, text.encode())
        write_atomically(self.path / TABLE, self.index.to_csv().encode())
        write_atomically(self.path / INDEX, (index + "\n").encode())


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
    sweep = SweepFolder(directory or Path("runs") / f"sweep-{name}", index)
    sweep.write(text.text)
    return sweep, sizes
