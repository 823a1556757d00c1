"""Forces of first-principles frames of a liquid, and those of the model on the same frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read
from ase.neighborlist import neighbor_list
from functions import Basis, Shape, basis, embedding, split, wall

from nakmd.arrays import FloatArray, IntArray
from nakmd.studies.validation.pbe_forces import KEPT_OUT, file_of_frames

FILE = file_of_frames()


def _atoms_of(elements: set[str], file: Path) -> list[Atoms]:
    """Return the stored frames that consist of these elements; an empty list without the file."""
    frames = read(file, ":") if file.exists() else []
    return [atoms for atoms in frames if set(atoms.get_chemical_symbols()) == elements]


def _summed(i: IntArray, toward: FloatArray, pull: FloatArray, n: int) -> FloatArray:
    """Return the forces (n, 3) [eV/Å] on n atoms from the forces along the directed pairs that begin at atoms i."""
    return np.stack([np.bincount(i, pull * toward[:, k], n) for k in range(3)], axis=1)


class PBEFrame:
    """What frames of one element and of the alloy have in common: forces (n, 3) [eV/Å], state, use."""

    forces: FloatArray
    state: str
    kept_out: bool

    def agreement(self, ours: FloatArray) -> str:
        """Return a line with the correlation and the slope of forces of the model."""
        correlation = float(np.corrcoef(ours.ravel(), self.forces.ravel())[0, 1])
        slope = float((ours * self.forces).sum() / (self.forces**2).sum())
        kept = ", kept out" if self.kept_out else ""
        return f"   forces of {self.state}{kept}: correlation {correlation:.4f}, slope {slope:.3f}"


@dataclass
class ForceFrame(PBEFrame):
    """A frame of one element: directed pairs i, j, unit vectors from i to j, basis functions, forces [eV/Å]."""

    i: IntArray
    j: IntArray
    toward: FloatArray
    pair: Basis
    density: Basis
    of_wall: FloatArray
    forces: FloatArray
    state: str
    kept_out: bool

    def model(self, shape: Shape, theta: FloatArray) -> FloatArray:
        """Return the forces of the model, (n, 3) [eV/Å]."""
        v, p, f = split(shape, theta)
        n = len(self.forces)
        slope = embedding(f, np.bincount(self.i, self.density.value @ p, n))[1]
        pull = self.pair.slope @ v + self.of_wall + (slope[self.i] + slope[self.j]) * (self.density.slope @ p)
        return _summed(self.i, self.toward, pull, n)


def frames_of(element: str, shape: Shape, file: Path = FILE) -> list[ForceFrame]:
    """Return the stored frames of one element; an empty list without the file."""
    out = []
    for atoms in _atoms_of({element}, file):
        i, j, r, d = neighbor_list("ijdD", atoms, shape.cutoff)
        out.append(
            ForceFrame(
                i, j, d / r[:, None], basis(shape, r, shape.n_pair), basis(shape, r, shape.n_density),
                wall(shape, r)[1], atoms.get_forces(), str(atoms.info["state"]),
                int(atoms.info["frame"]) % 3 == KEPT_OUT,
            )
        )  # fmt: skip
    return out


@dataclass
class AlloyFrame(PBEFrame):
    """A frame of Na and K. Of like pairs the functions are held, of unlike pairs they are fitted.

    Attributes
    ----------
    i, j, toward
        Directed pairs and unit vectors from i to j.
    sodium : (n,) bool
    unlike : (n_pairs,) bool
    held : (n_pairs, 3) float64
        φ, φ' and V' of like pairs, 0 of the others.
    pair, density : Basis
        Of the functions between Na and K, at every pair.
    of_wall : (n_pairs,) float64
    """

    i: IntArray
    j: IntArray
    toward: FloatArray
    sodium: FloatArray
    unlike: FloatArray
    held: FloatArray
    pair: Basis
    density: Basis
    of_wall: FloatArray
    forces: FloatArray
    state: str
    kept_out: bool

    def model(self, theta: FloatArray, n_pair: int, f: Mapping[str, FloatArray]) -> FloatArray:
        """Return the forces of the model, (n, 3) [eV/Å]; ``theta``: V, density of K at Na, density of Na at K."""
        v, at_sodium, at_potassium = np.split(theta, [n_pair, n_pair + (len(theta) - n_pair) // 2])
        n, center, neighbor = len(self.forces), self.sodium[self.i], self.sodium[self.j]
        at_na, slope_na = self.density.value @ at_sodium, self.density.slope @ at_sodium
        at_k, slope_k = self.density.value @ at_potassium, self.density.slope @ at_potassium
        phi = np.where(self.unlike, np.where(center, at_na, at_k), self.held[:, 0])
        own = np.where(self.unlike, np.where(center, slope_na, slope_k), self.held[:, 1])
        other = np.where(self.unlike, np.where(neighbor, slope_na, slope_k), self.held[:, 1])
        rho = np.bincount(self.i, phi, n)
        slope = np.where(self.sodium, embedding(f["Na"], rho)[1], embedding(f["K"], rho)[1])
        direct = np.where(self.unlike, self.pair.slope @ v + self.of_wall, self.held[:, 2])
        pull = direct + slope[self.i] * own + slope[self.j] * other
        return _summed(self.i, self.toward, pull, n)


def alloy_frames(
    cross: Shape, shapes: Mapping[str, Shape], parameters: Mapping[str, FloatArray], file: Path = FILE
) -> list[AlloyFrame]:
    """Return the stored frames of the alloy."""
    out = []
    cutoffs = {(e, e): s.cutoff for e, s in shapes.items()} | {("Na", "K"): cross.cutoff}
    for atoms in _atoms_of({"Na", "K"}, file):
        symbols = np.array(atoms.get_chemical_symbols())
        i, j, r, d = neighbor_list("ijdD", atoms, cutoffs)
        held = np.zeros((len(r), 3))
        for element, shape in shapes.items():
            like = (symbols[i] == element) & (symbols[j] == element)
            v, p, _ = split(shape, parameters[element])
            density, pair = basis(shape, r[like], shape.n_density), basis(shape, r[like], shape.n_pair)
            slope = pair.slope @ v + wall(shape, r[like])[1]
            held[like] = np.stack([density.value @ p, density.slope @ p, slope], axis=1)
        out.append(
            AlloyFrame(
                i, j, d / r[:, None], symbols == "Na", symbols[i] != symbols[j], held, basis(cross, r, cross.n_pair),
                basis(cross, r, cross.n_density), wall(cross, r)[1], atoms.get_forces(), str(atoms.info["state"]),
                int(atoms.info["frame"]) % 3 == KEPT_OUT,
            )
        )  # fmt: skip
    return out
