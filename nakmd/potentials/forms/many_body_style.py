"""LAMMPS pair styles that take a parameter file and an element for each type."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.potentials.base import species_key
from nakmd.potentials.lammps_style import LAMMPSStyle


def many_body_style(
    style: str, file: str, text: str, elements: Sequence[str], species_names: Sequence[str]
) -> list[LAMMPSStyle]:
    """Return the style with its file, or an empty list if no species uses one of the elements.

    Parameters
    ----------
    style : str
        Name of the style.
    file, text : str
        Name and text of the parameter file.
    elements : sequence of str
        Elements in the file.
    species_names : sequence of str
        Species of the LAMMPS types 1, 2, ...; those without an element are mapped to NULL.
    """
    mapped = [species_key(name, elements) or "NULL" for name in species_names]
    if all(name == "NULL" for name in mapped):
        return []
    return [LAMMPSStyle(style, "", [("* *", f"{file} {' '.join(mapped)}")], files={file: text})]
