"""LAMMPS input for any sum of terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nakmd.errors import InputError
from nakmd.potentials.base import Potential, Term
from nakmd.potentials.files.texts import write_texts
from nakmd.potentials.hybrid import Hybrid
from nakmd.potentials.lammps_style import LAMMPSStyle, lacking_in_lammps


@dataclass
class LAMMPSInput:
    """Commands and files with which LAMMPS evaluates a potential.

    Attributes
    ----------
    commands : list of str
        ``pair_style``, ``pair_coeff`` and ``pair_modify``, for ``units metal``.
    files : dict of str to str
        Name and text of the files that the commands read.
    are_stiff : list of bool
        Whether each style, in the order of ``pair_style``, is of a stiff term.
    """

    commands: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    are_stiff: list[bool] = field(default_factory=list)

    def write(self, folder: Path | str, name: str = "potential.in") -> list[Path]:
        """Write the commands (``include NAME`` in LAMMPS) and the files into a folder; return their paths."""
        return write_texts(folder, self.texts(name))

    def texts(self, name: str = "potential.in") -> dict[str, str]:
        """Return name and text of every file, the commands first."""
        return {name: "\n".join(self.commands) + "\n", **self.files}


def lammps_input(potential: Potential, species_names: Sequence[str], plugin: bool = False) -> LAMMPSInput:
    """Return the LAMMPS commands and files of a potential.

    Parameters
    ----------
    potential : Potential
        One term or a sum of terms.
    species_names : sequence of str
        Species of the LAMMPS types 1, 2, ...; each labelled site has its own type.
    plugin : bool
        Use pair styles that are built from source, where there are any (`Term.lammps_plugin`): the files contain the
        source, and the commands load the library.

    Returns
    -------
    LAMMPSInput

    Raises
    ------
    CoverageError
        If no term couples some pair of species.
    InputError
        If LAMMPS has no equivalent of a term (`nakmd.potentials.base.Term.lammps_lacks`), or ``plugin`` does not apply.

    Notes
    -----
    Analytic embedded-atom terms are exported as ``eam/fs`` tables (`nakmd.potentials.forms.analytic_eam`), metal that
    screens its pairs with the wall as two of them (`nakmd.potentials.screened_tables`). A model with one style that
    couples every pair uses that style, all others ``hybrid/overlay``, whose sublists make LAMMPS slower. Pair terms for
    which LAMMPS has no style, or which are switched smoothly, are exported as ``table spline``.
    """
    potential.check_coverage(species_names)
    terms = potential.terms if isinstance(potential, Hybrid) else [potential]
    for term in terms:
        _refuse_what_lammps_lacks(term)  # first, because tabulation takes seconds
    out = LAMMPSInput()
    styles: list[LAMMPSStyle] = []
    replacing: list[LAMMPSStyle] = []
    for n, term in enumerate(potential.terms, start=1):
        built = term.lammps_plugin(species_names, f"term_{n}") if plugin else None
        used = term.lammps_styles(species_names, f"term_{n}") if built is None else [built]
        (replacing if term.replace else styles).extend(replace(style, is_stiff=term.is_stiff) for style in used)
    libraries = {style.library: f"plugin load {style.library}" for style in styles + replacing if style.library}
    if plugin and not libraries:
        raise InputError(
            "No term of this potential has a pair style of its own for LAMMPS; export it without the plugin."
        )
    out.commands += libraries.values()
    n_replaced = len(styles)
    styles = sorted(styles, key=lambda style: not style.idle) + replacing
    out.are_stiff = [style.is_stiff for style in styles]
    for style in styles:
        out.files |= style.files
    pairs = [(i, j) for i in range(len(species_names)) for j in range(i, len(species_names))]
    uncoupled = [(i, j) for i, j in pairs if potential.covers(species_names[i], species_names[j]) == "none"]
    replaced = [(i, j) for i, j in pairs if any(t.loses(species_names[i], species_names[j]) for t in potential.terms)]
    if len(styles) == 1 and not uncoupled and not replaced:
        out.commands += _alone(styles[0])
        return out
    out.commands.append(" ".join(["pair_style hybrid/overlay", *(f"{s.name} {s.arguments}".strip() for s in styles)]))
    sparse = [style for style in styles if style.idle]
    idle = [pair for pair in sparse[0].idle if all(pair in style.idle for style in sparse)] if sparse else []
    counted: dict[str, int] = {}
    for k, style in enumerate(styles):
        if k == len(sparse):  # "none" takes a pair from all styles before it, which makes their lists shorter
            out.commands += [f"pair_coeff {i} {j} none" for i, j in idle]
        if k == n_replaced:
            out.commands += [f"pair_coeff {i + 1} {j + 1} none" for i, j in replaced]
        counted[style.name] = counted.get(style.name, 0) + 1
        repeated = sum(other.name == style.name for other in styles) > 1
        name = f"{style.name} {counted[style.name]}" if repeated else style.name
        out.commands += [f"pair_coeff {types} {name} {numbers}" for types, numbers in style.coefficients]
        if style.modify:
            out.commands.append(f"pair_modify pair {name} {style.modify}")
    out.commands += [f"pair_coeff {i + 1} {j + 1} none" for i, j in uncoupled]
    return out


def _refuse_what_lammps_lacks(term: Potential) -> None:
    """Raise `InputError` for a term that LAMMPS cannot compute."""
    if not isinstance(term, Term):
        raise lacking_in_lammps(type(term).__name__, type(term).__name__)
    if term.lammps_lacks:
        raise lacking_in_lammps(term.label, term.lammps_lacks)


def _alone(style: LAMMPSStyle) -> list[str]:
    """Return the commands for a model of a single style."""
    commands = [f"pair_style {style.name} {style.arguments}".strip()]
    commands += [f"pair_coeff {types} {numbers}" for types, numbers in style.coefficients]
    return [*commands, f"pair_modify {style.modify}"] if style.modify else commands
