"""A term that an ASE calculator computes: any model of the energy in a run of nakmd."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.elements import element_of
from nakmd.errors import InputError, ModelError
from nakmd.neighbors import Neighbors, SlicedList
from nakmd.potentials.base import Term, species_key
from nakmd.potentials.calculator_factory import CalculatorFactory, check_calculator, in_words, package_version
from nakmd.potentials.evaluator import BoundTerm
from nakmd.system import Result, System

if TYPE_CHECKING:
    from ase import Atoms

#: Largest difference [eV] between the energy and the sum of the energies per atom that still are its parts.
_SAME = 1e-6

#: Calculators hold the last configuration, so a call and the reading of its results belong together.
_ONE_AT_A_TIME = threading.RLock()


class External(Term):
    """The energy that an ASE calculator computes: MACE, CHGNet, GFN-xTB, GPAW, a dispersion correction, ...

    One call of the calculator per configuration gives energy and forces, and the virial where it has a stress.

    Parameters
    ----------
    calculator : ase.calculators.calculator.BaseCalculator
        With energy and forces. Systems that share it compute in turn.
    species : sequence of str, optional
        Elements or species that it computes; it does not see other atoms. All if omitted.
    add : bool
        Whether it is a correction: its energy is added to that of the terms that have its pairs. Without it, a pair
        that another term of a `Hybrid` has is an error.

    Raises
    ------
    InputError
        If it is no calculator with energy and forces, or ``species`` is empty.

    Notes
    -----
    The energy is that of the forces: ``free_energy`` where the calculator has one, else ``energy``. Energies per atom
    are used if their sum is that energy. What the calculator does not have (these, a virial, energies between species)
    is absent in every sum with it. The virial is −V σ.
    The positions are not wrapped, the masses and velocities not passed on; site labels are in ``atoms.arrays["site"]``.

    Resumed runs have the same bits if the results of the calculator depend on the atoms alone (`from_factory`, renew).
    Its threads are its own (usually ``OMP_NUM_THREADS``).

    Examples
    --------
    >>> from ase.calculators.lj import LennardJones
    >>> from nakmd.potentials import External
    >>> model = External(LennardJones(epsilon=0.0104, sigma=3.4, rc=8.5))
    >>> model.covers("Na", "K"), model.has_virial
    ('LennardJones', True)
    """

    has_mixed = False
    is_external = True
    lammps_lacks = "calculator of ASE"

    def __init__(self, calculator: Any, species: Sequence[str] | None = None, *, add: bool = False) -> None:
        check_calculator(calculator, "The calculator")
        if species is not None and not species:
            raise InputError("species is empty: name the elements that the calculator computes, or leave it out.")
        self.calculator = calculator
        self.species = None if species is None else tuple(species)
        self.renew = False
        self.label = type(calculator).__name__
        self._factory: CalculatorFactory | None = None
        # attributes that the class has too, which may be set only here
        self.__dict__.update(added=add, has_virial="stress" in calculator.implemented_properties)
        self._description = self._describe()

    @classmethod
    def from_factory(
        cls,
        factory: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        species: Sequence[str] | None = None,
        add: bool = False,
        renew: bool = False,
        folder: Path | None = None,
    ) -> Self:
        """Make the calculator by name, as decks do; a potential made so can be pickled.

        Parameters
        ----------
        factory : str
            ``"module:factory"``, such as ``"tblite.ase:TBLite"``.
        arguments : mapping, optional
            Keyword arguments of the factory.
        species, add
            See the class.
        renew : bool
            Whether to make a new calculator for every configuration, so that no result depends on earlier ones. A
            calculator that starts from its last result, such as a self-consistent field, then resumes to the bit, at
            the cost of a start from nothing in each step.
        folder : Path, optional
            Where modules are looked for that are not installed.

        Raises
        ------
        InputError
            If there is no such module or factory, or it makes no calculator with energy and forces.
        """
        made_by = CalculatorFactory(factory, dict(arguments or {}), folder)
        term = cls(made_by.make(), species, add=add)
        words = {"factory": factory, "arguments": made_by.arguments, "module_sha256": made_by.digest, "renewed": renew}
        return term._with(_factory=made_by, renew=renew, _description={**term._description, **words})

    def __copy__(self) -> Self:
        """Return a potential with the same calculator."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __getstate__(self) -> dict[str, Any]:
        """Pickle by the words of the factory if there are any: few calculators can be pickled."""
        return {k: v for k, v in self.__dict__.items() if k != "calculator" or self._factory is None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._factory is not None:
            self.__dict__["calculator"] = self._factory.make()

    @property
    def known_species(self) -> tuple[str, ...]:  # noqa: D102  (inherited)
        return self.species or ()

    def covers(self, a: str, b: str) -> str:  # noqa: D102
        return self.label if self._sees(a) and self._sees(b) else ""

    def _sees(self, name: str) -> bool:
        return self.species is None or species_key(name, self.species) is not None

    def without_pairs_of(self, other: Term) -> Self:  # noqa: D102
        raise InputError(
            f"{other.label} cannot replace pairs of {self.label}: an ASE calculator computes all atoms that it sees. "
            "Remove replace, give the calculator its species, or declare it a correction with add = true."
        )

    def describe(self) -> dict[str, Any]:
        """Return class, package, version, parameters and settings."""
        return self._description

    def _describe(self) -> dict[str, Any]:
        kind = type(self.calculator)
        package, number = package_version(kind.__module__)
        parameters = getattr(self.calculator, "parameters", None)
        return {
            "form": "ase",
            "label": self.label,
            "calculator": f"{kind.__module__}.{kind.__qualname__}",
            "package": package,
            "version": number,
            "parameters": {str(key): _as_data(value) for key, value in dict(parameters or {}).items()},
            "species": list(self.species or ()),
            "added": self.added,
        }

    def bind_term(self, species_names: Sequence[str]) -> BoundTerm:  # noqa: D102
        return _BoundExternal(self, [self._sees(name) for name in species_names])

    def calculator_for_step(self) -> Any:
        """Return the calculator, a new one if each configuration is to have its own."""
        return self._factory.make() if self.renew and self._factory is not None else self.calculator


def _as_data(value: Any) -> Any:
    """Return a parameter as numbers, words, lists and mappings; of other objects the class, the same in any run."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _as_data(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_as_data(entry) for entry in value]
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _in_voigt(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the results with the six components of a stress that is given as a matrix, as ``Atoms.get_stress``."""
    stress = np.asarray(found["stress"])
    if stress.shape != (3, 3) or stress.dtype.kind not in "iuf":
        return found
    from ase.stress import full_3x3_to_voigt_6_stress  # noqa: PLC0415  (slow to import)

    return {**found, "stress": full_3x3_to_voigt_6_stress(stress)}


class _BoundExternal(BoundTerm):
    """The calculator on the atoms of one system that it sees."""

    has_pair_energies = False

    def __init__(self, term: External, seen: Sequence[bool]) -> None:
        self._term = term
        self._seen = np.array(seen, dtype=np.bool_)
        self._species: IntArray = np.zeros(0, dtype=np.int64)
        self._chosen: BoolArray = np.zeros(0, dtype=np.bool_)
        self._atoms: Atoms | None = None
        self._has_stress = term.has_virial

    def add_to(
        self, system: System, neighbors: Neighbors, lists: Sequence[SlicedList], result: Result, virial: bool
    ) -> None:
        atoms = self._updated(system)
        if not len(atoms):
            return
        with _ONE_AT_A_TIME:
            found = self._results(atoms, virial)
        result.forces[self._chosen] += self._checked(found, "forces", (len(atoms), 3))
        if not virial:
            return
        energy = float(self._checked(found, "energy" if found.get("free_energy") is None else "free_energy", ()))
        energies = None
        if found.get("energies") is not None:
            energies = self._checked(found, "energies", (len(atoms),))
        if energies is not None and abs(float(np.sum(energies)) - energy) <= _SAME:
            result.energies[self._chosen] += energies
        else:
            result.add_undivided(energy)
        if found.get("stress") is not None:
            result.virial -= self._checked(_in_voigt(found), "stress", (6,)) * system.cell.volume
        else:
            result.virial[:] = np.nan

    def add_virials(self, neighbors: Neighbors, lists: Sequence[SlicedList], virials: FloatArray) -> None:
        raise InputError(
            f"{self._term.label} has no virials by atom: an ASE calculator gives one stress. Leave out what needs them."
        )

    def _updated(self, system: System) -> Atoms:
        """Return the atoms that the calculator sees, at their present positions."""
        atoms = self._atoms
        chosen = np.asarray(self._seen[system.species] & ~system.absent, dtype=np.bool_)
        if (
            atoms is None
            or not np.array_equal(system.species, self._species)
            or not np.array_equal(chosen, self._chosen)
            or not np.array_equal(atoms.pbc, system.cell.periodic)
        ):
            from ase import Atoms  # noqa: PLC0415  (slow to import; a model without a calculator does not need it)

            self._species = system.species.copy()
            self._chosen = chosen
            names = [system.species_names[s] for s in system.species[self._chosen]]
            atoms = self._atoms = Atoms([element_of(name) for name in names], pbc=system.cell.periodic.tolist())
            atoms.arrays["site"] = np.array([name.partition(":")[2] for name in names], dtype=str)
        atoms.positions[:] = system.positions[self._chosen]
        atoms.cell[:] = system.cell.matrix
        return atoms

    def _results(self, atoms: Atoms, virial: bool) -> Mapping[str, Any]:
        """Return what the calculator finds: one call if anything has changed, none if all is known."""
        wanted = ["energy", "forces", *(["stress"] if virial and self._has_stress else [])]
        try:
            calculator = self._term.calculator_for_step()
            changes = calculator.check_state(atoms)
            if changes:
                calculator.reset() if hasattr(calculator, "reset") else calculator.results.clear()
                calculator.atoms = atoms.copy()
            if any(name not in calculator.results for name in wanted):
                self._call(calculator, atoms, wanted, changes)
                # some have a stress for crystals only, and say so when they are asked
                self._has_stress &= "stress" not in wanted or "stress" in calculator.results
            return dict(calculator.results)
        except Exception as error:  # code of others may raise anything
            raise ModelError(
                f"{self._term.label} failed: {in_words(error)}. Look at the atoms of the last frame, and at the limits "
                "of the calculator."
            ) from error

    @staticmethod
    def _call(calculator: Any, atoms: Atoms, wanted: list[str], changes: Sequence[str]) -> None:
        from ase.calculators.calculator import PropertyNotImplementedError  # noqa: PLC0415  (see above)

        try:
            calculator.calculate(atoms, wanted, changes)
        except PropertyNotImplementedError:
            if "stress" not in wanted:
                raise
            calculator.calculate(atoms, wanted[:2], changes)

    def _checked(self, found: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> FloatArray:
        """Return a result as numbers of this shape; raise `ModelError` if it is none."""
        label = self._term.label
        if found.get(name) is None:
            raise ModelError(f"{label} gave no {name}. Look at its settings.")
        try:
            values = np.asarray(found[name], dtype=np.float64)
        except (TypeError, ValueError):
            raise ModelError(f"{label} gave {name} that are no numbers: {str(found[name])[:60]}.") from None
        if values.shape != shape:
            raise ModelError(
                f"{label} gave {name} of the shape {values.shape} instead of {shape}: it does not fit these atoms."
            )
        if not np.all(np.isfinite(values)):
            atom = f" for atom {np.argwhere(~np.isfinite(values))[0, 0]}" if len(shape) and name != "stress" else ""
            raise ModelError(
                f"{label} gave {name} that are not finite{atom}. Look for atoms that are too close to each other, or "
                "shorten the time step."
            )
        return values
