"""A folder of finished points, one file each: a killed validation or study loses only the running points."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nakmd.errors import FileFormatError, InputError, RunError
from nakmd.io.atomic import write_atomically, write_status
from nakmd.potentials.files.texts import read_text


class Store:
    """Stored points.

    Parameters
    ----------
    directory : path-like or None
        Created if missing; None stores nothing.
    settings : mapping
        Name, scale and seed, for example: equal for all points of a folder.
    what : str
        What the folder holds, for messages: "a validation".

    Raises
    ------
    InputError
        If the folder holds points with other settings.
    """

    def __init__(self, directory: str | Path | None, settings: Mapping[str, Any], what: str = "a validation") -> None:
        self.directory = None if directory is None else Path(directory)
        if self.directory is None:
            return
        file = self.directory / "settings.json"
        if file.exists():
            existing = _read(file)
            differing = [name for name in settings if existing.get(name) != settings[name]]
            if differing:
                listed = ", ".join(f"{name} {existing.get(name)!r}, not {settings[name]!r}" for name in differing)
                raise InputError(
                    f"{self.directory} holds {what} with {listed}. Choose another folder with -o, or the "
                    "original options."
                )
        try:
            (self.directory / "points").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.directory}: the folder cannot be created ({error.strerror or error}).") from error
        write_status(file, settings)

    def _file(self, key: str) -> Path:
        assert self.directory is not None  # checked by the callers
        return self.directory / "points" / (key.replace("/", "_").replace(" ", "-") + ".json")

    def find(self, key: str, digest: str) -> tuple[dict[str, Any], float] | None:
        """Return result and seconds of a point if it is stored with the same digest, else None."""
        if self.directory is None or not self._file(key).exists():
            return None
        stored = _read(self._file(key))
        if stored.get("digest") != digest:
            return None
        return stored["result"], float(stored["seconds"])

    def keep(self, key: str, digest: str, result: Mapping[str, Any], seconds: float, params: Mapping[str, Any]) -> None:
        """Store a point, with the parameters that it was computed with."""
        if self.directory is not None:
            content = {"key": key, "params": dict(params), "digest": digest, "seconds": seconds, "result": dict(result)}
            text = json.dumps(content, ensure_ascii=False, allow_nan=False)
            write_atomically(self._file(key), text.encode(), sync=False)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise FileFormatError(file, f"is damaged ({error}).", "Delete it: the point is recomputed.") from None
    if not isinstance(content, dict):
        raise FileFormatError(file, "is not a stored point.", "Delete it: the point is recomputed.")
    return content
