"""Series of runs: each in its own folder, kept if finished, resumed if interrupted."""

from __future__ import annotations

from pathlib import Path

from nakmd.deck.source import DeckSource
from nakmd.errors import RunError
from nakmd.reported import resume, run
from nakmd.runs.folder import RunFolder
from nakmd.runs.outcome import Run
from nakmd.runs.session import ProgressReport


def finish(
    source: DeckSource, path: Path, called: str, threads: int | None = None, progress: ProgressReport | None = None
) -> Path:
    """Run a deck in a folder to its end, unless it has ended there, and return the folder.

    Parameters
    ----------
    source : DeckSource
    path : Path
        Folder of the run.
    called : str
        What the run is in its series, for messages: "at affinity 0.6".
    threads, progress
        As in `nakmd.run`.

    Raises
    ------
    InputError
        If the folder holds a run of another deck.
    RunError
        If the run was interrupted. The same call resumes it.
    """
    folder = RunFolder(path)
    started = folder.holds_run and not folder.difference(source.text)
    if started and folder.read_status().get("status") == "finished":
        return folder.path
    done: Run | None = resume(folder.path, None, threads, None, progress) if started else None
    if done is None:
        done = run(source, folder.path, threads, None, progress)
    if done.status != "finished":
        raise RunError(
            f"The run {called} was interrupted at step {done.step}. Call again with the same folder {path.parent} to "
            "resume it."
        )
    return folder.path
