"""Writing a trajectory that replaces a file only when it is complete."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nakmd.errors import RunError
from nakmd.io.atomic import failure
from nakmd.io.h5md import TrajectoryWriter
from nakmd.io.journal import journal_of, locked_journal, release_journal
from nakmd.io.storage import Storage
from nakmd.replaced_file import ReplacedFile
from nakmd.system import Topology


@contextmanager
def replacing_trajectory(
    path: Path, topology: Topology, parameters: Mapping[str, Any], images: bool, storage: Storage
) -> Iterator[TrajectoryWriter]:
    """Open a writer of a temporary file that replaces ``path`` if the block succeeds and is deleted otherwise.

    Parameters
    ----------
    path : pathlib.Path
    topology, parameters, images
        As in `nakmd.io.TrajectoryWriter`.
    storage : Storage

    Raises
    ------
    InputError
        If ``path`` is something else than a file, or a process is writing it.
    RunError
        If the file cannot be written.
    """
    new = ReplacedFile(path)
    try:
        with new:
            with TrajectoryWriter(
                new.temporary, topology, parameters, storage.precision, "w", images, storage.velocities,
                storage.compression,
            ) as writer:  # fmt: skip
                yield writer
            journal = locked_journal(path)
            try:
                new.replace()
                os.ftruncate(journal, 0)  # a change of the file that was replaced
            finally:
                release_journal(path, journal)
    except RunError as error:
        raise RunError(str(error).replace(str(new.temporary), str(path))) from error
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({failure(path, error)}).") from error
    finally:
        journal_of(new.temporary).unlink(missing_ok=True)
