"""Frames and systems as ASE atoms, and back.

ASE's conventions: momenta in sqrt(eV amu), energies in eV, stress in eV/Å³, positive in tension, without the kinetic
part: −W/V with W the virial. Extra columns hold what ASE has no field for: ``site`` (the label of a species such as
``N:graphitic``, ``-`` for none) and ``image`` (the number of cells between the atom and its wrapped position).
"""

from __future__ import annotations

from typing import Any

import ase
import numpy as np
from ase.calculators.singlepoint import SinglePointCalculator
from ase.stress import full_3x3_to_voigt_6_stress

from nakmd.arrays import FloatArray
from nakmd.atom_values import check_masses
from nakmd.cell import Cell, completed
from nakmd.elements import NO_SITE, element_of, species_name, standard_mass
from nakmd.errors import InputError
from nakmd.io.element_groups import element_groups
from nakmd.io.velocity_columns import ASE_VELOCITY, velocities_of
from nakmd.system import Frame, System, Topology

#: Prefix of the boolean columns that hold groups.
GROUP_PREFIX = "group_"

_UNITS = {
    "units_length": "Angstrom",
    "units_energy": "eV",
    "units_time": "ps",
    "units_momenta": "sqrt(eV*u)",
    "units_stress": "eV/Angstrom^3",
}

#: Largest ratio of a mass in a column ``mass`` to the atomic weight. Isotopes reach 3 (tritium); a column in another
#: unit, such as eV fs²/Å², differs by a factor of 104.
_MASS_RATIO = 5.0

#: Margin [Å] around the atoms along directions without a cell vector.
_MARGIN = 10.0


def to_atoms(frame: Frame | System, topology: Topology | None = None, groups: bool = False) -> ase.Atoms:
    """Return a frame, or a system, as ASE atoms.

    Parameters
    ----------
    frame : Frame or System
    topology : Topology, optional
        Of a frame; a system and the frames of a `Trajectory` know their own.
    groups : bool
        Add a boolean column ``group_<name>`` for each group.

    Returns
    -------
    ase.Atoms
        Wrapped, with columns ``image`` and, where species have labels, ``site``; where they are some of the atoms of a
        run, ``run_index``, their indices in it; without those that are parked; ``info`` holds step, time [ps], stage,
        temperature and units; energy, stress, and energies and stresses by atom (`stresses_of`) are in a single-point
        calculator. What the frame does not hold (image counts, velocities, time) is left out, as are temperature,
        energy and stress of a run of which these are some of the atoms.

    Examples
    --------
    >>> from nakmd import Frame
    >>> from nakmd.io import to_atoms
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 2)
    >>> to_atoms(sodium).symbols
    Symbols('Na16')
    >>> frame = Frame(0, 0.0, *sodium.cell.wrap(sodium.positions), sodium.cell, temperature=300.0)
    >>> atoms = to_atoms(frame, sodium.topology)
    >>> len(atoms), atoms.info["temperature"]
    (16, 300.0)
    """
    if isinstance(frame, System):
        topology, frame = frame.topology, _frame_of(frame)
    if topology is None:
        topology = getattr(frame, "topology", None)
    if topology is None:
        raise InputError("The species of a frame are in its topology: to_atoms(frame, system.topology).")
    topology, frame = frame.of_present(topology)
    names = np.array(topology.species_names, dtype=object)[topology.species]
    atoms = ase.Atoms(
        [element_of(name) for name in names],
        positions=frame.positions,
        cell=frame.cell.matrix,
        pbc=frame.cell.periodic,
        masses=topology.masses,
    )
    if any(":" in name for name in topology.species_names):
        atoms.set_array("site", np.array([name.partition(":")[2] or NO_SITE for name in names], dtype=str))
    if topology.run_indices is not None:
        atoms.set_array("run_index", topology.run_indices)
    if frame.has_images:
        atoms.set_array("image", np.asarray(frame.images, dtype=np.int64))
    if groups:
        for name, mask in topology.groups.items():
            atoms.set_array(f"{GROUP_PREFIX}{name}", np.asarray(mask, dtype=np.bool_))
    if frame.velocities is not None:
        atoms.set_velocities(frame.velocities * ASE_VELOCITY)
    absent = {"units_momenta"} if frame.velocities is None else set()
    if np.isfinite(frame.time):
        atoms.info["time"] = float(frame.time)
    else:
        absent.add("units_time")
    atoms.info.update(step=int(frame.step), **{name: unit for name, unit in _UNITS.items() if name not in absent})
    if frame.stage:
        atoms.info["stage"] = frame.stage
    of_these = topology.run is None  # else energy, stress and temperature are those of more atoms
    if frame.temperature is not None and of_these:
        atoms.info["temperature"] = frame.temperature
    results: dict[str, Any] = {}
    if frame.potential_energy is not None and of_these:
        results["energy"] = frame.potential_energy
    if frame.virial is not None and of_these:
        results["stress"] = -frame.virial / frame.cell.volume
    if frame.energies is not None:
        results["energies"] = frame.energies
    if frame.virials is not None:
        results["stresses"] = stresses_of(frame.virials, frame.cell.volume)
    if results:
        atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


