"""LAMMPS input for any sum of terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nakmd.errors import InputError
from nakmd.potentials.base import Potential, species_key
from nakmd.potentials.eam import EAM
from nakmd.potentials.finnis_sinclair import FinnisSinclair
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.lennard_jones import LennardJones
from nakmd.potentials.morse import Morse
from nakmd.potentials.pair import PairPotential
from nakmd.potentials.sampled import finnis_sinclair_table
from nakmd.potentials.screened import Screened
from nakmd.potentials.tables import format_eam_fs, write_texts
from nakmd.potentials.tersoff import Tersoff
from nakmd.potentials.tersoff_file import format_tersoff
from nakmd.potentials.two_gaussians import TwoGaussians

#: Pair styles and the order of their parameters in LAMMPS.
PAIR_STYLES: dict[type[PairPotential], tuple[str, tuple[str, ...]]] = {
    Morse: ("morse", ("depth", "alpha", "r_0")),
    LennardJones: ("lj/cut", ("epsilon", "sigma")),
}


@dataclass
class LAMMPSInput:
    """What LAMMPS needs to evaluate a potential.

    Attributes
    ----------
    commands : list of str
        ``pair_style``, ``pair_coeff`` and ``pair_modify``, for ``units metal``.
    files : dict of str to str
        Name and text of the files that the commands read.
    """

    commands: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path | str, name: str = "potential.in") -> list[Path]:
        """Write the commands (``include NAME`` in LAMMPS) and the files into a folder; return their paths."""
        return write_texts(folder, self.texts(name))

    def texts(self, name: str = "potential.in") -> dict[str, str]:
        """Return name and text of every file, that of the commands first."""
        return {name: "\n".join(self.commands) + "\n", **self.files}


@dataclass
class _SubStyle:
    """One sub-style of ``pair_style hybrid/overlay``: coefficients as (types, arguments)."""

    name: str
    arguments: str
    coefficients: list[tuple[str, str]]
    modify: str = ""


def lammps_input(potential: Potential, species_names: Sequence[str]) -> LAMMPSInput:
    """Return the LAMMPS commands and files of a potential.

    Parameters
    ----------
    potential : Potential
        One term or a sum of terms.
    species_names : sequence of str
        Species of the LAMMPS types 1, 2, ...; site labels are types of their own.

    Returns
    -------
    LAMMPSInput

    Raises
    ------
    CoverageError
        If a pair of species is covered by nothing.
    InputError
        If LAMMPS has nothing of the kind: a smoothly switched pair term, one that the metal screens.

    Notes
    -----
    Analytic Finnis-Sinclair terms go out as ``eam/fs`` tables (see `finnis_sinclair_table`). A model of one style that
    couples every pair goes out as that style; all others as ``hybrid/overlay``, whose lists of lists cost LAMMPS time.
    """
    potential.check_coverage(species_names)
    terms = potential.terms if isinstance(potential, Hybrid) else [potential]
    out = LAMMPSInput()
    styles: list[_SubStyle] = []
    for n, term in enumerate(terms, start=1):
        match term:
            case FinnisSinclair() | EAM():
                table = term.table if isinstance(term, EAM) else finnis_sinclair_table(term)
                file = f"term_{n}.eam.fs"
                out.files[file] = format_eam_fs(table)
                styles.append(_many_body("eam/fs", file, table.elements, species_names))
            case Tersoff():
                file = f"term_{n}.tersoff"
                out.files[file] = format_tersoff(term.parameters, term.parameters.source)
                styles.append(_many_body("tersoff", file, term.parameters.elements, species_names))
            case Screened():
                raise InputError(
                    f"{term.label}: LAMMPS has no pair style whose attraction falls with the density of the metal. "
                    "Export nak-cn-pair or nak-cn-dilute, whose metal-carbon terms are pairs alone, or a model of your "
                    "own without [term.screening]."
                )
            case TwoGaussians():
                styles += _gaussians(term, species_names)
            case PairPotential():
                styles += _pair_styles(term, species_names)
            case _:
                raise InputError(f"{type(term).__name__} has no counterpart in LAMMPS.")
    styles = [style for style in styles if style.coefficients]
    pairs = [(i, j) for i in range(len(species_names)) for j in range(i, len(species_names))]
    apart = [(i, j) for i, j in pairs if potential.covers(species_names[i], species_names[j]) == "none"]
    if len(styles) == 1 and not apart:
        out.commands += _alone(styles[0])
        return out
    out.commands.append(" ".join(["pair_style hybrid/overlay", *(f"{s.name} {s.arguments}".strip() for s in styles)]))
    counted: dict[str, int] = {}
    for style in styles:
        counted[style.name] = counted.get(style.name, 0) + 1
        repeated = sum(other.name == style.name for other in styles) > 1
        name = f"{style.name} {counted[style.name]}" if repeated else style.name
        out.commands += [f"pair_coeff {types} {name} {numbers}" for types, numbers in style.coefficients]
        if style.modify:
            out.commands.append(f"pair_modify pair {name} {style.modify}")
    out.commands += [f"pair_coeff {i + 1} {j + 1} none" for i, j in apart]
    return out


def _alone(style: _SubStyle) -> list[str]:
    """Return the commands of the one style of a model."""
    commands = [f"pair_style {style.name} {style.arguments}".strip()]
    commands += [f"pair_coeff {types} {numbers}" for types, numbers in style.coefficients]
    return [*commands, f"pair_modify {style.modify}"] if style.modify else commands


def _many_body(style: str, file: str, elements: Sequence[str], species_names: Sequence[str]) -> _SubStyle:
    """Return a sub-style that takes a file and an element (or NULL) for each type."""
    mapped = [species_key(name, elements) or "NULL" for name in species_names]
    found = any(name != "NULL" for name in mapped)
    return _SubStyle(style, "", [("* *", f"{file} {' '.join(mapped)}")] if found else [])


def _pair_styles(term: PairPotential, species_names: Sequence[str]) -> list[_SubStyle]:
    """Return the sub-styles of a pair term, one for each way to cut, with the scale in the depths."""
    return _sub_styles(term, term.pairs, species_names, *PAIR_STYLES[type(term)])


def _sub_styles(
    term: PairPotential,
    pairs: Mapping[tuple[str, str], Mapping[str, Any]],
    species_names: Sequence[str],
    style: str,
    names: tuple[str, ...],
) -> list[_SubStyle]:
    """Return the sub-styles of one style; the scale multiplies the first of the parameters named."""
    by_cut: dict[str, _SubStyle] = {}
    for i, a in enumerate(species_names):
        for j in range(i, len(species_names)):
            entry = term._entry(a, species_names[j])
            if entry is None or entry not in pairs:
                continue
            values = pairs[entry]
            if values["cut"] == "smooth":
                raise InputError(
                    f"{'-'.join(entry)} of {term.label} is switched off smoothly, which {style} cannot do. "
                    'Export with cut = "shift" or "cut".'
                )
            shift = "yes" if values["cut"] == "shift" else "no"
            numbers = [values[name] * (term.scale if k == 0 else 1.0) for k, name in enumerate(names)]
            sub = by_cut.setdefault(shift, _SubStyle(style, repr(values["cutoff"]), [], f"shift {shift}"))
            sub.coefficients.append(
                (f"{i + 1} {j + 1}", " ".join(repr(float(x)) for x in [*numbers, values["cutoff"]]))
            )
    return list(by_cut.values())


def _gaussians(term: TwoGaussians, species_names: Sequence[str]) -> list[_SubStyle]:
    """Return the wall and the well as two terms of ``pair_style gauss``, V = -A e^{-B r²}."""
    styles: list[_SubStyle] = []
    for height, width, sign in (("wall", "wall_width", -1.0), ("depth", "width", 1.0)):
        pairs = {
            pair: values | {"A": sign * values[height], "B": 1.0 / values[width] ** 2}
            for pair, values in term.pairs.items()
        }
        styles += _sub_styles(term, pairs, species_names, "gauss", ("A", "B"))
    return styles
