"""Small systems for the tests, built independently of nakmd: crystals, sheets, tubes, snapshots."""

import numpy as np
from ase.build import nanotube

from nakmd.cell import Cell
from nakmd.elements import MASSES, element_of
from nakmd.system import System

#: Species of the flagship model: metals, wall, and wall sites.
SNAPSHOT_SPECIES = ("Na", "K", "C", "C:edge", "N:graphitic", "N:pyridinic")


def crystal(kind, a, repeats, species_names, seed, shake=0.0, strain=0.0, periodic=(True, True, True)):
    """Return a perturbed and strained bcc or fcc crystal, random species, atoms in random images."""
    rng = np.random.default_rng(seed)
    basis = {
        "bcc": [[0, 0, 0], [0.5, 0.5, 0.5]],
        "fcc": [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
    }[kind]
    repeats = np.broadcast_to(repeats, 3)
    corners = np.array(list(np.ndindex(*repeats)))
    positions = (corners[:, None, :] + np.array(basis)[None]).reshape(-1, 3) * a
    deform = np.eye(3) + strain * rng.normal(size=(3, 3))
    cell = np.diag(repeats * a) @ deform
    positions = positions @ deform + shake * rng.normal(size=positions.shape)
    positions = positions + (rng.integers(-2, 3, size=positions.shape) * np.array(periodic)) @ cell
    species = rng.integers(0, len(species_names), len(positions))
    masses = None if set(species_names) <= set(MASSES) else np.ones(len(positions))
    return System(positions, species, species_names, Cell(cell, periodic), masses=masses)


def relabel(positions, cell, periodic, seed, fraction, species_names):
    """Return carbon with a fraction of its atoms replaced by the other species, at random."""
    rng = np.random.default_rng(seed)
    species = np.where(rng.random(len(positions)) < fraction, rng.integers(1, len(species_names), len(positions)), 0)
    return System(positions, species, species_names, Cell(cell, periodic))


def sheet(repeats=(4, 3), seed=1, shake=0.05, strain=0.03, fraction=0.2, species_names=("C", "N"), bond=1.44):
    """Return a perturbed, strained, N-doped graphene sheet, periodic in its plane, in a skewed cell."""
    rng = np.random.default_rng(seed)
    a = bond * np.sqrt(3.0)
    vectors = np.array([[a, 0.0, 0.0], [0.5 * a, 0.5 * np.sqrt(3.0) * a, 0.0]])
    corners = np.array(list(np.ndindex(*repeats)))
    home = (corners @ vectors)[:, None, :] + np.array([[0.0, 0.0, 0.0], [0.5 * a, bond / 2.0, 0.0]])[None]
    cell = np.vstack([vectors * np.array(repeats)[:, None], [0.0, 0.0, 12.0]])
    deform = np.eye(3) + strain * rng.normal(size=(3, 3))
    positions = home.reshape(-1, 3) @ deform
    positions = positions + shake * rng.normal(size=positions.shape)
    return relabel(positions, cell @ deform, (True, True, False), seed, fraction, species_names)


def tube(n=5, m=5, length=2, seed=1, shake=0.05, stretch=1.0, fraction=0.15, species_names=("C", "N"), bond=1.44):
    """Return a perturbed, stretched, N-doped nanotube, periodic along z only."""
    rng = np.random.default_rng(seed)
    atoms = nanotube(n, m, length=length, bond=bond)
    positions = atoms.positions + shake * rng.normal(size=(len(atoms), 3))
    positions[:, 2] *= stretch
    wide = np.ptp(positions, axis=0).max() + 14.0
    positions[:, :2] += 0.5 * wide
    cell = np.diag([wide, wide, atoms.cell[2, 2] * stretch])
    return relabel(positions, cell, (False, False, True), seed, fraction, species_names)


def pack(carbon, n_metal, names, probabilities, seed, closest=2.9, wall=2.9, grid=3.6):
    """Return carbon with metal atoms on random free nodes of a perturbed grid; all directions periodic."""
    rng = np.random.default_rng(seed)
    lengths = np.diag(carbon.cell.matrix)
    counts = np.floor(lengths / grid).astype(int)
    nodes = (np.array(list(np.ndindex(*counts))) + 0.5) / counts * lengths
    nodes = nodes + rng.uniform(-0.25, 0.25, nodes.shape)
    cell = Cell(carbon.cell.matrix)
    rng.shuffle(nodes)
    taken = np.empty((0, 3))
    for node in nodes:
        if len(taken) == n_metal:
            break
        gaps = np.linalg.norm(cell.minimum_image(carbon.positions - node), axis=1)
        others = np.linalg.norm(cell.minimum_image(taken - node), axis=1)
        if gaps.min() > wall and others.min(initial=np.inf) > closest:
            taken = np.vstack([taken, node])
    rows = rng.choice([SNAPSHOT_SPECIES.index(name) for name in names], len(taken), p=probabilities)
    species = np.concatenate([carbon.species, rows])
    return System(np.vstack([carbon.positions, taken]), species, SNAPSHOT_SPECIES, cell)


def snapshot(n_metal=120, seed=5, length=3):
    """Return NaK around (and in) an N-doped (6,6) tube with labelled sites, periodic in all directions."""
    carbon = tube(
        6,
        6,
        length=length,
        seed=seed,
        shake=0.04,
        fraction=0.2,
        species_names=("C", "C:edge", "N:graphitic", "N:pyridinic"),
    )
    renamed = System(carbon.positions, carbon.species + 2, SNAPSHOT_SPECIES, carbon.cell)
    return pack(renamed, n_metal, ("Na", "K"), (0.33, 0.67), seed)


def nak_on_sheet(seed, repeats=(3, 2)):
    """Return two layers of metal over a small doped sheet with labelled nitrogen, in a skewed cell."""
    rng = np.random.default_rng(seed)
    names = ("C", "N:graphitic", "N:pyridinic", "Na", "K")
    carbon = sheet(repeats, seed, shake=0.05, strain=0.03, fraction=0.4, species_names=names[:3])
    corners = np.array([[0.1, 0.2], [0.6, 0.2], [0.1, 0.7], [0.6, 0.7]])
    metal = np.concatenate([corners @ carbon.cell.matrix[:2] + [0.0, 0.0, z] for z in (2.7, 6.0)])
    metal = metal + rng.uniform(-0.2, 0.2, size=metal.shape)
    species = np.concatenate([carbon.species, rng.integers(3, 5, len(metal))])
    return System(np.vstack([carbon.positions, metal]), species, names, carbon.cell.copy())


def only(system, elements):
    """Return the atoms of some elements only, with their species."""
    kept = [a for a, name in enumerate(system.species_names) if element_of(name) in elements]
    keep = np.isin(system.species, kept)
    names = [system.species_names[a] for a in kept]
    return System(system.positions[keep], np.searchsorted(kept, system.species[keep]), names, system.cell.copy())


def repeated(system, counts):
    """Return a supercell: copies along the three cell vectors, image after image."""
    shifts = np.array(list(np.ndindex(*counts))) @ system.cell.matrix
    positions = (shifts[:, None, :] + system.positions[None]).reshape(-1, 3)
    cell = Cell(system.cell.matrix * np.array(counts)[:, None], system.cell.periodic)
    return System(positions, np.tile(system.species, len(shifts)), system.species_names, cell)


def changed(system, positions=None, cell=None, periodic=None):
    """Return a copy with other positions, cell matrix or periodic directions."""
    positions = system.positions if positions is None else positions
    cell = system.cell.matrix if cell is None else cell
    periodic = system.cell.periodic if periodic is None else periodic
    return System(positions, system.species, system.species_names, Cell(cell, periodic))
