"""The Tersoff bond-order potential in the convention of LAMMPS."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from nakmd.arrays import FloatArray
from nakmd.kernels import bond_order, bond_virials
from nakmd.kernels.simd import LANES
from nakmd.neighbors import ListRequest, Neighbors, SlicedList
from nakmd.potentials.base import Term, species_key
from nakmd.potentials.evaluator import BoundTerm
from nakmd.potentials.files.tersoff_file import (
    COLUMNS,
    TersoffParameters,
    format_tersoff,
    read_tersoff,
    tersoff_parameters,
)
from nakmd.potentials.forms.many_body_style import many_body_style
from nakmd.potentials.forms.record import (
    Choice,
    Evidence,
    NotNegative,
    Number,
    NumbersRecord,
    Part,
    Positive,
    Species,
    Text,
    refuse_repeats,
)
from nakmd.potentials.lammps_style import LAMMPSStyle
from nakmd.system import Result, System

#: Number of parts that a system is divided into; it does not depend on the number of threads.
N_CHUNKS = 64


class TersoffPair(Part):
    """Parameters of a bond order: central atom, bonded atom, and the third atoms (all elements by default)."""

    elements: tuple[Species, Species]
    third: tuple[Species, ...] | None = None
    m: Literal[1, 3]
    gamma: NotNegative
    lambda3: Number
    c: NotNegative
    d: Positive
    h: Number
    n: NotNegative
    beta: NotNegative
    lambda2: NotNegative
    B: NotNegative
    R: Positive
    D: NotNegative
    lambda1: NotNegative
    A: NotNegative
    evidence: Evidence
    note: Text = ""


class TersoffSet(NumbersRecord):
    """Tersoff bond order in the convention of LAMMPS (see `nakmd.potentials.files.tersoff_file`)."""

    equation: ClassVar[str] = (
        "E = ½ Σ f_C(r) [A exp(-λ1 r) - b_ij B exp(-λ2 r)], b = (1 + βⁿ ζⁿ)^(-1/2n), "
        "ζ = Σ_k f_C(r_ik) g(θ) exp(λ3^m (r_ij - r_ik)^m), g = γ (1 + c²/d² - c²/(d² + (cos θ - h)²))"
    )

    number_units: ClassVar = {
        "A": "eV", "B": "eV", "R": "Å", "D": "Å", "lambda1": "1/Å", "lambda2": "1/Å", "lambda3": "1/Å",
    }  # fmt: skip
    has_elements = True

    form: Literal["tersoff"]
    elements: Annotated[tuple[Species, ...], Field(min_length=1)]
    pair: tuple[TersoffPair, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        refuse_repeats(self.elements, "element")
        triples = [(*p.elements, k) for p in self.pair for k in (self.elements if p.third is None else p.third)]
        refuse_repeats([" ".join(triple) for triple in triples], "triple")
        for triple in triples:
            if not set(triple) <= set(self.elements):
                raise ValueError(f"{' '.join(triple)} is not of the elements {', '.join(self.elements)}")
        required = [(i, j, k) for i in self.elements for j in self.elements for k in self.elements]
        missing = [" ".join(triple) for triple in required if triple not in triples]
        if missing:
            raise ValueError(f"no [[pair]] gives the triples {', '.join(missing)}")
        return self

    @property
    def species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return self.elements

    def build_terms(self, choice: Choice) -> list[Term]:  # noqa: D102
        entries = {
            (*pair.elements, third): {name: float(getattr(pair, name)) for name in COLUMNS}
            for pair in self.pair
            for third in (self.elements if pair.third is None else pair.third)
        }
        source = "; ".join(source.paper for source in self.source)
        parameters = tersoff_parameters(self.chosen(choice.elements), entries, source=f"{self.name}: {source}")
        return [Tersoff(parameters, label=self.name)]


class Tersoff(Term):
    r"""Tersoff bond-order potential.

    .. math::
        E = \tfrac12 \sum_{i \ne j} f_C(r_{ij}) [A e^{-\lambda_1 r_{ij}} - b_{ij} B e^{-\lambda_2 r_{ij}}],
        \quad b_{ij} = (1 + \beta^n \zeta_{ij}^n)^{-1/2n}

        \zeta_{ij} = \sum_{k \ne i, j} f_C(r_{ik})\, g(\theta_{ijk})\, e^{[\lambda_3 (r_{ij} - r_{ik})]^m}

    Two-body parameters are those of entry (i, j, j), three-body parameters those of (i, j, k).

    Parameters
    ----------
    parameters : TersoffParameters
    label : str

    References
    ----------
    J. Tersoff, Phys. Rev. B 37, 6991 (1988), doi:10.1103/PhysRevB.37.6991; Phys. Rev. B 39, 5566 (1989),
    doi:10.1103/PhysRevB.39.5566

    Examples
    --------
    >>> from nakmd.potentials import evaluate, load
    >>> from nakmd.structures import graphene
    >>> (carbon,) = load("tersoff-1989-c").terms
    >>> sheet = graphene(repeats=(3, 2), bond=1.46)
    >>> type(carbon).__name__, round(evaluate(carbon, sheet).energy / sheet.n_atoms, 2)
    ('Tersoff', -7.39)
    """

    Record: ClassVar[type[NumbersRecord]] = TersoffSet
    has_mixed = False
    is_stiff = True

    def __init__(self, parameters: TersoffParameters, label: str = "tersoff") -> None:
        self.parameters = parameters
        self.elements = parameters.elements
        self.label = label

    @classmethod
    def from_file(cls, path: Path | str, elements: Sequence[str] | None = None) -> Tersoff:
        """Read a file in the tersoff format of LAMMPS; ``elements`` selects some of its elements.

        Raises
        ------
        FileFormatError
            If the file is truncated, damaged, or lacks an entry.
        """
        return cls(read_tersoff(path, elements), label=Path(path).name)

    @property
    def known_species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return self.elements

    def lammps_styles(self, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:  # noqa: D102
        text = format_tersoff(self.parameters, self.parameters.source)
        return many_body_style("tersoff", f"{stem}.tersoff", text, self.elements, species_names)

    def texts(self) -> dict[str, Callable[[], str]]:  # noqa: D102
        if self.replaced_by:  # a file has all triples of its elements
            return {}
        return {"tersoff": lambda: format_tersoff(self.parameters, self.parameters.source)}

    def covers(self, a: str, b: str) -> str:  # noqa: D102  (inherited)
        known = species_key(a, self.elements) is not None and species_key(b, self.elements) is not None
        return self.label if known and not self.loses(a, b) else ""

    def describe(self) -> dict[str, Any]:  # noqa: D102
        numbers = {name: getattr(self.parameters, name).tolist() for name in COLUMNS}
        digest = hashlib.sha256(json.dumps([self.elements, numbers]).encode()).hexdigest()
        return {
            "form": "Tersoff", "label": self.label, "elements": list(self.elements), "sha256": digest,
            **self.describe_losses(),
        }  # fmt: skip

    def bind_term(self, species_names: Sequence[str]) -> BoundTersoff:  # noqa: D102
        keys = [species_key(name, self.elements) for name in species_names]
        known = np.array([key is not None for key in keys], dtype=np.bool_)
        rows = np.array([self.elements.index(key) if key is not None else 0 for key in keys], dtype=np.int64)
        pick = np.ix_(rows, rows, rows)
        tables = {name: np.ascontiguousarray(getattr(self.parameters, name)[pick]) for name in COLUMNS}
        triples = tables["R"] + tables["D"]
        # a neighbour c affects the bond (a, b) within R + D of (a, b, c); the list is symmetric because every entry
        # needs its reverse
        all_known = known[:, None, None] & known[None, :, None] & known[None, None, :]
        reach = np.where(all_known, triples, 0.0).max(axis=1, initial=0.0)
        reach = np.where(self.lost_pairs(species_names), 0.0, np.maximum(reach, reach.T))
        bound = bond_order.TersoffTables(**tables, reach=np.ascontiguousarray(reach))
        return BoundTersoff(bound, ListRequest(self.label, reach, bonded=True))


class BoundTersoff(BoundTerm):
    """Tables of a bond-order potential for the species of one system.

    Parameters
    ----------
    tables : TersoffTables
    request : ListRequest
    """

    def __init__(self, tables: bond_order.TersoffTables, request: ListRequest) -> None:
        self.requests = (request,)
        self.kernels = (bond_order.fill_partials, bond_order.add_bond_forces, bond_virials.add_bond_virials)
        self._tables = tables
        self._partials: tuple[FloatArray, FloatArray, FloatArray] = (np.zeros(0), np.zeros(0), np.zeros(0))
        self._scratch: FloatArray = np.zeros((N_CHUNKS, 0))
        self._columns = np.zeros((N_CHUNKS, 0), np.int64)
        self._virials: FloatArray = np.zeros((0, 6))

    def _resize_scratch(self, bonds: SlicedList) -> None:
        widest = max(bonds.widest, 1)
        if self._columns.shape[1] < 2 * widest:
            self._scratch = np.zeros((N_CHUNKS, bond_order.N_FIELDS * LANES * widest))
            self._columns = np.zeros((N_CHUNKS, 2 * widest), np.int64)
        size = len(bonds.entries) + LANES
        if len(self._partials[0]) != size:
            self._partials = (np.zeros(size), np.zeros(size), np.zeros(size))
        if len(self._virials) != bonds.n_slices:
            self._virials = np.zeros((bonds.n_slices, 6))

    def add_to(  # noqa: D102  (inherited)
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        bonds = lists[0]
        self._resize_scratch(bonds)
        fill_partials, add_bond_forces, _ = self.kernels
        fill_partials(
            neighbors.rows, bonds.atoms, bonds.centers, bonds.species, bonds.begin, bonds.end, bonds.entries,
            self._tables, virial, self._scratch, self._columns, result.energies, *self._partials, self._virials,
        )  # fmt: skip
        add_bond_forces(bonds.atoms, bonds.begin, bonds.end, bonds.reverse, *self._partials, result.forces)
        if virial:
            result.virial += self._virials.sum(axis=0)

    def add_virials(  # noqa: D102
        self, neighbors: Neighbors, lists: Sequence[SlicedList], virials: FloatArray
    ) -> None:
        bonds = lists[0]
        self.kernels[2](
            neighbors.rows, bonds.atoms, bonds.centers, bonds.begin, bonds.end, bonds.entries, bonds.reverse,
            *self._partials, virials,
        )  # fmt: skip
