"""A folder that holds what is done, one file for each point: a killed validation loses those that run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nakmd.errors import FileFormatError, InputError, RunError
from nakmd.io.atomic import write_atomically, write_status
from nakmd.potentials.files.texts import read_text
from nakmd.studies.validation.points import Point


class Store:
    """Stored points.

    Parameters
    ----------
    directory : path-like or None
        Made where it is missing; nothing is stored without one.
    settings : dict
        Name, scale and seed: a folder belongs to one of each.

    Raises
    ------
    InputError
        If the folder holds a validation of another kind.
    """

    def __init__(self, directory: str | Path | None, settings: dict[str, Any]) -> None:
        self.directory = None if directory is None else Path(directory)
        if self.directory is None:
            return
        file = self.directory / "settings.json"
        if file.exists():
            before = _read(file)
            differing = [name for name in settings if before.get(name) != settings[name]]
            if differing:
                words = ", ".join(f"{name} {before.get(name)!r}, not {settings[name]!r}" for name in differing)
                raise InputError(
                    f"{self.directory} holds a validation with {words}. Give another folder with -o, or the options "
                    "that it was begun with."
                )
        try:
            (self.directory / "points").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.directory}: cannot be made ({error.strerror or error}).") from error
        write_status(file, settings)

    def _file(self, point: Point) -> Path:
        assert self.directory is not None  # asked for by those who have one
        return self.directory / "points" / (point.key.replace("/", "_").replace(" ", "-") + ".json")

    def find(self, point: Point, digest: str) -> tuple[dict[str, Any], float] | None:
        """Return result and seconds of a point if it is stored and of the same model and numbers."""
        if self.directory is None or not self._file(point).exists():
            return None
        stored = _read(self._file(point))
        if stored.get("digest") != digest:
            return None
        return stored["result"], float(stored["seconds"])

    def keep(self, point: Point, digest: str, result: dict[str, Any], seconds: float) -> None:
        """Store a point."""
        if self.directory is not None:
            content = {"key": point.key, "params": dict(point.params), "digest": digest, "seconds": seconds}
            text = json.dumps({**content, "result": result}, ensure_ascii=False, allow_nan=False)
            write_atomically(self._file(point), text.encode(), sync=False)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise FileFormatError(file, f"is damaged ({error}).", "Delete it: it is computed again.") from None
    if not isinstance(content, dict):
        raise FileFormatError(file, "is of another kind.", "Delete it: it is computed again.")
    return content
