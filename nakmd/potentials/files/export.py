"""Export of potentials: setfl, eam.fs, Tersoff files, and LAMMPS commands with the files that they read."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.errors import InputError
from nakmd.potentials.base import Potential
from nakmd.potentials.files.lammps_commands import lammps_input

#: Export formats and file suffixes; ``"lammps"`` writes several files.
EXPORT_FORMS = {"setfl": ".eam.alloy", "eam.fs": ".eam.fs", "tersoff": ".tersoff", "lammps": ".in"}


def export_texts(
    potential: Potential, form: str, name: str, species_names: Sequence[str] | None = None
) -> dict[str, str]:
    """Return the files of a potential in the format of another program.

    Parameters
    ----------
    potential : Potential
        Of a sum, the one term that has this format is exported; ``"lammps"`` exports all terms.
    form : {"setfl", "eam.fs", "tersoff", "lammps"}
    name : str
        First part of the file names.
    species_names : sequence of str, optional
        For ``"lammps"``: species of the types 1, 2, ...

    Returns
    -------
    dict of str to str
        Name and text of each file (`nakmd.potentials.files.texts.write_texts` writes them).

    Raises
    ------
    InputError
        If the format is unknown, no term or more than one has it, or it cannot represent the term.

    Examples
    --------
    >>> from nakmd.potentials import load
    >>> list(export_texts(load("cn"), "tersoff", "wall"))
    ['wall.tersoff']
    """
    if form not in EXPORT_FORMS:
        raise InputError(f"{form!r} is not an export format; use one of {', '.join(EXPORT_FORMS)}.")
    if form == "lammps":
        if not species_names:
            raise InputError("LAMMPS numbers its types: name the species of types 1, 2, ..., as in Na,K,C,N:graphitic.")
        out = lammps_input(potential, species_names)
        return out.texts(name + EXPORT_FORMS[form])
    if species_names is not None:
        raise InputError(f"{form} takes the elements of the term; species can be given for lammps only.")
    terms = [part for term in potential.terms for part in term.parts]
    writers = [texts[form] for texts in (term.texts() for term in terms) if form in texts]
    if len(writers) != 1:
        raise InputError(
            f"{len(writers)} terms of this potential can be written as {form}; choose elements, or export lammps."
            if writers
            else f"No term of this potential can be written as {form}."
        )
    return {name + EXPORT_FORMS[form]: writers[0]()}
