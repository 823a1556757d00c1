"""Embedded-atom models given by formulas, and their tables."""

from __future__ import annotations

from abc import abstractmethod

from nakmd.arrays import FloatArray
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.forms.eam_sampling import N_R, N_RHO, sample_table
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom


class AnalyticEmbeddedAtom(EmbeddedAtom):
    """An embedded-atom model given by formulas: besides, it says what a table of it needs.

    Attributes
    ----------
    atomic_numbers : tuple of int
    largest_density : float
        End of a table of embedding energies, in the unit of the set: some four times the density of a solid.
    density_unit : str
    """

    atomic_numbers: tuple[int, ...]
    largest_density: float
    density_unit: str

    @property
    @abstractmethod
    def lattice_constants(self) -> list[float]:
        """Of the elements [Å], for the headers of tables."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """Where the last of the functions ends [Å]."""

    @abstractmethod
    def functions(self, a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return V [eV] between two elements and the density that b puts at a, each an array of r's shape [Å]."""

    @abstractmethod
    def embedding_energy(self, a: str, rho: FloatArray) -> FloatArray:
        """Return F [eV] of an element on densities, an array of rho's shape."""

    def as_table(self) -> EAMTable:  # noqa: D102  (inherited)
        return analytic_table(self)


def analytic_table(
    potential: AnalyticEmbeddedAtom, n_r: int = N_R, n_rho: int = N_RHO, rho_max: float | None = None, comment: str = ""
) -> EAMTable:
    """Return the tables of an analytic embedded-atom model, for ``eam.fs`` (or setfl, where it can express them).

    Parameters
    ----------
    potential : AnalyticEmbeddedAtom
    n_r, n_rho : int
        Numbers of points.
    rho_max : float, optional [unit of the set]
        ``potential.largest_density`` if left out.
    comment : str
        Header of the file; names the model if left out.

    Notes
    -----
    -√ρ and x^n ln x have no slope at ρ = 0: only where an atom has a density below a few grid steps (an evaporated
    one) is the table poor, -√ρ by up to 0.24 √dρ.
    """
    known: dict[tuple[str, str], tuple[FloatArray, FloatArray]] = {}

    def functions(a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        # always on the one grid of the table, once for each pair: a formula in Python takes seconds
        if (a, b) not in known:
            known[a, b] = potential.functions(a, b, r)
        return known[a, b]

    return sample_table(
        potential.elements,
        density=lambda a, b, r: functions(b, a, r)[1],
        pair=lambda a, b, r: functions(a, b, r)[0],
        embedding=potential.embedding_energy,
        atomic_numbers=potential.atomic_numbers,
        cutoff=potential.reach,
        rho_max=potential.largest_density if rho_max is None else rho_max,
        n_r=n_r,
        n_rho=n_rho,
        lattice_constants=potential.lattice_constants,
        comment=comment or f"{potential.label}: {type(potential).__name__}, tabulated by nakmd\nUnits: eV, angstrom",
    )
