"""ASE calculator for the potentials of nakmd.

ASE uses eV and Å, as nakmd does; its stress is in eV/Å³ in the order xx yy zz yz xz xy, positive in tension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from ase.geometry.cell import complete_cell

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.neighbors import Neighbors
from nakmd.potentials import Evaluator, Potential
from nakmd.system import Result, System, check_positions

#: ASE keeps its own masses; a potential does not need any, and any element is allowed.
_MASS = 1.0


class NakMD(Calculator):
    """Energies, forces and stress from any potential of nakmd.

    Parameters
    ----------
    potential : Potential
        ``load("nak-cn")``, ``EAM.from_file(...)``, a `Hybrid`, ...
    labels : sequence of str, or mapping of int to str, optional
        Site labels: one for each atom (``""`` for none), or one for each tag (``{1: "graphitic"}``). If left out,
        ``atoms.arrays["site"]`` is used where it exists.
    skin : float [Å]
        Distance added to the cutoff of the neighbour lists.

    Notes
    -----
    Any cell and periodic flags are allowed, also no cell. The stress requires a cell with a volume.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from nakmd.ase import NakMD
    >>> from nakmd.potentials import load
    >>> atoms = bulk("Na", "bcc", a=4.2906)
    >>> atoms.calc = NakMD(load("nak"))
    >>> round(atoms.get_potential_energy(), 3)
    -1.109
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]  # noqa: RUF012  (ASE's way)

    def __init__(
        self,
        potential: Potential,
        labels: Sequence[str] | Mapping[int, str] | None = None,
        skin: float = 0.5,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)  # type: ignore[no-untyped-call]  # ASE is untyped
        self.potential = potential
        self.labels = labels
        self.skin = skin
        self._system: System | None = None
        self._neighbors: Neighbors | None = None
        self._evaluator: Evaluator | None = None
        self._result = Result(0)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Compute all properties of the atoms and store them in ``results``.

        Raises
        ------
        PropertyNotImplementedError
            If the stress is requested without a cell that has a volume.
        CoverageError
            If the potential does not cover a pair of species.
        InputError
            If a position is not finite, or the number of labels is not the number of atoms.
        """
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]  # ASE is untyped
        current = cast(Atoms, self.atoms)
        has_volume = current.cell.rank == 3
        if "stress" in properties and not has_volume:
            raise PropertyNotImplementedError("The stress requires a cell with a volume; set one with atoms.set_cell.")
        system = self._bind(current)
        assert self._neighbors is not None  # both are set by _bind
        assert self._evaluator is not None
        self._neighbors.update(system)
        self._evaluator.compute(system, self._neighbors, self._result)
        energy = self._result.energy
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "energies": self._result.energies.copy(),
            "forces": self._result.forces.copy(),
        }
        if has_volume:
            self.results["stress"] = -self._result.virial / current.cell.volume

    def species_of(self, atoms: Atoms) -> list[str]:
        """Return the species name of each atom: element and site label."""
        symbols = atoms.get_chemical_symbols()
        if self.labels is None:
            labels = [str(site) for site in atoms.arrays["site"]] if "site" in atoms.arrays else [""] * len(atoms)
        elif isinstance(self.labels, Mapping):
            labels = [self.labels.get(int(tag), "") for tag in atoms.get_tags()]
        else:
            labels = [str(label) for label in self.labels]
            if len(labels) != len(atoms):
                raise InputError(
                    f"labels has {len(labels)} entries for {len(atoms)} atoms. Give one label for each atom."
                )
        return [f"{symbol}:{label}" if label else symbol for symbol, label in zip(symbols, labels, strict=True)]

    def _bind(self, atoms: Atoms) -> System:
        """Return the system; it is rebuilt only if species, periodic flags or the number of atoms changed."""
        names = self.species_of(atoms)
        species_names = tuple(sorted(set(names)))
        rows = {name: row for row, name in enumerate(species_names)}
        species = np.array([rows[name] for name in names], dtype=np.int64)
        cell = _cell_of(atoms)
        system = self._system
        if (
            system is None
            or system.species_names != species_names
            or not np.array_equal(system.species, species)
            or not np.array_equal(system.cell.periodic, cell.periodic)
        ):
            system = System(atoms.positions, species, species_names, cell, masses=np.full(len(atoms), _MASS))
            self._evaluator = self.potential.bind(species_names)
            self._neighbors = Neighbors(self._evaluator.requests, self.skin)
            self._result = Result(system.n_atoms)
            self._system = system
        check_positions(atoms.positions)
        system.positions[:] = atoms.positions
        system.cell.matrix[:] = cell.matrix
        return system


def _cell_of(atoms: Atoms) -> Cell:
    """Return the right-handed cell; missing cell vectors are completed."""
    matrix = np.array(complete_cell(atoms.cell), dtype=np.float64)
    if np.linalg.det(matrix) < 0.0:
        # the same lattice: inverting a cell vector does not change it
        matrix[2] *= -1.0
    return Cell(matrix, [bool(p) for p in atoms.pbc])