def _frame_of(system: System) -> Frame:
    """Return positions and velocities of a system as a frame without time."""
    wrapped = system.cell.wrap(system.positions)
    return Frame(0, np.nan, *wrapped, system.cell, velocities=system.velocities, present=system.present)


def stresses_of(virials: FloatArray, volume: float) -> FloatArray:
    """Return the stresses of atoms in ASE's convention: those of all atoms sum to the stress of the cell.

    Parameters
    ----------
    virials : (n, 3, 3) float64 [eV]
        As in `nakmd.potentials.Evaluator.compute`; the stress has their symmetric part.
    volume : float [Å³]
        Of the cell.

    Returns
    -------
    (n, 6) float64 [eV/Å³]
        Order xx yy zz yz xz xy, positive in tension.
    """
    return np.asarray(full_3x3_to_voigt_6_stress(virials) / -volume)


def frame_of(system: System) -> Frame:
    """Return a system as a frame at step 0; velocities that are all zero count as absent.

    Parameters
    ----------
    system : System
    """
    wrapped, images = system.cell.wrap(system.positions)
    velocities = system.velocities.copy() if np.any(system.velocities) else None
    return Frame(0, 0.0, wrapped, images, system.cell.copy(), velocities)


def system_of(frame: Frame, topology: Topology) -> System:
    """Return a frame as a system of the atoms that are there.

    Parameters
    ----------
    frame : Frame
    topology : Topology

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.io import system_of
    >>> from nakmd.structures import crystal
    >>> sodium = crystal("Na", 2)
    >>> frame = Frame(0, 0.0, *sodium.cell.wrap(sodium.positions), sodium.cell)
    >>> np.allclose(system_of(frame, sodium.topology).positions, sodium.positions)
    True
    """
    topology, frame = frame.of_present(topology)
    return System(
        frame.unwrapped,
        topology.species,
        topology.species_names,
        frame.cell.copy(),
        velocities=frame.velocities,
        masses=topology.masses,
        groups=topology.groups,
    )


