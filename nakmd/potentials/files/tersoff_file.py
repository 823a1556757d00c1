"""Tersoff parameters and their LAMMPS files, with 17 words for every ordered triple of elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.errors import FileFormatError, InputError
from nakmd.potentials.files.number_lines import NUMBER, TRUNCATED, Lines, shown
from nakmd.potentials.files.potential_format import other_model
from nakmd.potentials.files.texts import read_text, write_text

#: Columns of a record after its three elements, in the order of the file.
COLUMNS = ("m", "gamma", "lambda3", "c", "d", "h", "n", "beta", "lambda2", "B", "R", "D", "lambda1", "A")
N_WORDS = 3 + len(COLUMNS)
N_MISSING_SHOWN = 6
MAX_NAME = 16


@dataclass(frozen=True, eq=False)
class TersoffParameters:
    r"""Parameters of the Tersoff bond order for every ordered triple of elements, in the convention of LAMMPS.

    .. math::
        E = \tfrac12 \sum_{i \ne j} f_C(r_{ij}) [A e^{-\lambda_1 r_{ij}} - b_{ij} B e^{-\lambda_2 r_{ij}}],
        \quad b_{ij} = (1 + \beta^n \zeta_{ij}^n)^{-1/2n}

        \zeta_{ij} = \sum_k f_C(r_{ik})\, g(\theta_{ijk})\, e^{[\lambda_3 (r_{ij} - r_{ik})]^m}, \quad
        g = \gamma \left(1 + \frac{c^2}{d^2} - \frac{c^2}{d^2 + (\cos\theta - h)^2}\right)

    Attributes
    ----------
    elements : tuple of str
    m, gamma, lambda3, c, d, h, n, beta, lambda2, B, R, D, lambda1, A : (n_el, n_el, n_el) float64
        ``[i, j, k]``: i the central atom, j bonded to it, k the atom that weakens the bond. n, β, λ₂, B, λ₁, A and
        the cutoff of the bond are those of ``[i, j, j]``; m, γ, λ₃, c, d, h and the cutoff of i–k those of
        ``[i, j, k]``. f_C decreases from 1 to 0 between R − D and R + D. Å, eV, 1/Å.
    source : str
        The source of the numbers.

    References
    ----------
    Tersoff, Phys. Rev. B 37, 6991 (1988), doi:10.1103/PhysRevB.37.6991; Phys. Rev. B 39, 5566 (1989),
    doi:10.1103/PhysRevB.39.5566.
    """

    elements: tuple[str, ...]
    m: FloatArray
    gamma: FloatArray
    lambda3: FloatArray
    c: FloatArray
    d: FloatArray
    h: FloatArray
    n: FloatArray
    beta: FloatArray
    lambda2: FloatArray
    B: FloatArray
    R: FloatArray
    D: FloatArray
    lambda1: FloatArray
    A: FloatArray
    source: str = ""

    def __post_init__(self) -> None:
        """Validate shapes and ranges, and make the arrays read-only."""
        n_el = len(self.elements)
        for name in COLUMNS:
            array = np.array(getattr(self, name), dtype=np.float64, order="C")
            if array.shape != (n_el, n_el, n_el):
                raise InputError(f"{name} of a Tersoff set has shape {array.shape}; it must be {(n_el, n_el, n_el)}.")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        for i, j, k in product(range(n_el), repeat=3):
            problem = find_problem({name: float(getattr(self, name)[i, j, k]) for name in COLUMNS}, bond=j == k)
            if problem:
                triple = " ".join(self.elements[a] for a in (i, j, k))
                raise InputError(f"Tersoff entry {triple}: {problem}")

    @property
    def cutoff(self) -> float:
        """The largest R + D [Å]."""
        return float(np.max(self.R + self.D))

    def select(self, elements: Sequence[str]) -> TersoffParameters:
        """Return the parameters of some of the elements, in the order given."""
        missing = [element for element in elements if element not in self.elements]
        if missing:
            raise InputError(f"This Tersoff set has {', '.join(self.elements)}, not {', '.join(missing)}.")
        rows = [self.elements.index(element) for element in elements]
        chosen = np.ix_(rows, rows, rows)
        arrays = {name: getattr(self, name)[chosen] for name in COLUMNS}
        return TersoffParameters(tuple(elements), **arrays, source=self.source)


def find_problem(entry: dict[str, float], bond: bool) -> str | None:
    """Return the description of the first error in one record, or None.

    Parameters
    ----------
    entry : dict of str to float
        One number for each of `COLUMNS`.
    bond : bool
        Whether it is an entry i j j, whose n, β, B, A apply to a bond.
    """
    for name, value in entry.items():
        if not np.isfinite(value):
            return f"{name} is {value}; it must be finite."
        if name not in ("h", "lambda3") and value < 0.0:
            return f"{name} is {value:g}; it must not be negative."
    if entry["m"] not in (1.0, 3.0):
        return f"m is {entry['m']:g}; it must be 1 or 3."
    if entry["R"] <= 0.0:
        return "R is 0; the cutoff must be positive."
    if entry["D"] > entry["R"]:
        return f"D = {entry['D']:g} Å is larger than R = {entry['R']:g} Å."
    if entry["d"] == 0.0:
        return "d is 0, and the angular function divides by it; give c = 0 and d = 1 for no angular part."
    if bond and entry["n"] == 0.0 and entry["B"] > 0.0:
        return "n is 0, and the bond order takes the power 1/(2n)."
    return None


def read_tersoff(path: Path | str, elements: Sequence[str] | None = None) -> TersoffParameters:
    """Return the parameters in a LAMMPS Tersoff file.

    Parameters
    ----------
    path : path-like
    elements : sequence of str, optional
        Elements to read; all of the file by default. Records of other elements are skipped.

    Returns
    -------
    TersoffParameters

    Raises
    ------
    FileFormatError
        For damaged or duplicate records, invalid values, or a triple without a record, with file, line and remedy.
    """
    text = read_text(path)
    lines = Lines(path, text)
    lines.check_units(text.partition("\n")[0])
    other = other_model(text)
    if other is not None:
        raise FileFormatError(path, f"the file is {other[0]}, not a Tersoff file.", other[1])
    records: dict[tuple[str, str, str], tuple[int, dict[str, float]]] = {}
    while (words := lines.words_or_none()) is not None:
        first = lines.line
        while len(words) < N_WORDS:
            more = lines.words_or_none()
            if more is None:
                raise lines.error(
                    f"the record that starts on line {first} has {len(words)} of {N_WORDS} words.",
                    TRUNCATED,
                )
            words += more
        if any(NUMBER.fullmatch(word) for word in words[N_WORDS:]):  # LAMMPS ignores what follows a record
            raise lines.error(
                f"the record that starts on line {first} has {len(words)} words, not {N_WORDS}.",
                "Give three elements and " + " ".join(COLUMNS) + " for each record.",
            )
        triple = (words[0], words[1], words[2])
        for element in triple:
            if NUMBER.fullmatch(element) or len(element) > MAX_NAME:
                raise lines.error(
                    f"{shown(element)} is not an element, in the record that starts on line {first}.",
                    "An earlier record has an extra or a missing word; correct it.",
                )
        lines.check_symbols(triple)
        if elements is not None and not set(triple) <= set(elements):
            continue
        if triple in records:
            raise lines.error(
                f"{' '.join(triple)} is already on line {records[triple][0]}.",
                "Keep one record for each triple.",
            )
        entry = {
            name: lines.number(word, f"{name} of {' '.join(triple)}")
            for name, word in zip(COLUMNS, words[3:N_WORDS], strict=True)
        }
        problem = find_problem(entry, bond=triple[1] == triple[2])
        if problem:
            raise lines.error(f"{' '.join(triple)}: {problem}", "Correct the record.", line=first)
        records[triple] = (first, entry)
    wanted = tuple(elements) if elements is not None else tuple(dict.fromkeys(a for triple in records for a in triple))
    if not wanted:
        raise FileFormatError(path, "contains no Tersoff record.", f"Give a file of records of {N_WORDS} words.")
    n_missing = len(set(wanted)) ** 3 - len(records)
    if n_missing:
        absent = (" ".join(triple) for triple in product(wanted, repeat=3) if triple not in records)
        missing = list(islice(absent, N_MISSING_SHOWN))  # all of them could be many
        more_missing = f" and {n_missing - N_MISSING_SHOWN} more" if n_missing > N_MISSING_SHOWN else ""
        raise FileFormatError(
            path,
            f"{len(wanted)} elements need {len(wanted) ** 3} records; there is none for "
            f"{', '.join(missing)}{more_missing}.",
            "Select fewer elements, or add the records.",
        )
    return tersoff_parameters(wanted, {triple: entry for triple, (_, entry) in records.items()}, source=str(path))


def tersoff_parameters(
    elements: Sequence[str], records: dict[tuple[str, str, str], dict[str, float]], source: str = ""
) -> TersoffParameters:
    """Return the parameter arrays from records for every triple of the elements."""
    n = len(elements)
    arrays = {name: np.empty((n, n, n)) for name in COLUMNS}
    for i, j, k in product(range(n), repeat=3):
        for name in COLUMNS:
            arrays[name][i, j, k] = records[elements[i], elements[j], elements[k]][name]
    return TersoffParameters(tuple(elements), **arrays, source=source)


def format_tersoff(parameters: TersoffParameters, comment: str = "") -> str:
    """Return the text of a LAMMPS Tersoff file, exact to the last bit."""
    out = ["# UNITS: metal"]
    out += [f"# {line}".rstrip() for line in comment.split("\n") if line.strip()]
    out.append("# e1 e2 e3 " + " ".join(COLUMNS).replace(" h ", " cos(theta0) "))
    for i, j, k in product(range(len(parameters.elements)), repeat=3):
        names = " ".join(parameters.elements[a] for a in (i, j, k))
        values = (float(getattr(parameters, name)[i, j, k]) for name in COLUMNS)
        out.append(names + " " + " ".join(f"{value!r}" for value in values))
    return "\n".join(out) + "\n"


def write_tersoff(path: Path | str, parameters: TersoffParameters, comment: str = "") -> Path:
    """Write a LAMMPS Tersoff file and return its path."""
    return write_text(path, format_tersoff(parameters, comment))
