"""Folders of the data files installed with nakmd: parameter sets and example decks."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """Return the folder ``potentials`` or ``examples``, from the wheel or from a source checkout.

    Parameters
    ----------
    name : {"potentials", "examples"}

    Returns
    -------
    pathlib.Path
        The folder inside the installed package if it exists, else next to the package in the checkout.
    """
    package = Path(__file__).resolve().parent
    installed = package / "data" / name
    return installed if installed.is_dir() else package.parent / name
