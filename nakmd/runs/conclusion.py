"""The end of a finished run: its results, and their figure."""

from __future__ import annotations

from nakmd.results.results import Results
from nakmd.runs.folder import RunFolder


def store_results(folder: RunFolder, results: Results, title: str, notes: list[str]) -> None:
    """Write the results of a finished run and their figure; a figure that cannot be written only adds a note.

    Parameters
    ----------
    folder : RunFolder
        Held by this process.
    results : Results
    title : str
        Of the figure.
    notes : list of str
        Of the run, which the results refer to.
    """
    folder.update(force=True, verdict=results.verdict)
    folder.confirm()
    results.write(folder.results)
    folder.log.add_results(results)
    try:
        results.overview(folder.overview, title)
    except OSError as error:
        notes.append(f"{folder.overview} was not written ({error.strerror}); the run and its results are complete.")
