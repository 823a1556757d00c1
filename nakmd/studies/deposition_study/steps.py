"""Barriers of an adatom on (110): on the terrace, and over a straight step by hopping or by pushing an atom out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from ase import Atoms
from ase.constraints import FixAtoms
from ase.geometry import get_distances
from ase.optimize import FIRE

from nakmd.arrays import BoolArray, FloatArray
from nakmd.ase import NakMD
from nakmd.errors import RunError
from nakmd.potentials import Potential
from nakmd.structures.crystal_slab import crystal_slab
from nakmd.studies.exchange_study.defects import Metals, distance_of
from nakmd.studies.exchange_study.slabs import atoms_of
from nakmd.studies.minimum_path import END_STEPS, LONGEST_STEP, LOOK_EVERY, PathRecord, PathSettings, path
from nakmd.studies.path_guards import PathLimits

#: Rectangular cells along [001] and [1-10], and layers below the step: the step is straight as far as the atoms that
#: move can feel it.
REPEATS, LAYERS, FACE = (10, 7), 6, "110"

#: Directions in the plane (x along [001], y along [1-10]): along the step, a close-packed row ⟨111⟩, and down it.
ALONG = np.array([1.0, math.sqrt(2.0)]) / math.sqrt(3.0)
DOWN = np.array([math.sqrt(2.0), -1.0]) / math.sqrt(3.0)

#: Distances of atoms in a row, and of rows [lattice constants].
IN_ROW, ROWS = math.sqrt(3.0) / 2.0, math.sqrt(2.0 / 3.0)

#: From an atom to the lowest site of an adatom on its layer [lattice constants].
SITE = np.array([0.5, 0.0])

#: Height of a first guess above the layer below [lattice constants]: less than a layer, as the site is no lattice site
#: of the crystal at rest for an adatom.
HEIGHT = 0.68

#: Height of the first guess of a hop at its middle, above the straight line [lattice constants]: over the edge.
LIFT = 0.25

#: Largest distance [lattice constants] in the plane of an atom that takes part from its site.
LEAVES = 0.35

#: Starts of the search for the lowest minimum about a site (long bridge): it, beside it, and the short bridges
#: [lattice constants]; force [eV/Å] and steps of their relaxation, and how far from the site the minimum may be.
STARTS = ((0.0, 0.0), (0.12, 0.0), (-0.12, 0.0), (0.0, 0.2), (0.0, -0.2), (0.25, 0.354), (-0.25, -0.354))
FORCE_OF_STARTS, STEPS_OF_STARTS, NEAR = 0.01, 300, 0.6

#: Ways to push an atom of the edge out: place along the step of that atom and of where it goes, from the adatom, in
#: distances of atoms in a row; the shortest first.
PUSHES = ((1.0 / 3.0, 0.0), (1.0 / 3.0, 1.0), (-2.0 / 3.0, -1.0), (-2.0 / 3.0, 0.0))


def terrace(potential: Potential, host: str, adatom: str, radius: float, images: int) -> dict[str, Any]:
    """Return the barrier [eV] of an adatom on a flat (110) face from its lowest minimum to the next one along ⟨111⟩.

    Parameters
    ----------
    potential : Potential
    host, adatom : str
    radius : float [lattice constants]
        Of the atoms that move, about the middle of the hop.
    images : int

    Raises
    ------
    RunError
        If an end or the band does not relax, or a guard refuses it.
    """
    metals = Metals(potential, host, adatom)
    atoms, beside = _surface(metals, step=False)
    start = _lowest(metals, atoms, _on(atoms.positions[beside], SITE, metals.a), radius)
    before = _with(atoms, adatom, start)
    after = _with(atoms, adatom, start + _plane(IN_ROW * ALONG * metals.a))
    return _record(_path(metals, before, after, (len(atoms),), radius, images), metals.a)


def hop_down(potential: Potential, host: str, adatom: str, radius: float, images: int) -> dict[str, Any]:
    """Return the barrier [eV] of an adatom that hops over a straight ⟨111⟩ step, down to the site at its foot.

    Parameters and errors are those of `terrace`.

    Notes
    -----
    It starts at the lowest minimum about the site nearest to the edge that has all four atoms below it; the site
    between the edge and the foot has two.
    """
    metals = Metals(potential, host, adatom)
    atoms, edge = _surface(metals, step=True)
    start = _lowest(metals, atoms, _above_edge(atoms, edge, metals.a), radius)
    before = _with(atoms, adatom, start)
    after = _with(atoms, adatom, _foot(atoms, edge, metals.a, 0.0))
    lift = np.zeros((len(before), 3))
    lift[-1, 2] = LIFT * metals.a
    return _record(_path(metals, before, after, (len(atoms),), radius, images, bump=lift), metals.a)


def push_out(potential: Potential, host: str, adatom: str, radius: float, images: int, ways: int) -> dict[str, Any]:
    """Return the barrier [eV] of an adatom that takes the place of an atom of a step and pushes it to the foot.

    Parameters
    ----------
    potential, host, adatom, radius, images
        As for `terrace`.
    ways : int
        How many of `PUSHES` are tried; the lowest path that passes the guards counts.

    Raises
    ------
    RunError
        If no way passes, with what refused the first.
    """
    metals = Metals(potential, host, adatom)
    atoms, edge = _surface(metals, step=True)
    start = _lowest(metals, atoms, _above_edge(atoms, edge, metals.a), radius)
    found: dict[str, PathRecord] = {}
    refused: dict[str, str] = {}
    for number, (of_atom, of_foot) in enumerate(PUSHES[:ways], start=1):
        pushed = _atom_at(atoms, atoms.positions[edge] + _plane((of_atom - 1.0 / 3.0) * IN_ROW * ALONG * metals.a))
        before, after = _with(atoms, adatom, start), _with(atoms, adatom, atoms.positions[pushed])
        after.positions[pushed] = _foot(atoms, edge, metals.a, of_foot)
        try:
            found[f"way {number}"] = _path(metals, before, after, (pushed, len(atoms)), radius, images)
        except RunError as error:
            refused[f"way {number}"] = str(error)
    if not found:
        raise RunError(next(iter(refused.values())))
    best = min(found, key=lambda name: found[name].value)
    barriers = {name: record.value for name, record in found.items()}
    return {**_record(found[best], metals.a), "best": best, "barriers": barriers, "refused": refused}


def _surface(metals: Metals, step: bool) -> tuple[Atoms, int]:
    """Return a slab, and an atom of its top layer near the middle: one of the edge if the layer ends at a step."""
    layers = LAYERS + 1 if step else LAYERS
    system = crystal_slab(metals.host, FACE, REPEATS, layers, metals.a)
    atoms = atoms_of(system)
    top = np.flatnonzero(system.groups[f"layer_{layers}"])
    plane = atoms.positions[top, :2]
    middle = int(top[np.argmin(np.linalg.norm(plane - plane.mean(axis=0), axis=1))])
    if not step:
        return atoms, middle
    beyond = (plane - atoms.positions[middle, :2]) @ DOWN > 0.5 * ROWS * metals.a
    place = atoms.positions[middle].copy()
    del atoms[top[beyond]]
    return atoms, _atom_at(atoms, place)


def _atom_at(atoms: Atoms, place: FloatArray) -> int:
    return int(np.argmin(np.linalg.norm(atoms.positions - place, axis=1)))


def _plane(vector: FloatArray) -> FloatArray:
    return np.append(vector, 0.0)


def _on(below: FloatArray, way: FloatArray, a: float) -> FloatArray:
    """Return a site above the layer of an atom, at a way from it in the plane [lattice constants]."""
    return np.asarray(below + np.append(way, HEIGHT) * a)


def _above_edge(atoms: Atoms, edge: int, a: float) -> FloatArray:
    """Return the site of the upper terrace that lies inwards of an atom of the edge, half a row from it."""
    # the four atoms below are at ± half a lattice constant along x, of which one is that of the edge
    return _on(atoms.positions[edge], -SITE, a)


def _foot(atoms: Atoms, edge: int, a: float, place: float) -> FloatArray:
    """Return the lattice site at the foot of a step, at a place along it from the adatom [distances of atoms]."""
    way = ROWS * DOWN + (place - 1.0 / 3.0) * IN_ROW * ALONG
    return np.asarray(atoms.positions[edge] + _plane(way * a))


def _with(atoms: Atoms, adatom: str, place: FloatArray) -> Atoms:
    """Return the atoms and an adatom, the last one."""
    both: Atoms = atoms + Atoms([adatom], [place])
    return both


def _lowest(metals: Metals, atoms: Atoms, site: FloatArray, radius: float) -> FloatArray:
    """Return where an adatom has the lowest energy of all minima near a site of the terrace.

    A minimum may lie beside the middle of a long bridge, where an adatom stays by symmetry.

    Raises
    ------
    RunError
        If no start relaxes to a minimum near the site.
    """
    found: list[tuple[float, FloatArray]] = []
    _, distances = get_distances(site[None], atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    held = FixAtoms(indices=np.flatnonzero(distances[0] > radius * metals.a))
    for offset in STARTS:
        state = _with(atoms, metals.solute, site + _plane(np.array(offset) * metals.a))
        places = state.positions.copy()
        state.calc = NakMD(metals.potential)
        state.set_constraint(held)
        if not FIRE(state, logfile=None, maxstep=LONGEST_STEP).run(fmax=FORCE_OF_STARTS, steps=STEPS_OF_STARTS):
            continue
        moved = np.linalg.norm(state.positions - places, axis=1) / metals.a
        near = np.linalg.norm((state.positions[-1] - site)[:2]) / metals.a < NEAR
        if near and moved[:-1].max() < metals.drift:
            found.append((float(state.get_potential_energy()), state.positions[-1].copy()))
    if not found:
        raise RunError(
            f"An adatom has no minimum within {NEAR} lattice constants of its site: all {len(STARTS)} starts left it."
        )
    return min(found, key=lambda pair: pair[0])[1]


def _path(
    metals: Metals, before: Atoms, after: Atoms, movers: tuple[int, ...], radius: float, images: int,
    bump: FloatArray | None = None,
) -> PathRecord:  # fmt: skip
    """Return a path between two states whose atoms stay at their sites when they are relaxed."""
    middle = 0.5 * (before.positions + after.positions)[list(movers)].mean(axis=0)
    _, distances = get_distances(middle[None], before.positions, cell=before.cell, pbc=before.pbc)
    mobile = np.asarray(distances[0] <= radius * metals.a)
    # before the band, which takes much longer
    ends = [_at_sites(metals, *state, movers, mobile) for state in (("first", before), ("last", after))]
    return path(
        ends[0], ends[1], metals.potential, movers, mobile=mobile, bump=bump, settings=PathSettings(images=images),
        limits=PathLimits(drift=distance_of(metals.drift)),
    )  # fmt: skip


def _at_sites(metals: Metals, name: str, built: Atoms, movers: tuple[int, ...], mobile: BoolArray) -> Atoms:
    """Return a relaxed state; raise `RunError` if an atom that takes part has left its site."""
    state = built.copy()
    state.calc = NakMD(metals.potential)
    state.set_constraint(FixAtoms(mask=~mobile))

    def look() -> None:
        moved = np.linalg.norm((state.positions - built.positions)[list(movers), :2], axis=1).max() / metals.a
        if moved > LEAVES:
            raise RunError(
                f"In the {name} state an atom left its site by more than {LEAVES} lattice constants: the site is no "
                "minimum, and this is not the path that was asked for."
            )

    search = FIRE(state, logfile=None, maxstep=LONGEST_STEP)
    search.attach(look, LOOK_EVERY)
    search.run(fmax=PathSettings().end_force, steps=END_STEPS)
    look()
    relaxed: Atoms = built.copy()
    relaxed.positions = state.positions
    return relaxed


def _record(found: PathRecord, a: float) -> dict[str, Any]:
    """Return what is kept of a path."""
    return {
        "barrier": found.value,
        "reverse": found.reverse,
        "lengths": found.lengths.tolist(),
        "path": found.energies.tolist(),
        "force": found.force,
        "mobile": found.mobile,
        "a": a,
        "notes": list(found.notes),
    }
