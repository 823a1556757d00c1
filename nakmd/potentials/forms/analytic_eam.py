"""Embedded-atom models given by formulas, and their tables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.forms.eam_sampling import N_R, N_RHO, sample_table
from nakmd.potentials.forms.embedded_atom import EmbeddedAtom


class AnalyticEmbeddedAtom(EmbeddedAtom):
    """An embedded-atom model given by formulas, which can be tabulated.

    Attributes
    ----------
    density_unit : str
    """

    density_unit: str

    @property
    @abstractmethod
    def lattice_constants(self) -> list[float]:
        """Lattice constants of the elements [Å], for the headers of tables."""

    def functions(self, a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:  # noqa: D102  (inherited)
        density, interaction, _, of_pair = self.formulas
        p = of_pair(self._tables([self.elements.index(a), self.elements.index(b)])[0], 0, 1)
        return _at_each(lambda x: interaction(x, 1.0 / x, p)[0], r), _at_each(lambda x: density(x, p), r)

    def embedding_energy(self, a: str, rho: FloatArray) -> FloatArray:  # noqa: D102
        embedding, tables = self.formulas[2], self._tables([self.elements.index(a)])[0]
        return _at_each(lambda x: embedding(x, tables, 0)[0], rho)

    def as_table(self) -> EAMTable:  # noqa: D102
        return analytic_table(self)


def _at_each(function: Callable[[float], float], x: FloatArray) -> FloatArray:
    """Return a scalar function at every element of an array."""
    return np.array([float(function(float(value))) for value in np.ravel(x)]).reshape(np.shape(x))


def analytic_table(
    potential: AnalyticEmbeddedAtom, n_r: int = N_R, n_rho: int = N_RHO, rho_max: float | None = None, comment: str = ""
) -> EAMTable:
    """Return the tables of an analytic embedded-atom model, for ``eam.fs`` (or setfl if it can represent them).

    Parameters
    ----------
    potential : AnalyticEmbeddedAtom
    n_r, n_rho : int
        Numbers of points.
    rho_max : float, optional [unit of the set]
        ``potential.largest_density`` by default.
    comment : str
        Header of the file; by default the name of the model.

    Notes
    -----
    -√ρ and x^n ln x have no finite slope at ρ = 0. The table is inaccurate only for densities below a few grid steps
    (an evaporated atom): -√ρ by up to 0.24 √dρ.
    """
    known: dict[tuple[str, str], tuple[FloatArray, FloatArray]] = {}

    def functions(a: str, b: str, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        # r is always the grid of the table; each pair is computed once, because the formulas run in Python
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
