"""Files of a folder that are set aside until their replacements exist, and put back if these never do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from nakmd.io.atomic import write_atomically

#: Folder of the files that are set aside, and in it the list of their names.
ASIDE = ".replaced"
_NAMES = "names.json"


class SetAside:
    """Files that a new run will replace. After a kill at any moment, `recover` restores the old or keeps the new files.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        All names that may be replaced; no other file is touched.
    mark : str
        One of these names. It is moved away first and put back last, and the new file of this name is written when
        the old files are no longer needed: as long as it is missing, the old files are the valid ones.
    """

    def __init__(self, folder: Path, names: Sequence[str], mark: str) -> None:
        self._folder, self._aside = folder, folder / ASIDE
        self._names = [mark, *(name for name in names if name != mark)]
        self._mark = mark
        self._is_open = False

    def begin(self, keep: Sequence[str] = ()) -> None:
        """Move all existing files of these names away, except those to ``keep``.

        Raises
        ------
        OSError, RunError
            If the folder cannot be written.
        """
        names = [name for name in self._names if name not in keep and (self._folder / name).exists()]
        self._is_open = True
        self._aside.mkdir()
        # files to keep are listed as well, so that they are not taken for parts of an unfinished run
        write_atomically(self._aside / _NAMES, json.dumps([*names, *keep]).encode())
        for name in names:
            os.replace(self._folder / name, self._aside / name)

    def commit(self) -> None:
        """Delete the files that were set aside; call when the new file ``mark`` is written."""
        if self._is_open:
            shutil.rmtree(self._aside, ignore_errors=True)
            self._is_open = False

    def roll_back(self) -> bool:
        """Put the files back and delete their unfinished replacements, unless they were committed; return whether."""
        is_open, self._is_open = self._is_open, False
        return is_open and self.recover()

    def recover(self) -> bool:
        """Finish what a killed process has begun; return whether old files were put back."""
        if not self._aside.is_dir():
            return False
        try:
            names = json.loads((self._aside / _NAMES).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            names = None  # killed before anything was moved
        if names is None or (self._folder / self._mark).exists():
            shutil.rmtree(self._aside, ignore_errors=True)
            return False
        for name in self._names:
            if name not in names:
                (self._folder / name).unlink(missing_ok=True)
        for name in reversed(self._names):
            if (self._aside / name).exists():
                os.replace(self._aside / name, self._folder / name)
        shutil.rmtree(self._aside, ignore_errors=True)
        return bool(names)
