"""The page of `nakmd potentials show` for a file of another program: format, elements, grids or parameters, header."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nakmd.potentials.files.eam_files import read_eam
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.files.potential_format import Format
from nakmd.potentials.files.tersoff_file import COLUMNS, TersoffParameters, read_tersoff
from nakmd.potentials.files.texts import read_text, sha256

#: Name of the format of a table, and the style of LAMMPS that reads it, by `EAMTable.kind`.
_TABLES = {"alloy": ("setfl", "eam/alloy"), "fs": ("eam.fs", "eam/fs"), "funcfl": ("funcfl", "eam")}
_TERSOFF_UNITS = {
    "A": "eV", "B": "eV", "R": "Å", "D": "Å", "lambda1": "1/Å", "lambda2": "1/Å", "lambda3": "1/Å",
}  # fmt: skip


@dataclass(frozen=True)
class FileFacts:
    """What a potential file holds.

    Attributes
    ----------
    name, title, form : str
        Name of the file; the kind of potential; the format.
    species : tuple of str
    path, sha256 : str
    header : tuple of str
        Comment lines at its beginning.
    cutoff : float [Å]
    settings : tuple of (str, number, str)
        Name, value and unit of the grid.
    elements : tuple of dict
        Atomic number, mass [amu], lattice constant [Å] (None if the file has none) and lattice of each element; empty
        for Tersoff files.
    triples : tuple of dict
        Parameters of each ordered triple of elements; empty for tables.
    """

    name: str
    title: str
    form: str
    species: tuple[str, ...]
    path: str
    sha256: str
    header: tuple[str, ...]
    cutoff: float
    settings: tuple[tuple[str, float, str], ...] = ()
    elements: tuple[dict[str, Any], ...] = ()
    triples: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, serialisable as JSON; the format has no licence and no papers but its header."""
        facts = asdict(self)
        facts["settings"] = {name: {"value": value, "unit": unit} for name, value, unit in self.settings}
        return {**facts, "license": "", "dois": []}


def file_facts(path: Path, form: Format) -> FileFacts:
    """Return what a table (``"eam"``) or a Tersoff file holds.

    Raises
    ------
    FileFormatError
        If it cannot be read.
    """
    if form == "tersoff":
        return _tersoff_facts(path, read_tersoff(path))
    return _table_facts(path, read_eam(path))


def show_file_page(facts: FileFacts) -> None:
    """Print what a file holds: with colours and rules on a terminal, as plain lines otherwise."""
    from nakmd.cli.output import say, show_heading, show_table

    show_heading(f"{facts.name}: {facts.title}")
    say(f"format    {facts.form}")
    say(f"file      {facts.path}  (sha256 {facts.sha256[:16]}…)")
    say(f"cutoff    {facts.cutoff:.10g} Å")
    if facts.settings:
        say()
        show_table(["key", "value", "unit"], [[n, f"{v:.10g}", unit] for n, v, unit in facts.settings], "Grids")
    if facts.elements:
        say()
        columns = ["element", "Z", "mass [amu]", "a [Å]", "lattice"]
        show_table(columns, [[_shown(value) for value in row.values()] for row in facts.elements], "Elements")
    if facts.triples:
        say()
        names = ["-".join(row["elements"]) for row in facts.triples]
        rows = [
            [f"{key} [{_TERSOFF_UNITS[key]}]" if key in _TERSOFF_UNITS else key]
            + [_shown(row[key]) for row in facts.triples]
            for key in COLUMNS
        ]
        show_table(["", *names], rows, "Parameters of the triples")
    show_heading("Header")
    for line in facts.header or ("(empty)",):
        say(line)
    say("\nThere is no licence, accuracy or limit of use beyond this header. Check it: nakmd potentials check FILE.")


def _table_facts(path: Path, table: EAMTable) -> FileFacts:
    form, style = _TABLES[table.kind]
    return FileFacts(
        name=path.name,
        title=f"embedded atoms on tables (LAMMPS: pair_style {style})",
        form=form,
        species=table.elements,
        path=str(path),
        sha256=sha256(path),
        header=tuple(line.strip() for line in table.comment.split("\n") if line.strip()),
        cutoff=table.cutoff,
        settings=(
            ("N_r", table.n_r, ""), ("dr", table.d_r, "Å"), ("largest r", (table.n_r - 1) * table.d_r, "Å"),
            ("N_rho", table.n_rho, ""), ("drho", table.d_rho, "density"), ("largest rho", table.rho_max, "density"),
        ),
        elements=tuple(
            {
                "symbol": symbol,
                "atomic_number": table.atomic_numbers[k],
                "mass": table.masses[k],
                "lattice_constant": table.lattice_constants[k] or None,
                "lattice": table.lattices[k],
            }
            for k, symbol in enumerate(table.elements)
        ),
    )  # fmt: skip


def _tersoff_facts(path: Path, parameters: TersoffParameters) -> FileFacts:
    elements = parameters.elements
    lines = [line.strip() for line in read_text(path).split("\n")]
    header = [
        line.lstrip("# ") for line in lines[: next(k for k, line in enumerate(lines) if line[:1] not in ("", "#"))]
    ]
    return FileFacts(
        name=path.name,
        title="Tersoff bond order (LAMMPS: pair_style tersoff)",
        form="tersoff",
        species=elements,
        path=str(path),
        sha256=sha256(path),
        header=tuple(line for line in header if line),
        cutoff=parameters.cutoff,
        triples=tuple(
            {
                "elements": [elements[a] for a in (i, j, k)],
                **{name: float(getattr(parameters, name)[i, j, k]) for name in COLUMNS},
            }
            for i in range(len(elements))
            for j in range(len(elements))
            for k in range(len(elements))
        ),
    )


def _shown(value: Any) -> str:
    """Return a value for a table; nothing for one that the file does not hold."""
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
