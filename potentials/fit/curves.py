"""Read the first-principles adsorption curves, refer them to the free atom, and mask points that must not be fitted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read

from nakmd.arrays import FloatArray
from nakmd.errors import FileFormatError, InputError

DATA = Path(__file__).parent / "data"
FILES = ("reference.extxyz", "extension.extxyz")
CUTOFF = 10.0  # Å, of the fitted terms

#: Site of the nitrogen for each family of frames; carbon with two bonds of at most `LONGEST_BOND` [Å] is an edge.
SITES = {
    "graphN": "N:graphitic", "graph2N": "N:graphitic",
    "n3v": "N:pyridinic", "n3vrelaxed": "N:pyridinic", "pyrrolic": "N:pyrrolic",
}  # fmt: skip
LONGEST_BOND = 1.8


@dataclass(frozen=True)
class Point:
    """One height of a metal atom over a frozen sheet.

    Attributes
    ----------
    metal, curve : str
        ``curve`` is the family and site of the frame, ``graphene_hollow``.
    height, energy, force : float
        [Å], adsorption energy [eV] against the clean sheet and the free spin-polarised atom, force along z [eV/Å],
        NaN if there is none.
    distances : dict of str to (n,) float64 [Å]
        From the metal to every atom of the periodic sheet within the cutoff, by species.
    rises : dict of str to (n,) float64
        z component of the unit vectors along them, from the wall to the metal.
    concentration : float
        Graphitic nitrogen per atom of the sheet.
    masked : str
        Reason why the point is not fitted; empty if it is.
    """

    metal: str
    curve: str
    height: float
    energy: float
    force: float
    distances: dict[str, FloatArray]
    rises: dict[str, FloatArray]
    concentration: float
    masked: str


def read_frames(folder: Path = DATA) -> list[Atoms]:
    """Return all frames of the data.

    Raises
    ------
    FileFormatError
        If a file is missing or truncated, or a frame lacks a required value.
    """
    frames: list[Atoms] = []
    for name in FILES:
        path = folder / name
        try:
            of_file = read(path, ":")
        except FileNotFoundError:
            raise FileFormatError(path, "no such file.", "Restore it from the repository.") from None
        except Exception as error:
            raise FileFormatError(
                path, f"ASE cannot read it as extended XYZ ({error}).", "Restore it from the repository."
            ) from error
        for number, frame in enumerate(of_file, start=1):
            missing = [word for word in ("config_type", "basis", "kpts") if word not in frame.info]
            if frame.calc is None or "energy" not in frame.calc.results:
                missing.append("energy")
            if missing:
                raise FileFormatError(
                    path,
                    f"frame {number} of {len(of_file)} has no {', '.join(missing)}.",
                    "Restore the file, or compute it again (dft/run.py).",
                )
        frames += of_file
    return frames


def read_points(folder: Path = DATA, frames: list[Atoms] | None = None) -> list[Point]:
    """Return the points over 4x4 sheets, and the doped ones over 5x5, at the cutoff of the reference set.

    Masked points are included. Of a point computed with and without spin polarisation the lower energy is used, which
    is the ground state. A doped 5x5 sheet has a lower concentration of nitrogen and of metal; the effect of the latter
    is subtracted by means of the pristine sheets of both sizes, which gives an energy but no force.

    Raises
    ------
    FileFormatError
        As `read_frames`.
    InputError
        If a reference, clean sheet or free atom, is not in the data.
    """
    frames = read_frames(folder) if frames is None else frames
    lowest: dict[tuple[str, str, float], Point] = {}
    for frame in frames:
        info = frame.info
        wide = info["config_type"].startswith("graphN") and info["config_type"].endswith("_5x5")
        if "metal" not in info or info["basis"] != "PW300" or not (30 <= len(frame) <= 34 or wide):
            continue
        energy, force = bound(frames, frame), float(frame.get_forces()[-1, 2])
        if wide:
            small, large = pristine(frames, info["metal"])
            energy, force = energy + bound(frames, small) - bound(frames, large), np.nan
        point = Point(
            info["metal"], info["config_type"], float(info["height"]), energy, force, *_surroundings(frame),
            _masked(info, energy),
        )  # fmt: skip
        key = (point.metal, point.curve, round(point.height, 3))
        if key not in lowest or point.energy < lowest[key].energy:
            lowest[key] = point
    return [lowest[key] for key in sorted(lowest)]


def bound(frames: list[Atoms], frame: Atoms) -> float:
    """Return the energy of a frame against its clean sheet and the free atom [eV]."""
    return float(frame.get_potential_energy()) - clean_energy(frames, frame) - atom_energy(frames, frame.info["metal"])


def pristine(frames: list[Atoms], metal: str) -> tuple[Atoms, Atoms]:
    """Return the metal over the hollow of the 4x4 and of the 5x5 sheet, at the same height.

    Raises
    ------
    InputError
        If there is no such pair.
    """
    over = {
        (f.info["config_type"], round(f.info["height"], 3)): f
        for f in frames
        if f.info.get("metal") == metal and f.info["basis"] == "PW300"
    }
    for (kind, height), frame in over.items():
        if kind == "graphene_hollow_5x5" and ("graphene_hollow", height) in over:
            return over["graphene_hollow", height], frame
    raise InputError(f"The data have no {metal} over the 4x4 and the 5x5 sheet at one height.")


def atom_energy(frames: list[Atoms], metal: str) -> float:
    """Return the energy of a free, spin-polarised atom [eV]."""
    for frame in frames:
        if frame.info["config_type"] == "isolated_atom" and frame.get_chemical_symbols() == [metal]:
            return float(frame.get_potential_energy())
    raise InputError(f"The data have no isolated atom of {metal}, the reference of the energies.")


def clean_energy(frames: list[Atoms], frame: Atoms) -> float:
    """Return the energy of the same sheet without the metal, at the same settings [eV].

    A sheet without a bare vacancy has no moments: its polarised frames may use an unpolarised clean sheet.
    """
    family, _, cell = frame.info["config_type"].partition("_")
    size = "_" + cell.rpartition("_")[2] if "x" in cell else ""
    for other in frames:
        same = all(other.info[word] == frame.info[word] for word in ("basis", "kpts"))
        same &= other.info["spinpol"] == frame.info["spinpol"] or family != "vacancy"
        if other.info["config_type"] == f"{family}_clean{size}" and same:
            return float(other.get_potential_energy())
    raise InputError(f"The data have no clean sheet for {frame.info['config_type']} at the same settings.")


def _masked(info: dict[str, Any], energy: float) -> str:
    """Return the reason why a point is not fitted, or an empty string."""
    if energy > 0.5:
        return "wall: more than 0.5 eV above the free atom"
    if not info["spinpol"] and info["height"] > 5.05:
        return "no spin polarisation, against a polarised atom, beyond 5 Å"
    if not info["spinpol"] and info["height"] > 3.5 and energy > -0.1:
        return "no spin polarisation: the neutral polarised atom lies lower there"
    return ""


def _surroundings(frame: Atoms) -> tuple[dict[str, FloatArray], dict[str, FloatArray], float]:
    """Return distances and rises by species, and the concentration of graphitic nitrogen."""
    family = frame.info["config_type"].partition("_")[0]
    metal, sheet = frame.positions[-1], frame[:-1]
    reach = range(-3, 4)
    images = np.array([i * frame.cell[0] + j * frame.cell[1] for i in reach for j in reach])
    away = sheet.positions[:, None, :] + images - metal
    r = np.linalg.norm(away, axis=2)
    species = np.array([SITES.get(family, s) if s == "N" else s for s in sheet.get_chemical_symbols()], dtype="U16")
    bonds = np.sum(sheet.get_all_distances(mic=True) < LONGEST_BOND, axis=1) - 1
    species[(bonds < 3) & (species == "C")] = "C:edge"
    distances, rises = {}, {}
    for name in sorted(set(species)):
        mine = species == name
        inside = r[mine] < CUTOFF
        distances[str(name)] = r[mine][inside]
        rises[str(name)] = -away[mine][inside][:, 2] / r[mine][inside]
    return distances, rises, float(np.mean(species == "N:graphitic"))
