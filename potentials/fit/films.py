"""Computed films of metal on sheets, and the energies of the pair terms for the same atoms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

from nakmd.arrays import BoolArray, FloatArray
from nakmd.cell import Cell
from nakmd.potentials import Hybrid, Screened, evaluate, load
from nakmd.potentials.library.model_record import ScreenedElement
from nakmd.potentials.screened import BoundScreened
from nakmd.system import System

DATA = Path(__file__).parent / "data"
METALS = ("K", "Na")

#: The model that is calibrated, and its sets: embedded atoms, and pairs with carbon.
MODEL, METAL, CONTACT = "nak-cn", "nak-2026", "metal-carbon-2026"

#: The stack of sheets and layers of KC8 (computed with the layers above each other), not fitted.
STACK = "2x2, between sheets"

#: Films with the other metal on the first layer, not fitted.
MIXED = {"K": "2x2, Na above it", "Na": "2x2, K above it"}

#: (2 x 2) layers on sheets with graphitic N: frames and their names. The last is not fitted.
DOPED = {
    "graphN_farhollow_layer": "2x2, 1 N in 32",
    "graph2N_farhollow_layer": "2x2, 1 N in 16",
    "graphN_farhollow_2x2": "2x2, 1 N in 8",
}
BEYOND = "2x2, 1 N in 8"

#: A height of the layers on doped sheets besides 3.0 Å, by metal [Å].
SECOND_HEIGHT = {"K": 3.4, "Na": 2.7}


@dataclass(frozen=True)
class Point:
    """A film of metal over the hollow at one height.

    Attributes
    ----------
    metal, film : str
    height : float [Å]
    held : float [eV per atom of the first layer]
        E(sheet and film) - E(sheet) - E(film).
    wall, attraction : float [eV per atom of the first layer]
        Energies of the pair terms for the same atoms.
    density : float
        Density of the first layer, in the unit of the set of the metal (`METAL`: 1 is about that of the crystal).
    doping : float
        Graphitic nitrogen per atom of the sheet.
    system : System
    """

    metal: str
    film: str
    height: float
    held: float
    wall: float
    attraction: float
    density: float
    doping: float
    system: System


def read_points(metal_set: str = METAL) -> list[Point]:
    """Return all films: single layers from `extension.extxyz`, denser and thicker ones from `films.extxyz`.

    ``metal_set`` is the set of embedded atoms that gives their densities.
    """
    out: list[Point] = []
    frames = [f for name in ("reference", "extension") for f in read(DATA / f"{name}.extxyz", ":")]
    layers = [f for f in frames if f.info.get("basis") == "PW300"]
    energies = {(f.info["config_type"], f.info.get("metal", "")): f.get_potential_energy() for f in layers}
    for frame in layers:
        kind, metal = frame.info["config_type"], frame.info.get("metal", "")
        size = kind.removeprefix("graphene_hollow_")
        alone = energies.get((f"metal_layer_{size}", metal)), energies.get((f"graphene_clean_{size}", ""))
        if kind.startswith("graphene_hollow_") and metal and None not in alone:
            out.append(_point(frame, metal, f"{size}, 1 layer", frame.info["height"], sum(alone), metal_set))
        if kind in DOPED and metal:
            family, _, cell = kind.split("_")
            sheet = energies[f"{family}_clean" + "_2x2" * (cell == "2x2"), ""]
            film = frame.symbols.count(metal) * energies["metal_layer_2x2", metal]
            out.append(_point(frame, metal, DOPED[kind], frame.info["height"], sheet + film, metal_set))
    films = {_key(f): f for f in read(DATA / "films.extxyz", ":")}
    for (metal, cell, n, gap, sheet, height), frame in films.items():
        film = next((f for k, f in films.items() if k[:5] == (metal, cell, n, gap, False)), None)
        if n and sheet and film is not None:
            alone = film.get_potential_energy() + films["none", cell, 0, gap, True, 0.0].get_potential_energy()
            lower, _, upper = metal.partition("/")
            name = f"{cell.replace('r3', '√3×√3')}, {n} layer{'s' * (n > 1)}"
            name = STACK if gap else MIXED[lower] if upper else name
            out.append(_point(frame, lower, name, 0.5 * gap if gap else height, alone, metal_set))
    return out


def _key(frame: Atoms) -> tuple[str, str, int, float, bool, float]:
    i = frame.info
    return i["metal"], i["supercell"], int(i["layers"]), float(i["gap"]), bool(i["sheet"]), float(i["height"])


def _point(frame: Atoms, metal: str, film: str, height: float, alone: float, metal_set: str) -> Point:
    system = system_of(frame)
    symbols = frame.get_chemical_symbols()
    nitrogen = symbols.count("N")
    doping = nitrogen / (nitrogen + symbols.count("C"))
    wall, attraction, density = parts(system, doping, metal_set)
    n = first_layer(system).sum()
    held = (frame.get_potential_energy() - alone) / n
    return Point(metal, film, float(height), float(held), wall / n, attraction / n, density, doping, system)


def system_of(atoms: Atoms) -> System:
    """Return ASE atoms as a system."""
    labels = [{"N": "N:graphitic"}.get(symbol, symbol) for symbol in atoms.get_chemical_symbols()]
    names = tuple(dict.fromkeys(labels))
    species = [names.index(label) for label in labels]
    return System(atoms.positions, species, names, Cell(np.array(atoms.cell), tuple(atoms.pbc)))


def energy(
    system: System,
    numbers: dict[str, dict[str, float]],
    strength: float = 1.0,
    doping: float = 0.0,
    metal_set: str = METAL,
) -> tuple[float, FloatArray]:
    """Return the energy [eV] of metal and contact, without that of the sheet, and the densities."""
    metal = load(metal_set, elements=METALS)
    beside = {
        name: {"residual": ScreenedElement(symbol=name, evidence="fitted", **given).residual_beside(doping)}
        | {"rho_0": given["rho_0"]}
        for name, given in numbers.items()
    }
    sheet = [("C", "C"), ("C", "N:graphitic"), ("N:graphitic", "N:graphitic")]
    model = Hybrid([Screened(metal, load(CONTACT, doping=doping), beside, strength)], none=sheet)
    evaluator = model.bind(system.species_names)
    total = evaluator.evaluate(system).energy
    (screened,) = evaluator.terms
    assert isinstance(screened, BoundScreened)
    return total, screened.metal.densities.copy()


def of_metal(system: System) -> BoolArray:
    """Return a mask of the metal atoms."""
    return np.isin(system.species, [k for k, name in enumerate(system.species_names) if name in METALS])


def first_layer(system: System) -> BoolArray:
    """Return a mask of the metal atoms next to the sheet."""
    mine = of_metal(system)
    lowest = float(system.positions[mine, 2].min())
    return mine & (system.positions[:, 2] < lowest + 0.1)


def parts(system: System, doping: float = 0.0, metal_set: str = METAL) -> tuple[float, float, float]:
    """Return wall and attraction [eV] of all pairs of metal and sheet, and the density of the first layer."""
    nothing = {name: {"residual": 0.0, "rho_0": 1e-9} for name in METALS}  # fully screened, except for an isolated atom
    whole, densities = energy(system, nothing, 0.0, doping, metal_set)
    wall, _ = energy(system, nothing, 1.0, doping, metal_set)
    return wall - cohesion(system, metal_set), whole - wall, float(densities[first_layer(system)].max())


def cohesion(system: System, metal_set: str = METAL) -> float:
    """Return the energy [eV] of the metal of a system without its sheet."""
    mine = of_metal(system)
    species = [METALS.index(system.species_names[s]) for s in system.species[mine]]
    alone = System(system.positions[mine], species, METALS, system.cell)
    return float(evaluate(load(metal_set, elements=METALS), alone).energy)
