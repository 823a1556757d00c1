"""Read and write EAM tables: setfl (``eam/alloy``), ``eam.fs`` and funcfl, recognised by content, without loss."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import ATOMIC_NUMBERS
from nakmd.errors import FileFormatError, InputError
from nakmd.potentials.files.eam_table import MIN_POINTS, EAMTable, Kind
from nakmd.potentials.files.funcfl import combine_funcfl, parse_funcfl
from nakmd.potentials.files.number_lines import INTEGER, NUMBER, Lines, shown
from nakmd.potentials.files.potential_format import is_funcfl, other_model, recognised
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
    other = other_model(text) if recognised(text) != "eam" else None
    if other is not None:
        raise FileFormatError(path, f"the file is {other[0]}.", other[1])
    lines = Lines(path, text)
    comment = [lines.raw() for _ in range(N_COMMENT_LINES)]
    lines.check_units(comment[0])
    elements = _element_names(lines)
    n = len(elements)
    n_rho, d_rho, n_r, d_r, cutoff = lines.grid(MIN_POINTS)
    lines.check_counts(n * (n_rho + n_r) + n * (n + 1) // 2 * n_r)

    numbers: list[int] = []
    masses: list[float] = []
    constants: list[float] = []
    lattices: list[str] = []
    embedding: list[FloatArray] = []
    density: list[FloatArray] = []
    kind: Kind = "alloy"
    for a, element in enumerate(elements):
        number, mass, constant, lattice = lines.element_header(element)
        numbers.append(number)
        masses.append(mass)
        constants.append(constant)
        lattices.append(lattice)
        embedding.append(lines.block(n_rho, f"F(ρ) of {element}"))
        density.append(lines.block(n_r, f"ρ(r) of {element}"))
        if a == 0 and n > 1 and not _next_is_element_header(lines, elements[1]):
            kind = "fs"
        if kind == "fs":
            density += [lines.block(n_r, f"ρ(r) of {element} at {b}") for b in elements[1:]]
    pair = np.zeros((n, n, n_r))
    for a in range(n):
        for b in range(a + 1):
            pair[a, b] = pair[b, a] = lines.block(n_r, f"r φ(r) of {elements[a]}-{elements[b]}")
    _check_end(lines, n, n_r)
    density_shape = (n, n, n_r) if kind == "fs" else (n, n_r)
    return EAMTable(
        kind=kind, elements=elements, atomic_numbers=tuple(numbers), masses=tuple(masses),
        lattice_constants=tuple(constants), lattices=tuple(lattices), d_rho=d_rho, d_r=d_r, cutoff=cutoff,
        embedding=np.array(embedding), density=np.array(density).reshape(density_shape), pair=pair,
        comment="\n".join(comment),
    )  # fmt: skip


def _element_names(lines: Lines) -> tuple[str, ...]:
    """Return the elements of the line after the three comments of a setfl file."""
    words = lines.words("the line 'N element_1 ... element_N'")
    if not INTEGER.fullmatch(words[0]):
        raise lines.error(
            "this is not an EAM table: setfl and eam.fs have 'N element_1 ... element_N' on this line, "
            "and funcfl has 'Z mass a lattice' and five grid values on lines 2 and 3.",
            "Give a setfl, eam.fs or funcfl file.",
        )
    n = lines.integer(words[0], "the number of elements", 1)
    if n != len(words) - 1:
        raise lines.error(f"the header gives {n} elements but names {len(words) - 1}.", "Correct the header.")
    if n > MAX_ELEMENTS:
        raise lines.error(f"the number of elements is {n}; at most {MAX_ELEMENTS} are read.", "Correct the header.")
    repeated = sorted({word for word in words[1:] if words.count(word) > 1})
    if repeated:
        raise lines.error(f"{shown(repeated[0])} is named twice.", "Name every element once.")
    lines.check_symbols(words[1:])
    return tuple(words[1:])


def _next_is_element_header(lines: Lines, element: str) -> bool:
    """Return whether the next line is 'Z mass a lattice' of an element (setfl) or holds values (eam.fs).

    LAMMPS reads two words of a header: the others may be missing or be any words.
    """
    position = lines.line
    words = lines.words_or_none()
    lines.line = position
    if words is None:
        return True  # truncated: the reader of the header raises the error
    if not INTEGER.fullmatch(words[0]) or int(words[0]) <= 0 or len(words) < 2:
        return False
    if all(NUMBER.fullmatch(word) for word in words):
        return len(words) <= 3 or (len(words) == 4 and int(words[0]) == ATOMIC_NUMBERS.get(element))
    return bool(NUMBER.fullmatch(words[1]))


def _check_end(lines: Lines, n: int, n_r: int) -> None:
    """Raise an error if anything but comments follows the tables; name the tables of an ADP file."""
    position = lines.line
    rest = 0
    while (words := lines.words_or_none()) is not None:
        rest += len(words)
    lines.line = position
    if rest == n * (n + 1) * n_r:
        raise lines.error(
            f"two more tables for each pair of elements follow those of an EAM potential ({rest} values): this is an "
            "ADP file (angular-dependent potential), whose dipole and quadrupole terms nakmd does not have.",
            "Give a setfl, eam.fs or funcfl file.",
        )
    lines.end()


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
        out += value_lines(table.embedding[a])
        for block in density[a]:
            out += value_lines(block)
    for a in range(len(table.elements)):
        for b in range(a + 1):
            out += value_lines(table.pair[a, b])
    return "\n".join(out) + "\n"


def value_lines(values: FloatArray) -> Iterable[str]:
    """Yield lines of values with 17 significant digits, which reproduce every double exactly."""
    # the tables of many species are mostly zeros
    words = [f"{value:.16e}" if value else "0.0" for value in values.tolist()]
    for first in range(0, len(words), VALUES_PER_LINE):
        yield " ".join(words[first : first + VALUES_PER_LINE])
