"""Tersoff's bond-order potential in LAMMPS's convention."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.kernels import bond_order
from nakmd.kernels.simd import LANES
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.potentials.base import Term, species_key
from nakmd.potentials.tersoff_file import COLUMNS, TersoffParameters, read_tersoff
from nakmd.system import Result, System

#: Parts that a system is cut into, whatever the number of threads.
N_CHUNKS = 64


class Tersoff(Term):
    r"""Tersoff bond-order potential.

    .. math::
        E = \tfrac12 \sum_{i \ne j} f_C(r_{ij}) [A e^{-\lambda_1 r_{ij}} - b_{ij} B e^{-\lambda_2 r_{ij}}],
        \quad b_{ij} = (1 + \beta^n \zeta_{ij}^n)^{-1/2n}

        \zeta_{ij} = \sum_{k \ne i, j} f_C(r_{ik})\, g(\theta_{ijk})\, e^{[\lambda_3 (r_{ij} - r_{ik})]^m}

    Two-body numbers come from entry (i, j, j), three-body numbers from (i, j, k).

    Parameters
    ----------
    parameters : TersoffParameters
    label : str

    References
    ----------
    J. Tersoff, Phys. Rev. B 37, 6991 (1988), doi:10.1103/PhysRevB.37.6991; Phys. Rev. B 39, 5566 (1989),
    doi:10.1103/PhysRevB.39.5566
    """

    has_mixed = False

    def __init__(self, parameters: TersoffParameters, label: str = "tersoff") -> None:
        self.parameters = parameters
        self.elements = parameters.elements
        self.label = label
        self._partials: tuple[FloatArray, FloatArray, FloatArray] = (np.zeros(0), np.zeros(0), np.zeros(0))
        self._scratch: FloatArray = np.zeros((N_CHUNKS, 0))
        self._columns = np.zeros((N_CHUNKS, 0), np.int64)
        self._virials: FloatArray = np.zeros((0, 6))

    @classmethod
    def from_file(cls, path: Path | str, elements: Sequence[str] | None = None) -> Tersoff:
        """Read a file in LAMMPS's tersoff format; ``elements`` picks some of those it holds.

        Raises
        ------
        FileFormatError
            If the file is truncated, damaged, or lacks an entry.
        """
        return cls(read_tersoff(path, elements), label=Path(path).name)

    def covers(self, a: str, b: str) -> str:  # noqa: D102  (inherited)
        known = species_key(a, self.elements) is not None and species_key(b, self.elements) is not None
        return self.label if known else ""

    def describe(self) -> dict[str, Any]:  # noqa: D102
        numbers = {name: getattr(self.parameters, name).tolist() for name in COLUMNS}
        digest = hashlib.sha256(json.dumps([self.elements, numbers]).encode()).hexdigest()
        return {"form": "Tersoff", "label": self.label, "elements": list(self.elements), "sha256": digest}

    def bind(self, species_names: Sequence[str]) -> None:  # noqa: D102
        keys = [species_key(name, self.elements) for name in species_names]
        known = np.array([key is not None for key in keys], dtype=np.bool_)
        rows = np.array([self.elements.index(key) if key is not None else 0 for key in keys], dtype=np.int64)
        pick = np.ix_(rows, rows, rows)
        tables = {name: np.ascontiguousarray(getattr(self.parameters, name)[pick]) for name in COLUMNS}
        triples = tables["R"] + tables["D"]
        # a neighbour c matters to the bond (a, b) within R + D of (a, b, c); the list is made symmetric, because
        # every entry needs its reverse
        all_known = known[:, None, None] & known[None, :, None] & known[None, None, :]
        reach = np.where(all_known, triples, 0.0).max(axis=1, initial=0.0)
        reach = np.maximum(reach, reach.T)
        self._tables = bond_order.TersoffTables(**tables, reach=np.ascontiguousarray(reach))
        self._requests = (ListRequest(self.label, reach, bonded=True),)

    def _make_room(self, found: SlicedList) -> None:
        widest = max(found.widest, 1)
        if self._columns.shape[1] < 2 * widest:
            self._scratch = np.zeros((N_CHUNKS, bond_order.N_FIELDS * LANES * widest))
            self._columns = np.zeros((N_CHUNKS, 2 * widest), np.int64)
        size = len(found.entries) + LANES
        if len(self._partials[0]) != size:
            self._partials = (np.zeros(size), np.zeros(size), np.zeros(size))
        if len(self._virials) != found.n_slices:
            self._virials = np.zeros((found.n_slices, 6))

    def add_to(  # noqa: D102
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        found = lists[0]
        self._make_room(found)
        bond_order.fill_partials(
            neighbors.rows, found.atoms, found.centers, found.species, found.begin, found.end, found.entries,
            self._tables, virial, self._scratch, self._columns, result.energies, *self._partials, self._virials,
        )  # fmt: skip
        bond_order.add_bond_forces(found.atoms, found.begin, found.end, found.reverse, *self._partials, result.forces)
        if virial:
            result.virial += self._virials.sum(axis=0)
