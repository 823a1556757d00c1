"""ASE calculator for the potentials of nakmd.

ASE uses eV and Å, as nakmd does; its stress is in eV/Å³ in the order xx yy zz yz xz xy, positive in tension.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes

from nakmd.arrays import FloatArray
from nakmd.atom_values import check_positions
from nakmd.cell import Cell, completed
from nakmd.elements import species_name
from nakmd.errors import InputError, did_you_mean
from nakmd.io.ase_atoms import stresses_of
from nakmd.neighbors import Neighbors
from nakmd.potentials import Evaluator, Potential, load
from nakmd.system import Result, System

#: ASE keeps its own masses; a potential does not need any, and any element is allowed.
_MASS = 1.0


#: Keyword arguments of ASE's `Calculator`.
_ASE_SETTINGS = ("restart", "ignore_bad_restart_file", "label", "atoms", "directory")

#: Keyword arguments of `nakmd.potentials.load`.
_MODEL_SETTINGS = tuple(inspect.signature(load).parameters)[1:]


def _refuse_unknown(settings: Mapping[str, Any], is_name: bool) -> None:
    """Raise `InputError` for keyword arguments that neither ASE nor the loading of a set takes."""
    for key in settings:
        if not is_name:
            raise InputError(
                f"NakMD with a potential takes no {key!r}: give it to load(), or the name of the set to NakMD."
            )
        if key not in _MODEL_SETTINGS:
            known = [*_MODEL_SETTINGS, "labels", "skin", *_ASE_SETTINGS]
            raise InputError(f"NakMD takes no {key!r}. {did_you_mean(key, known)}")


class NakMD(Calculator):
    """Energies, forces and stress from any potential of nakmd.

    Parameters
    ----------
    potential : Potential or str
        ``EAM.from_file(...)``, a `Hybrid`, ..., or what `nakmd.potentials.load` accepts: ``"nak-cn"``.
    labels : sequence of str, or mapping of int to str, optional
        Site labels: one for each atom (``""``, ``"-"`` or ``"none"`` for none), or one for each tag
        (``{1: "graphitic"}``). If left out, ``atoms.arrays["site"]`` is used where it exists.
    skin : float [Å]
        Distance added to the cutoff of the neighbour lists.
    **settings
        With a name: what `nakmd.potentials.load` takes, such as ``doping``, ``affinity``, ``screening`` and ``member``.
        Always: those of ASE's calculators, ``atoms``, ``label``, ``directory`` and ``restart``.

    Raises
    ------
    InputError
        If there is no such set, or a setting is not known.

    Notes
    -----
    Terms between layers (`nakmd.structures.with_layers`) take the layers from the bonds of the first atoms that are
    computed, and keep them until species or cell flags change: atoms must not be wrapped between calls.

    Any cell and periodic flags are allowed, also no cell. A cell vector of zero length is not periodic, whatever its
    flag says. The stress requires a cell with a volume.

    ``atoms.get_stresses()`` returns (n, 6) in eV/Å³: minus the virial of each atom (`Evaluator.compute`), its symmetric
    part, divided by the volume of the cell, as ASE's own calculators do. The sum is the stress; that of an atom times
    the volume of the cell over its own volume is the local stress. They are computed only if requested.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from nakmd.ase import NakMD
    >>> atoms = bulk("Na", "bcc", a=4.2906)
    >>> atoms.calc = NakMD("nak")
    >>> round(atoms.get_potential_energy(), 3)
    -1.113
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress", "stresses"]  # noqa: RUF012  (ASE's way)

    def __init__(
        self,
        potential: Potential | str | Path,
        labels: Sequence[str] | Mapping[int, str] | None = None,
        skin: float = 0.5,
        **settings: Any,
    ) -> None:
        of_model = {key: value for key, value in settings.items() if key not in _ASE_SETTINGS}
        super().__init__(**{key: value for key, value in settings.items() if key in _ASE_SETTINGS})  # type: ignore[no-untyped-call]  # ASE is untyped
        _refuse_unknown(of_model, isinstance(potential, (str, Path)))
        if isinstance(potential, (str, Path)):
            potential = load(potential, **of_model)
        if not isinstance(potential, Potential):
            raise InputError(
                f"NakMD needs a potential or its name, such as NakMD('nak'), not a {type(potential).__name__}."
            )
        self.potential = potential
        self.labels = labels
        self.skin = skin
        self._system: System | None = None
        self._names: list[str] = []
        self._neighbors: Neighbors | None = None
        self._evaluator: Evaluator | None = None
        self._whole: FloatArray | None = None
        self._result = Result(0)

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Return what changed since the last calculation; a changed label or potential counts as ``"numbers"``.

        Parameters
        ----------
        atoms : ase.Atoms
        tol : float
            Largest difference that is no change.

        Raises
        ------
        InputError
            If the number of labels is not the number of atoms.
        """
        changes = list(super().check_state(atoms, tol))  # type: ignore[no-untyped-call]  # ASE is untyped
        # ASE compares neither tags nor arrays such as ``site``, nor attributes of the calculator
        if not changes and (not self._is_bound() or self.species_of(atoms) != self._names):
            changes = ["numbers"]
        return changes

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Compute the properties of the atoms and store them in ``results``; ``"stresses"`` only if requested.

        Raises
        ------
        PropertyNotImplementedError
            If a stress is requested without a cell that has a volume.
        CoverageError
            If the potential does not cover a pair of species.
        InputError
            If there are no atoms, a position is not finite, two atoms are at the same place, or the number of labels is
            not the number of atoms.
        """
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]  # ASE is untyped
        self.results = {}  # those of other atoms must not outlive an error
        current = cast(Atoms, self.atoms)
        has_volume = current.cell.rank == 3
        by_atom = "stresses" in properties
        if (by_atom or "stress" in properties) and not has_volume:
            raise PropertyNotImplementedError("The stress requires a cell with a volume; set one with atoms.set_cell.")
        system = self._bind(current)
        assert self._neighbors is not None  # both are set by _bind
        assert self._evaluator is not None
        self._neighbors.update(system)
        virials = np.zeros((system.n_atoms, 3, 3)) if by_atom else None
        self._evaluator.compute(system, self._neighbors, self._result, virials=virials)
        energy = self._result.energy
        if not (np.isfinite(energy) and np.all(np.isfinite(self._result.forces))):
            raise InputError(_overlap_of(system))
        self.results = {"energy": energy, "free_energy": energy, "forces": self._result.forces.copy()}
        if self._result.undivided is None:
            self.results["energies"] = self._result.energies.copy()
        if has_volume and np.all(np.isfinite(self._result.virial)):
            self.results["stress"] = -self._result.virial / current.cell.volume
        if virials is not None:
            self.results["stresses"] = stresses_of(virials, current.cell.volume)

    def species_of(self, atoms: Atoms) -> list[str]:
        """Return the species name of each atom: element and site label."""
        symbols = atoms.get_chemical_symbols()
        if self.labels is None:
            labels = list(atoms.arrays.get("site", [""] * len(atoms)))
        elif isinstance(self.labels, Mapping):
            labels = [self.labels.get(int(tag), "") for tag in atoms.get_tags()]
        else:
            labels = list(self.labels)
            if len(labels) != len(atoms):
                raise InputError(
                    f"labels has {len(labels)} entries for {len(atoms)} atoms. Give one label for each atom."
                )
        return [species_name(symbol, label) for symbol, label in zip(symbols, labels, strict=True)]

    def _is_bound(self) -> bool:
        """Return whether the evaluator is of the present potential, which the user may have exchanged."""
        return self._evaluator is not None and self._evaluator.potential is self.potential

    def _bind(self, atoms: Atoms) -> System:
        """Return the system; it is rebuilt only if species, periodic flags, number of atoms or potential changed."""
        if not len(atoms):
            raise InputError("There are no atoms to compute: the Atoms object is empty.")
        names = self.species_of(atoms)
        species_names = tuple(sorted(set(names)))
        rows = {name: row for row, name in enumerate(species_names)}
        species = np.array([rows[name] for name in names], dtype=np.int64)
        cell = _cell_of(atoms)
        system = self._system
        if (
            system is None
            or not self._is_bound()
            or system.species_names != species_names
            or not np.array_equal(system.species, species)
            or not np.array_equal(system.cell.periodic, cell.periodic)
        ):
            system = System(atoms.positions, species, species_names, cell, masses=np.full(len(atoms), _MASS))
            self._whole = None
            if any(term.between_layers for term in self.potential.terms):
                from nakmd.structures import with_layers  # noqa: PLC0415  (SciPy, for these terms only)

                system = with_layers(system)
                self._whole = np.rint((system.positions - atoms.positions) @ cell.inverse)
            self._evaluator = self.potential.bind(species_names)
            self._neighbors = Neighbors(self._evaluator.requests, self.skin)
            self._result = Result(system.n_atoms)
            self._system, self._names = system, names
        check_positions(atoms.positions)
        system.positions[:] = atoms.positions
        system.cell.matrix[:] = cell.matrix
        if self._whole is not None:
            system.positions += self._whole @ cell.matrix
        return system


def _cell_of(atoms: Atoms) -> Cell:
    """Return the cell; missing cell vectors are completed, and are not periodic."""
    matrix, periodic, _ = completed(np.array(atoms.cell.array, dtype=np.float64), atoms.pbc.tolist())
    return Cell(matrix, periodic)


def _overlap_of(system: System) -> str:
    """Return the message on energies or forces that are not finite."""
    from nakmd.structures.distances import closest_distances  # noqa: PLC0415  (SciPy, for this message only)

    pairs = closest_distances(system).values()
    if not pairs:
        return "The energy or a force is not finite, and no two atoms are within 10 Å. Check the potential."
    pair = min(pairs, key=lambda pair: pair.distance)
    return (
        f"The energy or a force is not finite: atoms {pair.i} and {pair.j} are {pair.distance:.3g} Å apart. "
        "Move them apart, or remove one of them."
    )
