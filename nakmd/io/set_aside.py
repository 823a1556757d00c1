"""Files of a folder that are set aside until their replacements exist, and put back if these never do."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from nakmd.errors import InputError, RunError
from nakmd.io.atomic import write_atomically

#: Folder of the files that are set aside, and in it the list of their names.
ASIDE = ".replaced"
_NAMES = "names.json"

#: The list while it is being written; left by a kill.
_TEMPORARY = re.compile(rf"\.{re.escape(_NAMES)}\.\d+\.tmp")


class SetAside:
    """Files that a new run will replace. After a kill at any moment, `recover` restores the old or keeps the new files.

    Parameters
    ----------
    folder : Path
        Where the files are.
    names : sequence of str
        All names that may be replaced; no other file is touched.
    marks : sequence of str
        Some of these names. They are moved away first and put back last, and a new file of one of these names is
        written when the old files are no longer needed: as long as all are missing, the old files are the valid ones.
    folders : collection of str
        Those of the names that may be folders, which are set aside with all that they hold.

    Notes
    -----
    The files that are set aside may be the only copy of a run. Nothing is deleted there unless the list of their names
    could be read, and never a file that is not in it.
    """

    def __init__(self, folder: Path, names: Sequence[str], marks: Sequence[str], folders: Collection[str] = ()) -> None:
        self._folder, self._aside = folder, folder / ASIDE
        self._names = [*marks, *(name for name in names if name not in marks)]
        self._marks, self._folders = marks, folders
        self._is_open = False

    def begin(self, keep: Sequence[str] = ()) -> None:
        """Move all existing files of these names away, except those to ``keep``.

        Raises
        ------
        InputError
            If one of the names is a folder, or if the folder for the files exists: `recover` was not called, or a file
            of the user is in it.
        OSError, RunError
            If the folder cannot be written.
        """
        names = [name for name in self._names if name not in keep and _mode(self._folder / name)]
        for name in names:
            if stat.S_ISDIR(_mode(self._folder / name)) and name not in self._folders:
                raise InputError(
                    f"{self._folder / name} is a folder, and a run writes a file of this name. Rename it, or choose "
                    "another folder for the run."
                )
        try:
            self._aside.mkdir()
        except FileExistsError:
            raise InputError(
                f"{self._aside} exists, and a run keeps the files there that it replaces. Rename it."
            ) from None
        self._is_open = True
        # files to keep are listed as well, so that they are not taken for parts of an unfinished run
        write_atomically(self._aside / _NAMES, json.dumps([*names, *keep]).encode())
        for name in names:
            os.replace(self._folder / name, self._aside / name)

    def commit(self) -> None:
        """Delete the files that were set aside; call when a new file of the ``marks`` is written."""
        if self._is_open:
            self._is_open = False
            with suppress(OSError):  # the next start deletes them
                self._discard(self._names)

    def roll_back(self) -> bool:
        """Put the files back and delete their unfinished replacements, unless they were committed; return whether."""
        is_open, self._is_open = self._is_open, False
        return is_open and self.recover()

    def recover(self) -> bool:
        """Finish what a killed process has begun; return whether old files were put back.

        Raises
        ------
        InputError
            If a file is among those set aside that is not in their list, or their list is lost or damaged. Nothing is
            changed.
        RunError
            If the files cannot be read or moved.
        """
        try:
            mode = _mode(self._aside)
            if not mode:
                return False
            if not stat.S_ISDIR(mode):
                raise InputError(
                    f"{self._aside} is not a folder, and a run keeps the files there that it replaces. Rename it."
                )
            present = {name for name in os.listdir(self._aside) if not _TEMPORARY.fullmatch(name)}
            names = self._listed() if _NAMES in present else []
            others = sorted(present - {_NAMES, *names})
            if others:
                about = "does not contain them" if _NAMES in present else "is missing"
                raise InputError(
                    f"{self._aside} holds {', '.join(others)}, and {_NAMES}, the list of the files that a run has set "
                    f"aside there, {about}. Nothing was changed. Move them to another place; if they belong to a run, "
                    f"back to {self._folder}."
                )
            # with a mark, the new run has its first checkpoint, or nothing was moved yet
            is_undone = _NAMES in present and not any(_mode(self._folder / mark) for mark in self._marks)
            if is_undone:
                self._put_back(names, present)
            self._discard(present)
        except OSError as error:
            raise RunError(
                f"{self._aside}: the files of the earlier run that are kept there cannot be read or put back "
                f"({error.strerror}). Start again when the folder can be read and written."
            ) from error
        return is_undone and bool(names)

    def _listed(self) -> list[str]:
        """Return the names of the list; `InputError` if it is none."""
        try:
            names = json.loads((self._aside / _NAMES).read_bytes())
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InputError(
                f"{self._aside / _NAMES} is damaged: it does not hold the names of the files that a run has set aside "
                f"there. Nothing was changed. Move these files back to {self._folder}, and delete {self._aside}."
            )
        return names

    def _put_back(self, names: Collection[str], present: Collection[str]) -> None:
        for name in self._names:
            if name not in names:
                self._remove(self._folder / name)
        for name in sorted({*names} & {*present}, key=lambda name: name in self._marks):  # the marks last
            if name in self._folders:
                self._remove(self._folder / name)  # a folder replaces no folder
            os.replace(self._aside / name, self._folder / name)

    def _remove(self, path: Path) -> None:
        """Delete a file, or one of the folders, if it exists."""
        if path.name in self._folders and stat.S_ISDIR(_mode(path)):
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def _discard(self, names: Collection[str]) -> None:
        """Delete files of these names, then the list, and the folder unless another file is in it."""
        for name in (*(name for name in names if name != _NAMES), _NAMES):
            self._remove(self._aside / name)
        for name in os.listdir(self._aside):
            if _TEMPORARY.fullmatch(name):
                os.unlink(self._aside / name)
        with suppress(OSError):
            self._aside.rmdir()


def _mode(path: Path) -> int:
    """Return type and permissions of a file or link, 0 if there is none; `OSError` if that cannot be known."""
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return 0
