"""The report of a validation in its folder: plots and a page of Markdown."""

from __future__ import annotations

from pathlib import Path

from nakmd.io.atomic import write_atomically
from nakmd.studies.validation.campaign import Validation
from nakmd.studies.validation.markdown import markdown
from nakmd.studies.validation.plots import draw


def write_page(validation: Validation, folder: str | Path) -> list[Path]:
    """Write ``validation.md`` and its plots, and return their paths.

    Parameters
    ----------
    validation : Validation
    folder : path-like
        Existing folder.

    Raises
    ------
    RunError
        If a file cannot be written.
    """
    folder = Path(folder)
    pictures = draw(validation, folder)
    page = folder / "validation.md"
    text = markdown(validation, [(title, path.name) for title, path in pictures])
    write_atomically(page, text.encode(), sync=False)
    return [page, *(path for _, path in pictures)]
