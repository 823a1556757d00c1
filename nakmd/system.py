"""Atoms and their state in plain arrays: `System`, `Topology`, `Frame`, and the `Result` of a potential."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from nakmd.arrays import BoolArray, FloatArray, Int32Array, IntArray
from nakmd.atom_values import check_masses, check_positions, indices, vectors
from nakmd.cell import Cell
from nakmd.elements import MASSES, element_of
from nakmd.errors import InputError, counted
from nakmd.units import ACCELERATION, K_B

#: Group of the atoms that arrive during a run (`nakmd.structures.park`).
DEPOSITED = "deposited"


@dataclass(frozen=True)
class Topology:
    """The properties of a system that do not change from frame to frame.

    Attributes
    ----------
    species_names : tuple of str
        Elements with an optional site label: ``"K"``, ``"N:graphitic"``, ``"C:edge"``.
    species : (n,) int64
        Index of each atom's species in ``species_names``.
    masses : (n,) float64 [amu]
    periodic : (3,) bool
    groups : mapping of str to (n,) bool
        Named sets of atoms: ``"tube"``, ``"liquid"``, ...
    run : Topology or None
        All atoms of the run, if these are only some of them (`part`).
    run_indices : (n,) int64 or None
        Index of each atom in the arrays of the run, increasing; None if these are all of its atoms.
    """

    species_names: tuple[str, ...]
    species: IntArray
    masses: FloatArray
    periodic: BoolArray
    groups: Mapping[str, BoolArray] = field(default_factory=dict)
    run: Topology | None = None
    run_indices: IntArray | None = None

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.species)

    @property
    def elements(self) -> tuple[str, ...]:
        """Element of each species."""
        return tuple(element_of(name) for name in self.species_names)

    @property
    def whole(self) -> Topology:
        """All atoms of the run: `run`, or these."""
        return self if self.run is None else self.run

    def part(self, mask: BoolArray) -> Topology:
        """Return the topology of some of the atoms: the species and groups that have any of them.

        Parameters
        ----------
        mask : (n,) bool
        """
        if np.all(mask):
            return self
        present, species = np.unique(self.species[mask], return_inverse=True)
        return Topology(
            tuple(self.species_names[row] for row in present),
            species.astype(np.int64),
            self.masses[mask],
            self.periodic,
            {name: np.asarray(group[mask]) for name, group in self.groups.items() if np.any(group[mask])},
            self.whole,
            np.flatnonzero(mask) if self.run_indices is None else self.run_indices[mask],
        )

    def lacking(self, words: Iterable[str] = ("all",)) -> dict[str, int]:
        """Return how many atoms of the run are not among these, by species.

        Parameters
        ----------
        words : iterable of str
            Only atoms that one of them selects in the run, as in `select`.

        Raises
        ------
        InputError
            If the run has no species, element or group of such a name.
        """
        if self.run is None or self.run_indices is None:
            return {}
        missing = self.run.select_any(words)
        missing[self.run_indices] = False
        counts = np.bincount(self.run.species[missing], minlength=len(self.run.species_names))
        return {name: int(n) for name, n in zip(self.run.species_names, counts, strict=True) if n}

    def select_any(self, words: Iterable[str]) -> BoolArray:
        """Return the mask, a copy, of the atoms that any of these words selects, as in `select`."""
        mask = np.zeros(self.n_atoms, dtype=np.bool_)
        for word in words:
            mask |= self.select(word)
        return mask

    def select(self, word: str) -> BoolArray:
        """Return the mask of the atoms of a species, an element, a group, or ``"all"``.

        Parameters
        ----------
        word : str
            ``"N:graphitic"`` (that species), ``"N"`` (every nitrogen), ``"liquid"`` (that group), ``"all"``.

        Returns
        -------
        (n,) bool

        Raises
        ------
        InputError
            If the system has no species, element or group of this name.
        """
        if word == "all":
            return np.ones(self.n_atoms, dtype=np.bool_)
        if word in self.groups:
            return np.asarray(self.groups[word])
        rows = [a for a, name in enumerate(self.species_names) if word in (name, element_of(name))]
        if not rows:
            known = sorted({*self.species_names, *self.elements, *self.groups, "all"})
            if self.run is not None:
                self.run.select(word)
                raise InputError(f"The trajectory lacks the atoms {word!r} of its run; it holds {', '.join(known)}.")
            raise InputError(f"No atoms are called {word!r}; choose among {', '.join(known)}.")
        return np.asarray(np.isin(self.species, rows))

    def without_absent(self, present: BoolArray) -> Topology:
        """Return the topology of a system that consists of the atoms that are present, (n,); all species are kept.

        Other than those that `part` leaves out, atoms that are parked are no part of the run at that time.
        """
        groups = {name: np.asarray(members)[present] for name, members in self.groups.items()}
        rows = None if self.run_indices is None else self.run_indices[present]
        species, masses = self.species[present], self.masses[present]
        return replace(self, species=species, masses=masses, groups=groups, run_indices=rows)


@dataclass(slots=True)
class Frame:
    """One frame of a trajectory; observers and analyses only read it.

    Energies, temperature and virial are those of all atoms of the run, also where the frame holds only some of them.

    Attributes
    ----------
    step : int
    time : float [ps]
        NaN if the source of the frame has no times.
    positions : (n, 3) float64 [Å]
        Wrapped into the cell along periodic directions.
    images : (n, 3) int32
        ``unwrapped = positions + images @ cell.matrix``.
    cell : Cell
    velocities : (n, 3) float64 [Å/ps] or None
    potential_energy : float [eV] or None
    kinetic_energy : float [eV] or None
    temperature : float [K] or None
    virial : (6,) float64 [eV] or None
        W = -dE/dε, Voigt order xx yy zz yz xz xy.
    pair_energies : (s, s) float64 [eV] or None
        Energy of the pair terms between species a (row) and b; the full value is at [a, b] and at [b, a].
        Many-body terms are not included. The species are those of all atoms (`Topology.whole`).
    energies : (n,) float64 [eV] or None
        Potential energy of each atom.
    virials : (n, 3, 3) float64 [eV] or None
        Virial of each atom by the potential (`nakmd.potentials.Evaluator.compute`). Tethers are no part of it.
    center, center_images, center_velocity : (3,) float64 [Å], [Å/ps] or None
        Means over all atoms, weighed by their masses, of positions, image counts and velocities, where the frame holds
        only some of them: ``center + center_images @ cell.matrix`` is the unwrapped centre of mass.
    present : (n,) bool or None
        Which atoms take part; None if all do. The others are parked: they will arrive later, or have left. Where they
        are has no meaning.
    stage : str
        Name of the stage to which the frame belongs.
    has_images : bool
        Whether the source has image counts. If not, ``images`` only restores the positions of the source, which may
        have been wrapped; paths then follow the nearest image from frame to frame.

    Examples
    --------
    >>> frame = Frame(0, 0.0, np.array([[2.0, 3.0, 3.0]]), np.array([[1, 0, 0]]), Cell([10.0, 10.0, 10.0]))
    >>> frame.unwrapped.tolist()
    [[12.0, 3.0, 3.0]]
    """

    step: int
    time: float
    positions: FloatArray
    images: Int32Array
    cell: Cell
    velocities: FloatArray | None = None
    potential_energy: float | None = None
    kinetic_energy: float | None = None
    temperature: float | None = None
    virial: FloatArray | None = None
    pair_energies: FloatArray | None = None
    energies: FloatArray | None = None
    virials: FloatArray | None = None
    center: FloatArray | None = None
    center_images: FloatArray | None = None
    center_velocity: FloatArray | None = None
    present: BoolArray | None = None
    stage: str = ""
    has_images: bool = True

    @property
    def unwrapped(self) -> FloatArray:
        """Unwrapped positions [Å]."""
        return self.positions + self.images @ self.cell.matrix

    def of_present(self, topology: Topology) -> tuple[Topology, Frame]:
        """Return topology and frame of the atoms that are there, for readers that know no parked atoms."""
        if self.present is None:
            return topology, self
        return topology.without_absent(self.present), self.part(self.present)

    def part(self, mask: BoolArray) -> Self:
        """Return the frame with the atoms in a mask (n,) only; what belongs to the whole frame stays as it is."""
        by_atom = ("positions", "images", "velocities", "energies", "virials", "present")
        values = {name: getattr(self, name) for name in by_atom}
        return replace(self, **{name: value[mask] for name, value in values.items() if value is not None})


class System:
    """Atoms in a cell.

    Parameters
    ----------
    positions : (n, 3) array_like [Å]
        Unwrapped: they are not brought back into a periodic cell.
    species : (n,) array_like of int
        Index in ``species_names``.
    species_names : sequence of str
    cell : Cell
    velocities : (n, 3) array_like [Å/ps], optional
        Zero if omitted.
    masses : (n,) array_like [amu], optional
        Standard atomic weights if omitted.
    groups : mapping of str to (n,) bool, optional
    present : (n,) bool, optional
        Which atoms take part; all if omitted. The others are parked: no force, velocity or energy, no part in sums.

    Raises
    ------
    InputError
        If shapes do not match, a position or velocity is not finite, a mass is not positive, or an element has no
        standard mass.

    Examples
    --------
    >>> pair = System([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]], [0, 1], ["Na", "K"], Cell([20.0, 20.0, 20.0]))
    >>> pair.masses.round(2).tolist(), pair.topology.select("K").tolist()
    ([22.99, 39.1], [False, True])
    """

    __slots__ = ("cell", "groups", "masses", "positions", "present", "species", "species_names", "velocities")

    def __init__(
        self,
        positions: ArrayLike,
        species: ArrayLike,
        species_names: Sequence[str],
        cell: Cell,
        velocities: ArrayLike | None = None,
        masses: ArrayLike | None = None,
        groups: Mapping[str, ArrayLike] | None = None,
        present: ArrayLike | None = None,
    ) -> None:
        self.positions: FloatArray = vectors("positions", positions)
        n = len(self.positions)
        self.species: IntArray = indices("species", species)
        self.species_names = tuple(species_names)
        self.cell = cell
        if velocities is None:
            self.velocities: FloatArray = np.zeros((n, 3))
        else:
            self.velocities = vectors("velocities", velocities)
        if len(self.species) and not (self.species.min() >= 0 and self.species.max() < len(self.species_names)):
            raise InputError(
                f"species holds {self.species.min()} to {self.species.max()}; "
                f"{len(self.species_names)} species names allow 0 to {len(self.species_names) - 1}."
            )
        if masses is None:
            masses = [self._mass_of(name) for name in self.species_names]
            masses = np.array(masses, dtype=np.float64)[self.species] if n else np.zeros(0)
        self.masses: FloatArray = np.array(masses, dtype=np.float64)
        self.groups: dict[str, BoolArray] = {
            name: np.array(mask, dtype=np.bool_) for name, mask in (groups or {}).items()
        }
        self.present: BoolArray | None = None if present is None else np.array(present, dtype=np.bool_)
        for name, length in [
            ("species", len(self.species)),
            ("velocities", len(self.velocities)),
            ("masses", len(self.masses)),
            *((f"group {name!r}", len(mask)) for name, mask in self.groups.items()),
            ("present", n if self.present is None else len(self.present)),
        ]:
            if length != n:
                raise InputError(f"{name} has {length} rows, positions has {n}.")
        check_positions(self.positions)
        check_masses(self.masses)
        if not np.all(np.isfinite(self.velocities)):
            atom = int(np.argwhere(~np.isfinite(self.velocities))[0, 0])
            raise InputError(f"The velocity of atom {atom} is not finite: {self.velocities[atom].tolist()} Å/ps.")

    def __repr__(self) -> str:
        numbers = np.bincount(self.species, minlength=len(self.species_names)).tolist()
        return f"System({counted(dict(zip(self.species_names, numbers, strict=True)))}; {self.cell!r})"

    @staticmethod
    def _mass_of(species_name: str) -> float:
        try:
            return MASSES[element_of(species_name)]
        except KeyError:
            raise InputError(
                f"No standard mass is known for {species_name!r}; pass masses, or use one of {', '.join(MASSES)}."
            ) from None

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.positions)

    @property
    def topology(self) -> Topology:
        """The constant properties of the system (arrays are shared, not copied)."""
        return Topology(self.species_names, self.species, self.masses, self.cell.periodic, self.groups)

    def copy(self) -> System:
        """Return an independent copy."""
        atoms = (self.positions, self.species, self.species_names, self.cell.copy(), self.velocities, self.masses)
        return System(*atoms, self.groups, self.present)

    @property
    def absent(self) -> BoolArray:
        """Mask of the parked atoms, (n,)."""
        return np.zeros(self.n_atoms, dtype=np.bool_) if self.present is None else ~self.present

    def kinetic_energy(self, mask: BoolArray | None = None) -> float:
        """Return the kinetic energy [eV] of all atoms or of a group."""
        chosen = slice(None) if mask is None else mask
        v2 = np.einsum("ac,ac->a", self.velocities[chosen], self.velocities[chosen])
        return float(0.5 / ACCELERATION * np.dot(self.masses[chosen], v2))

    def temperature(self, degrees_of_freedom: int | None = None) -> float:
        """Return 2 E_kin / (dof k_B) [K]; ``degrees_of_freedom`` is 3n unless given."""
        dof = 3 * self.n_atoms if degrees_of_freedom is None else degrees_of_freedom
        return 2.0 * self.kinetic_energy() / (dof * K_B) if dof > 0 else 0.0


class Result:
    """Forces, energies and virial of one configuration; allocated once, overwritten at every step.

    Attributes
    ----------
    energies : (n,) float64 [eV]
        Per atom; their sum is the potential energy; NaN if not computed, or if `undivided` is a number.
    forces : (n, 3) float64 [eV/Å]
    virial : (6,) float64 [eV]
        W = -dE/dε in Voigt order xx yy zz yz xz xy (each off-diagonal once); NaN if not computed, or if a term of the
        model has none.
    undivided : float [eV] or None
        Potential energy of a model with a term that does not divide its energy among the atoms; None for all other
        models, and if not computed.
    """

    __slots__ = ("energies", "forces", "undivided", "virial")

    def __init__(self, n_atoms: int) -> None:
        self.energies: FloatArray = np.zeros(n_atoms)
        self.forces: FloatArray = np.zeros((n_atoms, 3))
        self.virial: FloatArray = np.zeros(6)
        self.undivided: float | None = None

    def add_undivided(self, energy: float) -> None:
        """Add an energy [eV] that a term does not divide among the atoms."""
        self.undivided = energy if self.undivided is None else self.undivided + energy

    @property
    def energy(self) -> float:
        """Potential energy [eV] (NumPy's pairwise sum: the same bits on any number of threads)."""
        return float(np.sum(self.energies)) if self.undivided is None else self.undivided
