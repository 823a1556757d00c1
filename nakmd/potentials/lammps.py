"""LAMMPS input for any sum of terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nakmd.errors import InputError
from nakmd.potentials.base import Potential, Term, species_key
from nakmd.potentials.eam import EAM
from nakmd.potentials.embedded_atom import AnalyticEmbeddedAtom
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.lennard_jones import LennardJones
from nakmd.potentials.morse import Morse
from nakmd.potentials.pair import PairPotential
from nakmd.potentials.pair_table import N_POINTS, format_pair_table
from nakmd.potentials.sampled import analytic_table
from nakmd.potentials.tables import format_eam_fs, write_texts
from nakmd.potentials.tersoff import Tersoff
from nakmd.potentials.tersoff_file import format_tersoff
from nakmd.potentials.two_gaussians import TwoGaussians

#: Pair styles whose sum is a formula, each with its coefficients from the parameters of a pair and the scale.
PAIR_STYLES: dict[type[PairPotential], list[tuple[str, Callable[[Mapping[str, float], float], Sequence[float]]]]] = {
    Morse: [("morse", lambda p, scale: (scale * p["depth"], p["alpha"], p["r_0"]))],
    LennardJones: [("lj/cut", lambda p, scale: (scale * p["epsilon"], p["sigma"]))],
    # wall and well, each V = -A e^{-B r²}
    TwoGaussians: [
        ("gauss", lambda p, scale: (-scale * p["wall"], p["wall_width"] ** -2)),
        ("gauss", lambda p, scale: (scale * p["depth"], p["width"] ** -2)),
    ],
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
        If LAMMPS has nothing of the kind (`nakmd.potentials.base.Term.lammps_lacks`).

    Notes
    -----
    Analytic embedded-atom terms go out as ``eam/fs`` tables (see `analytic_table`). A model of one style that
    couples every pair goes out as that style; all others as ``hybrid/overlay``, whose lists of lists cost LAMMPS time.
    Pair terms that LAMMPS has no style for, or that are switched off smoothly, go out as ``table spline``.
    """
    potential.check_coverage(species_names)
    terms = potential.terms if isinstance(potential, Hybrid) else [potential]
    for term in terms:
        refuse_what_lammps_lacks(term)
    out = LAMMPSInput()
    styles: list[_SubStyle] = []
    for n, term in enumerate(terms, start=1):
        match term:
            case AnalyticEmbeddedAtom() | EAM():
                table = term.table if isinstance(term, EAM) else analytic_table(term)
                file = f"term_{n}.eam.fs"
                out.files[file] = format_eam_fs(table)
                styles.append(_many_body("eam/fs", file, table.elements, species_names))
            case Tersoff():
                file = f"term_{n}.tersoff"
                out.files[file] = format_tersoff(term.parameters, term.parameters.source)
                styles.append(_many_body("tersoff", file, term.parameters.elements, species_names))
            case PairPotential():
                styles += _pair_styles(term, species_names, f"term_{n}.table", out.files)
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


def refuse_what_lammps_lacks(term: Potential) -> None:
    """Raise `InputError` for a term that LAMMPS cannot compute."""
    what = term.lammps_lacks if isinstance(term, Term) else f"{type(term).__name__}"
    known = isinstance(term, AnalyticEmbeddedAtom | EAM | Tersoff) or (
        # a pair term with loops of its own is more than its formula
        isinstance(term, PairPotential) and type(term).bind_term is PairPotential.bind_term
    )
    if not what and not known:
        what = f"{type(term).__name__}"
    if what:
        label = term.label if isinstance(term, Term) else type(term).__name__
        raise InputError(
            f"{label} cannot be exported: LAMMPS has no {what}. Export a model without this term, or run it in nakmd."
        )


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


def _pair_styles(
    term: PairPotential, species_names: Sequence[str], file: str, files: dict[str, str]
) -> list[_SubStyle]:
    """Return the sub-styles of a pair term, some for each way to cut, with the scale in the depths or in a table."""
    by_cut: dict[tuple[int, str], _SubStyle] = {}
    tabulated: list[tuple[str, str]] = []
    for i, a in enumerate(species_names):
        for j in range(i, len(species_names)):
            entry = term.entry(a, species_names[j])
            if entry is None or entry not in term.pairs:
                continue
            values, types = term.pairs[entry], f"{i + 1} {j + 1}"
            if type(term) not in PAIR_STYLES or values["cut"] == "smooth":
                sub = by_cut.setdefault((0, "table"), _SubStyle("table", f"spline {N_POINTS}", []))
                sub.coefficients.append((types, f"{file} {'-'.join(entry)} {values['cutoff']!r}"))
                tabulated += [entry] if entry not in tabulated else []
                continue
            shift = "yes" if values["cut"] == "shift" else "no"
            for part, (style, numbers) in enumerate(PAIR_STYLES[type(term)]):
                sub = by_cut.setdefault((part, shift), _SubStyle(style, repr(values["cutoff"]), [], f"shift {shift}"))
                words = " ".join(repr(float(x)) for x in [*numbers(values, term.scale), values["cutoff"]])
                sub.coefficients.append((types, words))
    if tabulated:
        files[file] = format_pair_table(term, tabulated)
    return list(by_cut.values())
