"""Targets that belong to a run that is going on."""

from __future__ import annotations

import os
from pathlib import Path

from nakmd.errors import InputError
from nakmd.io.folder_lock import FolderLock
from nakmd.io.journal import is_being_written


def refuse_live_target(target: Path) -> None:
    """Raise `InputError` if a file exists, and a process is writing it or may be running in its folder.

    Parameters
    ----------
    target : pathlib.Path

    Notes
    -----
    Some file systems have no locks, so a trajectory does not always tell that it is being written; the lock of the
    folder needs none. It also protects the other files of a run.
    """
    if not target.exists():
        return
    if is_being_written(target):
        raise InputError(f"{target}: a run is writing this trajectory. Choose another target, or wait for its end.")
    for folder in {target.parent, Path(os.path.realpath(target)).parent}:
        lock = FolderLock(folder)
        user = lock.user()
        if user is not None:
            raise InputError(
                f"{target}: its folder is in use: {user} holds {lock.path}, and a file there would be replaced. Choose "
                "another target, or wait for the end of the run."
            )
