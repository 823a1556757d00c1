"""What a term is in LAMMPS: the pair styles that compute it, or the error for one that has none."""

from __future__ import annotations

from dataclasses import dataclass, field

from nakmd.errors import InputError


@dataclass
class LAMMPSStyle:
    """One pair style of LAMMPS that a term uses.

    Attributes
    ----------
    name, arguments : str
        As in ``pair_style``.
    coefficients : list of (str, str)
        Types, and the arguments after the name of the style in ``pair_coeff``.
    modify : str
        Arguments of ``pair_modify``; empty if there are none.
    files : dict of str to str
        Name and text of the files that the coefficients refer to.
    idle : list of (int, int)
        Pairs of types, i ≤ j, for which the style would compute only zeros.
    library : str
        The library to load first, for a style that is no part of LAMMPS.
    is_stiff : bool
        Whether it is of a stiff term (`Term.is_stiff`).
    """

    name: str
    arguments: str
    coefficients: list[tuple[str, str]]
    modify: str = ""
    files: dict[str, str] = field(default_factory=dict)
    idle: list[tuple[int, int]] = field(default_factory=list)
    library: str = ""
    is_stiff: bool = False


def lacking_in_lammps(label: str, what: str) -> InputError:
    """Return the error for a term that cannot be exported."""
    return InputError(
        f"{label} cannot be exported: LAMMPS has no {what}. Export a model without this term, or run it in nakmd."
    )