def from_atoms(atoms: ase.Atoms) -> System:
    """Return ASE atoms as a system.

    Parameters
    ----------
    atoms : ase.Atoms
        Array ``site`` gives labels (``-``, ``none`` or empty for none), ``image`` undoes wrapping, ``group_<name>``
        makes groups; velocities as in `velocities_of`. Directions without a cell vector get one that is not periodic
        and encloses all atoms.

    Returns
    -------
    System
        Species in the order of their first appearance; groups ``"carbon"`` (C and N) and ``"liquid"`` (the metals)
        where there are such atoms.

    Raises
    ------
    InputError
        If there are no atoms, a position is not finite, the unit of velocities is unknown, or the cell is invalid.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from nakmd.io import from_atoms
    >>> system = from_atoms(bulk("K", "bcc", a=5.328, cubic=True) * (3, 3, 3))
    >>> system.species_names, system.n_atoms, sorted(system.groups)
    (('K',), 54, ['liquid'])
    """
    if not len(atoms):
        raise InputError("there are no atoms.")
    not_finite = np.flatnonzero(~np.isfinite(atoms.positions).all(axis=1))
    if len(not_finite):
        raise InputError(f"the position of atom {not_finite[0]} is not finite (NaN or inf).")
    check_columns(atoms)
    sites = atoms.arrays.get("site", [""] * len(atoms))
    names = [species_name(symbol, site) for symbol, site in zip(atoms.symbols, sites)]
    species_names = tuple(dict.fromkeys(names))
    row = {name: a for a, name in enumerate(species_names)}
    masses = _masses_of(atoms)
    cell, shift = _cell_of(atoms)
    positions = atoms.positions + shift
    if "image" in atoms.arrays:
        # the counts refer to the vectors of the file, not to right-handed ones
        positions = positions + np.asarray(atoms.arrays["image"], dtype=np.float64) @ atoms.cell.array
    species = np.array([row[name] for name in names], dtype=np.int64)
    groups = element_groups(species_names, species)
    for name, column in atoms.arrays.items():
        if name.startswith(GROUP_PREFIX):
            groups[name.removeprefix(GROUP_PREFIX)] = np.asarray(column, dtype=np.bool_)
    return System(
        positions,
        species,
        species_names,
        cell,
        velocities_of(atoms, masses),
        masses,
        groups,
    )


def check_columns(atoms: ase.Atoms) -> None:
    """Raise `InputError` unless the columns that are read have the right type and number of entries.

    Parameters
    ----------
    atoms : ase.Atoms
    """
    kinds = {"site": ("USOi", 1), "image": ("if", 3), "masses": ("if", 1), "mass": ("if", 1)}
    words = {"USOi": "one label", "if": "numbers", "b": "T or F"}
    for name, column in atoms.arrays.items():
        letters, width = ("b", 1) if name.startswith(GROUP_PREFIX) else kinds.get(name, ("", 0))
        shape = (len(atoms),) if width == 1 else (len(atoms), width)
        if letters and (column.dtype.kind not in letters or column.shape != shape):
            raise InputError(
                f"the column {name} must hold {words[letters]} for each atom, {width} column{'s' * (width > 1)}; it "
                f"holds {column.dtype} in {1 if column.ndim == 1 else column.shape[1]}."
            )


def _masses_of(atoms: ase.Atoms) -> FloatArray:
    """Return the masses [amu]: those of ASE, of a column ``mass``, or the standard ones."""
    standard = np.array([standard_mass(symbol) for symbol in atoms.symbols])
    if atoms.has("masses"):
        masses = np.asarray(atoms.get_masses(), dtype=np.float64)
    elif "mass" in atoms.arrays:
        masses = np.asarray(atoms.arrays["mass"], dtype=np.float64)
    else:
        return standard
    check_masses(masses)
    ratios = masses / standard
    odd = np.flatnonzero((ratios > _MASS_RATIO) | (ratios < 1.0 / _MASS_RATIO))
    if len(odd) and not atoms.has("masses"):
        raise InputError(
            f"the column mass gives {masses[odd[0]]:g} for atom {odd[0]}, {atoms.symbols[odd[0]]}, whose atomic weight "
            f"is {standard[odd[0]]:g} amu: it is in another unit. Write amu in a column masses, or remove the column."
        )
    return masses


def _cell_of(atoms: ase.Atoms) -> tuple[Cell, FloatArray]:
    """Return the cell, with missing vectors completed, and the shift that moves the atoms into it along those."""
    matrix, periodic, missing = completed(np.array(atoms.cell.array, dtype=np.float64), atoms.pbc.tolist())
    cell = Cell(matrix, periodic)
    if not missing.any():
        return cell, np.zeros(3)
    along = atoms.positions @ np.linalg.inv(matrix)
    low, high = along.min(axis=0) - _MARGIN, along.max(axis=0) + _MARGIN
    shift = np.where(missing, -low, 0.0) @ matrix
    matrix[missing] *= (high - low)[missing, None]
    return Cell(matrix, periodic), shift
