"""The folder of a sweep: its index, and one folder for each point."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from nakmd.errors import FileFormatError, InputError, RunError
from nakmd.io.atomic import write_atomically
from nakmd.runs.folder import RunFolder
from nakmd.runs.sweep_index import SweepIndex, SweepPoint

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
    def read(cls, path: Path) -> SweepFolder:
        """Read the folder of a sweep.

        Raises
        ------
        InputError
            If it is none.
        FileFormatError
            If its index is damaged.
        """
        file = path / INDEX
        if not file.is_file():
            what = f"contains no {INDEX}" if path.exists() else "does not exist"
            raise InputError(f"{path} {what}. Give a sweep file, or the folder of a sweep, as in runs/sweep-NAME.")
        try:
            return cls(path, SweepIndex.from_dict(json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError) as error:
            raise damaged_index(path, f"cannot be read ({error})") from None
        except KeyError as error:
            raise damaged_index(path, f"lacks {error.args[0]}") from None
        except (TypeError, AttributeError) as error:
            raise damaged_index(path, f"has another form ({error})") from None

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
            return {"message": str(stored["message"]), "exit_code": int(stored["exit_code"])}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return {"message": f"{FAILURE} cannot be read", "exit_code": 1}

    def write_failure(self, point: SweepPoint, message: str, exit_code: int) -> None:
        """Store why a point failed; what cannot be stored is still told."""
        folder = self.run_folder(point).path
        text = json.dumps({"message": message, "exit_code": exit_code}, indent=2, ensure_ascii=False)
        with suppress(OSError, RunError):
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / FAILURE, text.encode(), sync=False)

    def remove_failure(self, point: SweepPoint) -> None:
        """Forget an earlier failure of a point."""
        with suppress(OSError):
            (self.run_folder(point).path / FAILURE).unlink(missing_ok=True)

    def former_points(self) -> list[str]:
        """Return the names of the folders of points that are no longer part of the sweep."""
        folder = self.path / POINTS
        current = {point.id for point in self.index.points}
        return sorted(path.name for path in folder.glob("*") if path.name not in current) if folder.is_dir() else []

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


def damaged_index(path: Path, what: str) -> FileFormatError:
    """Return the error for the index of a sweep that cannot be used."""
    return FileFormatError(
        path / INDEX, f"{what}, so it is not the index of a sweep.", "Call `nakmd sweep` with the sweep file again."
    )
