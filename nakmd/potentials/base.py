"""Base classes of potentials: immutable descriptions of terms over species; `bind` returns what computes them."""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import BoolArray, FloatArray
from nakmd.elements import element_of
from nakmd.errors import CoverageError, InputError, ModelWarning
from nakmd.potentials.evaluator import BoundTerm, Evaluator
from nakmd.potentials.lammps_style import LAMMPSStyle, lacking_in_lammps
from nakmd.potentials.local_energy import LocalEnergy
from nakmd.system import Result, System

#: Nitrogen that dopes the wall.
GRAPHITIC = "N:graphitic"

#: What `Potential.with_precision` takes.
PRECISIONS = ("double", "mixed")


class Potential(ABC):
    """A model of the energy of atoms: an immutable description.

    `bind` returns an `Evaluator`, which holds the tables for the species of one system and computes its forces. Any
    number of systems, threads and processes may share one potential.
    """

    #: Arithmetic of pairs: ``"double"``, or ``"mixed"`` with float32 (`with_precision`).
    precision: str = "double"

    #: Whether some of its pairs can be evaluated in float32.
    has_mixed: bool = True

    #: Name of a set that depends on the doping of the wall, if it was loaded without; empty for all others.
    undoped_set: str = ""

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise AttributeError(
                f"{name} of {type(self).__name__} is already set: potentials are immutable. Make a new one."
            )
        object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({' + '.join(term.label for term in self.terms)})"

    def _with(self, **changes: object) -> Self:
        """Return a copy with some attributes changed."""
        changed = copy.copy(self)
        changed.__dict__.update(changes)
        return changed

    def without_doping(self, name: str) -> Self:
        """Return the same potential, which warns of graphitic nitrogen that the set ``name`` was not told of."""
        return self._with(undoped_set=name)

    @property
    @abstractmethod
    def terms(self) -> tuple[Term, ...]:
        """The terms of the sum; for a single term, the term itself."""

    @abstractmethod
    def with_precision(self, precision: str) -> Self:
        """Return the same potential with another arithmetic of pairs.

        Parameters
        ----------
        precision : {"double", "mixed"}
            With ``"mixed"`` the separations, formulas and sums over the neighbours of one species are in float32, twice
            as many at a time; positions, velocities, sums of those sums, energies and virials remain in float64. Bond
            orders are always in float64. In a liquid metal the error of the forces is then about 1e-5 of their rms.

        Raises
        ------
        InputError
            If the precision is unknown, or no pairs of the potential can be evaluated in float32.
        """

    @abstractmethod
    def covers(self, a: str, b: str) -> str:
        """Return the label of the term that couples two species, ``"none"`` if declared so, or an empty string."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return form, parameters or their hash, and cut modes, serialisable as JSON, for the provenance."""

    def bind(self, species_names: Sequence[str]) -> Evaluator:
        """Return an evaluator with the tables of these species.

        Raises
        ------
        CoverageError
            If no term couples two of the species.

        Warns
        -----
        ModelWarning
            If the model depends on the doping of the wall, has none, and there is graphitic nitrogen.
        """
        self.check_coverage(species_names)
        if self.undoped_set and GRAPHITIC in species_names:
            warnings.warn(
                f"{self.undoped_set} depends on the graphitic nitrogen of the wall, which it was not told: it takes "
                'the wall for undoped. Give load(..., doping=nitrogen_fractions(system)["graphitic"]), or doping=0.0.',
                ModelWarning,
                stacklevel=2,
            )
        return Evaluator(
            self,
            species_names,
            [term.bind_term(species_names) for term in self.terms],
            [term.is_stiff for term in self.terms],
        )

    def bind_stiff(self, species_names: Sequence[str]) -> Evaluator:
        """Return an evaluator of the stiff terms alone (`Term.is_stiff`), for a system of their atoms."""
        stiff = [term for term in self.terms if term.is_stiff]
        return Evaluator(self, species_names, [term.bind_term(species_names) for term in stiff], [True] * len(stiff))

    def coverage(self, species_names: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return (a, b, ``covers(a, b)``) for every unordered pair of species."""
        names = list(species_names)
        return [(a, b, self.covers(a, b)) for k, a in enumerate(names) for b in names[k:]]

    def check_coverage(self, species_names: Sequence[str]) -> None:
        """Raise `CoverageError` if no term couples some pair of species."""
        missing = [(a, b) for a, b, how in self.coverage(species_names) if not how]
        if missing:
            pairs = ", ".join(f"{a} with {b}" for a, b in missing)
            raise CoverageError(
                f"No term couples {pairs}. {self._label_advice(missing)}Add a term for each pair to the model, or "
                'declare the pair as "none" if the two should not interact. A missing interaction is never taken as '
                "zero silently."
            )

    def _label_advice(self, missing: Sequence[tuple[str, str]]) -> str:
        """Return what to do if pairs are missing because a site has no label, or another one; empty otherwise."""
        known = sorted({name for term in self.terms for name in term.known_species if ":" in name})
        for name, other in (names for a, b in missing for names in ((a, b), (b, a))):
            labelled = [site for site in known if element_of(site) == element_of(name) and self.covers(site, other)]
            if labelled and name not in labelled:
                what = f"{name} has no site label" if name == element_of(name) else f"It has no {name}"
                return (
                    f"{what}; the model couples {', '.join(labelled)}. Files such as POSCAR have no labels: give them "
                    'as labels= of NakMD, or as atoms.arrays["site"]. If it is no matter of labels: '
                )
        return ""


class Term(Potential):
    """One term of a sum, which is also a potential on its own.

    Subclasses set `label` and implement `covers`, `describe` and `bind_term`.
    """

    label: str

    #: Whether it is a sum over pairs, which can replace those of other terms.
    pairwise: bool = False

    #: Whether it takes its pairs from the other terms of a `Hybrid`.
    replace: bool = False

    #: Whether a model file declares its sum with the other terms of that model, where their pairs are the same.
    summed: bool = False

    #: Whether it is a correction: added to the other terms of a `Hybrid` that have its pairs.
    added: bool = False

    #: Whether it acts only between atoms of different layers of the wall (`nakmd.structures.with_layers`).
    between_layers: bool = False

    #: Whether a program outside nakmd computes it: it can fail, and its speed is known only by a call.
    is_external: bool = False

    #: Whether it has a virial; without one there is no pressure and no barostat.
    has_virial: bool = True

    #: Whether its forces vibrate with the bonds of light atoms: of two time steps it then takes the short one.
    is_stiff: bool = False

    #: The terms that took pairs from this one.
    replaced_by: tuple[Term, ...] = ()

    #: The feature that LAMMPS lacks, as the end of "LAMMPS has no ..."; empty if the term can be exported.
    lammps_lacks: str = ""

    @property
    def terms(self) -> tuple[Term, ...]:  # noqa: D102  (inherited)
        return (self,)

    @property
    def parts(self) -> tuple[Term, ...]:
        """The terms that it consists of: itself, unless it combines others (`nakmd.potentials.Screened`)."""
        return (self,)

    def with_precision(self, precision: str) -> Self:  # noqa: D102
        if precision not in PRECISIONS:
            raise InputError(f"There is no precision {precision!r}; there are {', '.join(PRECISIONS)}.")
        if precision == "mixed" and not self.has_mixed:
            raise InputError(f"{self.label} is evaluated in double precision only; mixed does not apply to it.")
        return self._with(precision=precision)

    def in_declared_sum(self) -> Self:
        """Return the term as part of a model whose file declares the sum of its terms."""
        return self._with(summed=True)

    def without_pairs_of(self, other: Term) -> Self:
        """Return the term without the pairs of species that another one couples: they are not its neighbours.

        As in ``hybrid/overlay`` of LAMMPS a species that loses all its pairs leaves the term, and with them a constant
        F(0) of an embedded-atom table.
        """
        return self._with(replaced_by=(*self.replaced_by, other))

    def loses(self, a: str, b: str) -> bool:
        """Return whether another term took the pair of two species from this one."""
        return any(term.covers(a, b) not in ("", "none") for term in self.replaced_by)

    def lost_pairs(self, species_names: Sequence[str]) -> BoolArray:
        """Return `loses` for all pairs of species: (n_species, n_species) bool."""
        return np.array([[self.loses(a, b) for b in species_names] for a in species_names], dtype=np.bool_)

    def describe_losses(self) -> dict[str, Any]:
        """Return the pairs that other terms took, for `describe`; empty if there are none."""
        taken = [pair for term in self.replaced_by for pair in term.describe()["pairs"]]
        return {"without": sorted(taken)} if taken else {}

    @abstractmethod
    def bind_term(self, species_names: Sequence[str]) -> BoundTerm:
        """Return the term with its tables for these species; species that it does not cover get zero cutoffs."""

    def local_energy(self, bound: BoundTerm, exchanged: Sequence[int]) -> LocalEnergy | None:
        """Return what computes the change of the energy when places get other species.

        Parameters
        ----------
        bound : BoundTerm
            From `bind_term`, with the evaluator's arrays.
        exchanged : sequence of int
            Species that come and go; the term acts on at least one of them.

        Returns
        -------
        LocalEnergy or None
            None if the change cannot be computed from the neighbours of these places.
        """
        return None

    @property
    def known_species(self) -> tuple[str, ...]:
        """Elements or species that the term has numbers for."""
        return tuple(dict.fromkeys(name for part in self.parts if part is not self for name in part.known_species))

    def lammps_styles(self, species_names: Sequence[str], stem: str) -> list[LAMMPSStyle]:
        """Return the pair styles of LAMMPS that compute the term.

        Parameters
        ----------
        species_names : sequence of str
            Species of the LAMMPS types 1, 2, ...
        stem : str
            First part of the file names.

        Raises
        ------
        InputError
            If LAMMPS has no equivalent.
        """
        raise lacking_in_lammps(self.label, self.lammps_lacks or type(self).__name__)

    def lammps_plugin(self, species_names: Sequence[str], stem: str) -> LAMMPSStyle | None:
        """Return a faster pair style that is built from source, or None if there is none; arguments as above."""
        return None

    def texts(self) -> dict[str, Callable[[], str]]:
        """Return, for each file format that can represent the term, a callable that formats it (`files.export`)."""
        return {}


def evaluate(potential: Potential, system: System, skin: float = 0.0) -> Result:
    """Return energy, forces and virial of one configuration, with tables and lists built for this call only.

    For many configurations of the same species, bind once and call `Evaluator.evaluate`.

    Parameters
    ----------
    potential : Potential
    system : System
    skin : float [Å]
        For tests: the result does not depend on it beyond rounding.

    Returns
    -------
    Result

    Examples
    --------
    >>> from nakmd.cell import Cell
    >>> from nakmd.potentials import Morse, evaluate
    >>> from nakmd.system import System
    >>> pair = System([[0, 0, 0], [3.1, 0, 0]], [0, 1], ["K", "C"], Cell([20, 20, 20], [False] * 3))
    >>> morse = Morse({("K", "C"): {"depth": 0.0736, "alpha": 1.6748, "r_0": 3.1, "cutoff": 9.0, "cut": "cut"}},
    ...               none=[("K", "K"), ("C", "C")])
    >>> round(evaluate(morse, pair).energy, 6)
    -0.0736
    """
    return potential.bind(system.species_names).evaluate(system, skin)


def species_key(name: str, known: Sequence[str]) -> str | None:
    """Return the entry of ``known`` that a species uses: its own label if listed, else its bare element.

    ``"N:graphitic"`` uses ``"N:graphitic"`` if a term lists it and ``"N"`` otherwise; ``"C"`` never uses
    ``"C:edge"``.
    """
    if name in known:
        return name
    element = name.partition(":")[0]
    return element if element in known else None


def positive(value: float, what: str) -> float:
    """Return the value; raise `InputError` unless it is finite and positive."""
    if not (np.isfinite(value) and value > 0.0):
        raise InputError(f"{what} must be a positive number, got {value}.")
    return float(value)


def finite(value: float, what: str) -> float:
    """Return the value; raise `InputError` unless it is finite."""
    if not np.isfinite(value):
        raise InputError(f"{what} must be a finite number, got {value}.")
    return float(value)


def constant(values: ArrayLike) -> FloatArray:
    """Return a read-only copy as float64."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
