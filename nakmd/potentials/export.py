"""Potentials as files of other programs: setfl, eam.fs, Tersoff, and LAMMPS commands with what they read."""

from __future__ import annotations

from collections.abc import Sequence

from nakmd.errors import InputError
from nakmd.potentials.base import Potential
from nakmd.potentials.eam import EAM
from nakmd.potentials.embedded_atom import AnalyticEmbeddedAtom
from nakmd.potentials.lammps import LAMMPSInput, lammps_input
from nakmd.potentials.sampled import analytic_table, sample_table
from nakmd.potentials.tables import format_eam_fs, format_setfl
from nakmd.potentials.tersoff import Tersoff
from nakmd.potentials.tersoff_file import format_tersoff

__all__ = ["EXPORT_FORMS", "LAMMPSInput", "analytic_table", "export_texts", "lammps_input", "sample_table"]

#: Form and the ending of its file; ``"lammps"`` makes several files.
EXPORT_FORMS = {"setfl": ".eam.alloy", "eam.fs": ".eam.fs", "tersoff": ".tersoff", "lammps": ".in"}


def export_texts(
    potential: Potential, form: str, name: str, species_names: Sequence[str] | None = None
) -> dict[str, str]:
    """Return the files of a potential in another program's form.

    Parameters
    ----------
    potential : Potential
        Of a sum, the one term that has this form is taken; ``"lammps"`` takes them all.
    form : {"setfl", "eam.fs", "tersoff", "lammps"}
    name : str
        First part of the names of the files.
    species_names : sequence of str, optional
        For ``"lammps"``: species of the types 1, 2, ...

    Returns
    -------
    dict of str to str
        Name and text of each file (`nakmd.potentials.tables.write_texts` writes them).

    Raises
    ------
    InputError
        If the form is unknown, no term has it, several have, or it cannot express the term.

    Examples
    --------
    >>> from nakmd.potentials import load
    >>> list(export_texts(load("cn"), "tersoff", "wall"))
    ['wall.tersoff']
    """
    if form not in EXPORT_FORMS:
        raise InputError(f"{form!r} is no form of export; known are {', '.join(EXPORT_FORMS)}.")
    if form == "lammps":
        if not species_names:
            raise InputError("LAMMPS numbers its types: name the species of types 1, 2, ..., as in Na,K,C,N:graphitic.")
        out = lammps_input(potential, species_names)
        return out.texts(name + EXPORT_FORMS[form])
    if species_names is not None:
        raise InputError(f"{form} has the elements of the term itself; species are for lammps.")
    terms = [part for term in potential.terms for part in term.parts]
    file = name + EXPORT_FORMS[form]
    if form == "tersoff":
        bonds = [term for term in terms if isinstance(term, Tersoff)]
        _check_one(len(bonds), form)
        return {file: format_tersoff(bonds[0].parameters, bonds[0].parameters.source)}
    embedded = [term for term in terms if isinstance(term, EAM | AnalyticEmbeddedAtom)]
    _check_one(len(embedded), form)
    table = embedded[0].table if isinstance(embedded[0], EAM) else analytic_table(embedded[0])
    return {file: format_setfl(table) if form == "setfl" else format_eam_fs(table)}


def _check_one(n: int, form: str) -> None:
    """Refuse a sum with no term of a form, or with several."""
    if n == 0:
        raise InputError(f"No term of this potential can be written as {form}.")
    if n > 1:
        raise InputError(f"{n} terms of this potential can be written as {form}; choose elements, or export lammps.")
