"""Tabulated embedded-atom models, with the interpolation of LAMMPS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from nakmd.arrays import FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.kernels import geometry
from nakmd.kernels.eam import build_eam_kernels
from nakmd.kernels.jit import term
from nakmd.kernels.simd import Lanes, maximum, where
from nakmd.kernels.spline import spline, spline_value
from nakmd.potentials.base import Term
from nakmd.potentials.files.eam_files import read_eam
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom
from nakmd.potentials.forms.lammps_spline import lammps_spline
from nakmd.potentials.forms.lammps_spline import spline_value as curve
from nakmd.potentials.forms.record import Choice, NumbersRecord, Text


class EAMParameters(NamedTuple):
    """Splines of all functions in one table.

    Attributes
    ----------
    splines : (n_rows, 4) float64
        Coefficients of every segment of every function.
    density : (n, n) int64
        First row of φ_ab: the density that b contributes at a.
    pair : (n, n) int64
        First row of r V_ab.
    embedding : (n,) int64
        First row of F_a.
    inverse_dr, inverse_drho : float
    last_r, last_rho : int
        Last segment of the functions of r and of ρ.
    rho_max : float
        F continues linearly beyond.
    """

    splines: FloatArray
    density: IntArray
    pair: IntArray
    embedding: IntArray
    inverse_dr: float
    inverse_drho: float
    last_r: int
    last_rho: int
    rho_max: float


class EAMPair(NamedTuple):
    """The functions of one pair of species, each as the table of splines from its first row, and their grid.

    ``one_density`` is true if φ_ab and φ_ba are the same function.
    """

    density_ab: FloatArray
    density_ba: FloatArray
    pair: FloatArray
    one_density: bool
    last_r: int
    inverse_dr: float


@term
def of_pair(tables: EAMParameters, a: int, b: int) -> EAMPair:
    """Return the functions of one pair of species."""
    ab, ba = tables.density[a, b], tables.density[b, a]
    splines = tables.splines
    return EAMPair(splines[ab:], splines[ba:], splines[tables.pair[a, b] :], ab == ba, tables.last_r, tables.inverse_dr)


@term
def density(r: Lanes, p: EAMPair) -> Lanes:
    """φ_ab(r), the density pass."""
    return spline_value(p.density_ab, p.last_r, p.inverse_dr, r)


@term
def interaction(r: Lanes, inverse: Lanes, p: EAMPair) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """V = z/r with z tabulated; return V, dV/dr, dφ_ab/dr, dφ_ba/dr."""
    z, dz_dr = spline(p.pair, p.last_r, p.inverse_dr, r)
    _, dphi_ab = spline(p.density_ab, p.last_r, p.inverse_dr, r)
    dphi_ba = dphi_ab
    if not p.one_density:
        _, dphi_ba = spline(p.density_ba, p.last_r, p.inverse_dr, r)
    v = z * inverse
    return v, (dz_dr - v) * inverse, dphi_ab, dphi_ba


@term
def embedding(rho: Lanes, tables: EAMParameters, a: int) -> tuple[Lanes, Lanes]:
    """F and dF/dρ; beyond the table F is extrapolated linearly, as in LAMMPS."""
    f, slope = spline(tables.splines[tables.embedding[a] :], tables.last_rho, tables.inverse_drho, rho)
    return f + where(rho > tables.rho_max, slope * maximum(rho - tables.rho_max, 0.0), 0.0), slope


class EAMTableSet(NumbersRecord):
    """An EAM potential in files next to the record: setfl, eam.fs, or one funcfl file for each element."""

    equation: ClassVar[str] = "E = Σ_i F(ρ_i) + ½ Σ φ(r), ρ_i = Σ_j ρ_j(r_ij), on tables with LAMMPS's interpolation"

    form: Literal["eam_table"]
    files: Annotated[tuple[Text, ...], Field(min_length=1)]

    @property
    def species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return self.files

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        return [EAM(read_eam(*(choice.folder / name for name in self.files)), label=self.name)]

    @property
    def data_files(self) -> tuple[str, ...]:  # noqa: D102
        return self.files


class EAM(EmbeddedAtom):
    r"""Tabulated embedded-atom model.

    Values and slopes come from the same cubic segments, those that LAMMPS builds from the same file.

    Parameters
    ----------
    table : EAMTable
    label : str

    Raises
    ------
    InputError
        If a value of the table is beyond those of any material.

    References
    ----------
    M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984). doi:10.1103/PhysRevB.29.6443

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from nakmd.potentials import EAM, evaluate
    >>> from nakmd.structures import crystal
    >>> rho, r = 0.05 * np.arange(41), 0.1 * np.arange(61)  # a funcfl file with F = -√ρ, Z = 1 - r/6 and ρ = e^(-r)
    >>> functions = [" ".join(map(str, values)) for values in (-np.sqrt(rho), 1.0 - r / 6.0, np.exp(-r))]
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "na.eam"
    ...     _ = file.write_text("\n".join(["made up", "11 22.99 4.29 bcc", "41 0.05 61 0.1 6.0", *functions]))
    ...     model = EAM.from_file(file)
    >>> model.elements, model.reach
    (('Na',), 6.0)
    """

    Record = EAMTableSet
    formulas = (density, interaction, embedding, of_pair)
    kernels = build_eam_kernels(*formulas)

    def __init__(self, table: EAMTable, label: str = "eam") -> None:
        super().__init__(table.elements, label)
        problem = table.find_impossible()
        if problem is not None:
            raise InputError(f"{label}: {problem}")
        self.table = table
        self.atomic_numbers = table.atomic_numbers
        self.largest_density = table.rho_max

    @classmethod
    def from_file(cls, *paths: Path | str) -> EAM:
        """Read setfl (eam/alloy), eam.fs or funcfl, recognised by content; several funcfl files make an alloy.

        Raises
        ------
        FileFormatError
            If a file is truncated, damaged or of another kind.
        """
        return cls(read_eam(*paths), label=Path(paths[0]).name if paths else "eam")

    def as_table(self) -> EAMTable:  # noqa: D102  (inherited)
        return self.table

    @property
    def reach(self) -> float:  # noqa: D102
        return self.table.cutoff

    def functions(self, a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:  # noqa: D102
        t, i, j = self.table, self.elements.index(a), self.elements.index(b)
        v, phi = (
            np.where(r < t.cutoff, curve(lammps_spline(f), t.d_r, r)[0], 0.0)
            for f in (t.pair[i, j], t.density_matrix[j, i])
        )
        return v / r, phi

    def embedding_energy(self, a: str, rho: FloatArray) -> FloatArray:  # noqa: D102
        t = self.table
        f, slope = curve(lammps_spline(t.embedding[self.elements.index(a)]), t.d_rho, rho)
        energies: FloatArray = f + slope * np.maximum(rho - t.rho_max, 0.0)
        return energies

    def _numbers(self) -> list[Any]:
        t = self.table
        return [
            t.elements, t.d_rho, t.d_r, t.cutoff, t.rho_max, t.embedding.tolist(), t.density_matrix.tolist(),
            t.pair.tolist(),
        ]  # fmt: skip

    def _tables(self, rows: list[int]) -> tuple[EAMParameters, FloatArray]:
        t = self.table
        n_el, n_r, n_rho = len(t.elements), t.n_r, t.n_rho
        # order of the rows: densities (source, target), pairs, embedding energies
        kind = np.float32 if self.precision == "mixed" else np.float64
        splines = geometry.aligned_rows(2 * n_el * n_el * n_r + n_el * n_rho, kind)
        np.concatenate(
            [lammps_spline(functions).reshape(-1, 4) for functions in (t.density_matrix, t.pair, t.embedding)],
            out=splines,
            casting="same_kind",
        )
        known = np.array([k >= 0 for k in rows])
        element = np.maximum(np.array(rows), 0)
        center, neighbor = element[:, None], element[None, :]
        density = _first_alike(t.density_matrix)[neighbor, center]
        pair = n_el * n_el + center * n_el + neighbor
        p = EAMParameters(
            splines=splines,
            density=np.ascontiguousarray(density * n_r),
            pair=np.ascontiguousarray(pair * n_r),
            embedding=2 * n_el * n_el * n_r + element * n_rho,
            inverse_dr=1.0 / t.d_r,
            inverse_drho=1.0 / t.d_rho,
            last_r=n_r - 2,
            last_rho=n_rho - 2,
            rho_max=float(t.rho_max),
        )
        of_r = splines[: 2 * n_el * n_el * n_r].reshape(-1, n_r, 4)
        reach = _reaches(of_r, t.d_r)
        longest = np.maximum(np.maximum(reach[density], reach[density.T]), reach[pair])
        return p, np.where(known[:, None] & known[None, :], np.minimum(longest, t.cutoff), 0.0)


def _reaches(functions: FloatArray, d_r: float) -> FloatArray:
    """Return the distance beyond which each of (n, n_r, 4) splines is zero: it shortens the neighbour lists."""
    present = np.any(functions[:, :-1] != 0.0, axis=-1)
    present[:, -1] |= functions[:, -1, 0] != 0.0  # beyond the table its last value is kept
    segments = present.shape[1] - np.argmax(present[:, ::-1], axis=1)
    # the caller cuts a table that does not end at zero
    reach = np.where(segments == present.shape[1], np.inf, segments * d_r)
    return np.where(np.any(present, axis=1), reach, 0.0)


def _first_alike(functions: FloatArray) -> IntArray:
    """Return, for (n, n, n_r) tabulated functions, the index of the first one with the same values: (n, n) int64.

    φ_ab and φ_ba of an exported set are often the same function and then need one look-up.
    """
    _, first, which = np.unique(
        functions.reshape(-1, functions.shape[-1]), axis=0, return_index=True, return_inverse=True
    )
    return np.asarray(first[which.ravel()], dtype=np.int64).reshape(functions.shape[:2])
