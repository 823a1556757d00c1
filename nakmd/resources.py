"""Folders of the data files installed with nakmd: parameter sets, example decks and claims."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """Return the folder ``potentials``, ``examples`` or ``claims``, from the wheel or from a source checkout.

    Parameters
    ----------
    name : {"potentials", "examples", "claims"}

    Returns
    -------
    pathlib.Path
        The folder inside the installed package if it exists, else next to the package in the checkout.
    """
    package = Path(__file__).resolve().parent
    installed = package / "data" / name
    return installed if installed.is_dir() else package.parent / name
