"""Read and write EAM tables: setfl (``eam/alloy``), ``eam.fs`` and funcfl, recognised by content, without loss."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import FileFormatError, InputError
from nakmd.potentials.files.eam_table import MIN_POINTS, EAMTable, Kind
from nakmd.potentials.files.funcfl import combine_funcfl, is_funcfl, parse_funcfl
from nakmd.potentials.files.number_lines import DAMAGED, INTEGER, NUMBER, Lines, shown
from nakmd.potentials.files.texts import read_text, write_text

VALUES_PER_LINE = 5
N_COMMENT_LINES = 3
MAX_ELEMENTS = 128


def read_eam(*paths: Path | str) -> EAMTable:
    """Return the tables of an EAM file, recognised by content: setfl, eam.fs or funcfl.

    Parameters
    ----------
    *paths : path-like
        One file; or several funcfl files, one for each element, which are combined as in LAMMPS:
        r φ_ab = 27.2 · 0.529 Z_a Z_b, on a common grid.

    Returns
    -------
    EAMTable

    Raises
    ------
    FileFormatError
        If a file is truncated, damaged or of another kind, with file, line and remedy.
    """
    if not paths:
        raise InputError("No EAM file was named; give a setfl, eam.fs or funcfl file.")
    texts = [(path, read_text(path)) for path in paths]
    if all(is_funcfl(text) for _, text in texts):
        return combine_funcfl([parse_funcfl(path, text) for path, text in texts])
    if len(texts) > 1:
        path = next(path for path, text in texts if not is_funcfl(text))
        raise FileFormatError(
            path,
            "is not a funcfl file, and only funcfl files can be combined.",
            "Give one setfl or eam.fs file with all elements.",
        )
    return _parse_setfl(*texts[0])


def _parse_setfl(path: Path | str, text: str) -> EAMTable:
    """Return the tables of a setfl or eam.fs text."""
    lines = Lines(path, text)
    comment = [lines.raw() for _ in range(N_COMMENT_LINES)]
    lines.check_units(comment[0])
    elements = _element_names(lines)
    n = len(elements)
    words = lines.words("the line 'Nrho drho Nr dr cutoff'")
    if len(words) != 5:
        raise lines.error(
            f"the line 'Nrho drho Nr dr cutoff' has {len(words)} values, not 5.",
            "Give a setfl, eam.fs or funcfl file (eam/he and adp are other formats).",
        )
    n_rho = lines.integer(words[0], "Nrho", MIN_POINTS)
    d_rho = lines.positive(words[1], "drho")
    n_r = lines.integer(words[2], "Nr", MIN_POINTS)
    d_r = lines.positive(words[3], "dr")
    cutoff = lines.positive(words[4], "the cutoff")
    lines.check_reach(cutoff, n_r, d_r)

    numbers: list[int] = []
    masses: list[float] = []
    constants: list[float] = []
    lattices: list[str] = []
    embedding: list[FloatArray] = []
    density: list[FloatArray] = []
    kind: Kind = "alloy"
    for a, element in enumerate(elements):
        words = lines.words(f"the line 'Z mass a lattice' of {element}")
        if len(words) not in (2, 3, 4):
            raise lines.error(
                f"the line 'Z mass a lattice' of {element} has {len(words)} values, not 4.",
                "Correct the counts of the header; an extra or missing value shifts the tables.",
            )
        numbers.append(lines.integer(words[0], f"the atomic number of {element}"))
        masses.append(lines.positive(words[1], f"the mass of {element}"))
        constants.append(lines.number(words[2], f"a of {element}") if len(words) > 2 else 0.0)
        lattices.append(words[3] if len(words) > 3 else "none")
        embedding.append(lines.block(n_rho, f"F(ρ) of {element}"))
        density.append(lines.block(n_r, f"ρ(r) of {element}"))
        if a == 0 and n > 1 and not _next_is_element_header(lines):
            kind = "fs"
        if kind == "fs":
            density += [lines.block(n_r, f"ρ(r) of {element} at {b}") for b in elements[1:]]
    pair = np.zeros((n, n, n_r))
    for a in range(n):
        for b in range(a + 1):
            pair[a, b] = pair[b, a] = lines.block(n_r, f"r φ(r) of {elements[a]}-{elements[b]}")
    lines.end()
    density_shape = (n, n, n_r) if kind == "fs" else (n, n_r)
    return EAMTable(
        kind=kind, elements=elements, atomic_numbers=tuple(numbers), masses=tuple(masses),
        lattice_constants=tuple(constants), lattices=tuple(lattices), d_rho=d_rho, d_r=d_r, cutoff=cutoff,
        embedding=np.array(embedding), density=np.array(density).reshape(density_shape), pair=pair,
        comment="\n".join(comment),
    )  # fmt: skip


def _element_names(lines: Lines) -> tuple[str, ...]:
    """Return the elements of the fourth line of a setfl file."""
    words = lines.raw().partition("#")[0].split()
    if not words or not INTEGER.fullmatch(words[0]):
        raise lines.error(
            "this is not an EAM table: setfl and eam.fs have 'N element_1 ... element_N' on this line, "
            "and funcfl has 'Z mass a lattice' and five grid values on lines 2 and 3.",
            "Give a setfl, eam.fs or funcfl file.",
        )
    n = lines.integer(words[0], "the number of elements", 1)
    if n != len(words) - 1:
        raise lines.error(f"the header gives {n} elements but names {len(words) - 1}.", "Correct the header.")
    if n > MAX_ELEMENTS:
        raise lines.error(f"the number of elements is {n}.", DAMAGED)
    repeated = sorted({word for word in words[1:] if words.count(word) > 1})
    if repeated:
        raise lines.error(f"{shown(repeated[0])} is named twice.", "Name every element once.")
    return tuple(words[1:])


def _next_is_element_header(lines: Lines) -> bool:
    """Return whether the next line is 'Z mass a lattice' (setfl) or holds values (eam.fs)."""
    position = lines.line
    words = lines.words_or_none()
    lines.line = position
    if words is None:
        return True  # truncated: the reader of the header raises the error
    if not NUMBER.fullmatch(words[-1]):
        return len(words) == 4 and bool(INTEGER.fullmatch(words[0]))
    # LAMMPS reads two words of this line, so the lattice may be missing: an integer first word marks a header
    return len(words) in (2, 3) and bool(INTEGER.fullmatch(words[0])) and float(words[0]) > 0


def format_setfl(table: EAMTable) -> str:
    """Return the text of a setfl file (``pair_style eam/alloy``), exact to the last bit.

    Raises
    ------
    InputError
        If the density at an atom depends on its own element, which setfl cannot represent.
    """
    density = table.density_matrix
    if not np.array_equal(density, np.broadcast_to(density[:, :1], density.shape)):
        raise InputError(
            f"The densities of {'-'.join(table.elements)} depend on the atom that receives them, "
            "which setfl cannot represent; write eam.fs."
        )
    return _format(table, density[:, :1])


def format_eam_fs(table: EAMTable) -> str:
    """Return the text of an eam.fs file (``pair_style eam/fs``), exact to the last bit."""
    return _format(table, table.density_matrix)


def write_setfl(path: Path | str, table: EAMTable) -> Path:
    """Write a setfl file (see `format_setfl`) and return its path."""
    return write_text(path, format_setfl(table))


def write_eam_fs(path: Path | str, table: EAMTable) -> Path:
    """Write an eam.fs file (see `format_eam_fs`) and return its path."""
    return write_text(path, format_eam_fs(table))


def _format(table: EAMTable, density: FloatArray) -> str:
    """Return the text of a table with (n_el, m, n_r) densities, m blocks for each element."""
    comment = [" ".join(line.split()) for line in table.comment.split("\n")]
    comment += [""] * (N_COMMENT_LINES - len(comment))
    out = [*comment[:2], " ".join(comment[2:]), " ".join([str(len(table.elements)), *table.elements])]
    out.append(f"{table.n_rho} {table.d_rho!r} {table.n_r} {table.d_r!r} {table.cutoff!r}")
    for a in range(len(table.elements)):
        out.append(
            f"{table.atomic_numbers[a]} {table.masses[a]!r} {table.lattice_constants[a]!r} "
            f"{table.lattices[a] or 'none'}"
        )
        out += _value_lines(table.embedding[a])
        for block in density[a]:
            out += _value_lines(block)
    for a in range(len(table.elements)):
        for b in range(a + 1):
            out += _value_lines(table.pair[a, b])
    return "\n".join(out) + "\n"


def _value_lines(values: FloatArray) -> Iterable[str]:
    """Yield lines of values with 17 significant digits, which reproduce every double exactly."""
    words = [f"{value:.16e}" for value in values.tolist()]
    for first in range(0, len(words), VALUES_PER_LINE):
        yield " ".join(words[first : first + VALUES_PER_LINE])
