"""How much of its hold on carbon the metal loses to the metal around it: the numbers of [term.screening] in nak-cn.

    python potentials/fit/screening.py

reads `data/`, writes `screening.json` and `screening.png`; seconds. A film of metal is held by the sheet with
W + S A: W the wall and A the attraction of `metal-carbon-2026` on the very same atoms, so that every film that was
computed gives one S, at the density that the metal's own embedded-atom model has in it. `SCREENING.md` says what is
calibrated, what is predicted, and what does not fit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from ase import Atoms
from ase.io import read
from numpy.typing import NDArray

from nakmd.cell import Cell
from nakmd.potentials import Hybrid, Screened, evaluate, load
from nakmd.system import FloatArray, System

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
DATA = HERE / "data"
METALS = ("K", "Na")

#: Of the screened model: embedded atoms, and the pairs with carbon.
METAL, CONTACT = "nichol-ackland-2016", "metal-carbon-2026"

#: Part of what can be lost that a (2 x 2) layer may have kept. Thicker and denser films are held no less than that
#: layer, so it has lost all; ρ_0 is the largest number with which that is so.
KEPT_IN_LAYER = 0.02

#: KC8: lattice constant of its layers and gap between sheets [Å]; measured enthalpy against bulk potassium and graphite
#: [eV per K] (calorimetry, -84.1 cal per g of carbon); what parting the sheets of graphite costs [eV per C], recalled.
KC8_A, KC8_GAP, KC8_MEASURED, PARTING = 4.92, 5.35, -0.350, 0.05

#: The stack of sheets and layers that KC8 is (computed with the layers above each other), held to no fit.
STACK = "2x2, between sheets"

#: Films with the other metal on the first layer, held to no fit either.
MIXED = {"K": "2x2, Na above it", "Na": "2x2, K above it"}

#: (2 x 2) layers of Rytkönen, Akola and Manninen: K 0.81 eV per atom.
LAYER_LITERATURE = {"K": -0.81}


@dataclass(frozen=True)
class Point:
    """A film of metal over the hollow at one height.

    Attributes
    ----------
    metal, film : str
    height : float [Å]
    held : float [eV per cell]
        E(sheet and film) - E(sheet) - E(film), with one atom of the first layer in the cell.
    wall, attraction : float [eV per cell]
        Of the pair terms on the same atoms.
    density : float [eV²]
        Of the first layer, in the metal's own model.
    system : System
    """

    metal: str
    film: str
    height: float
    held: float
    wall: float
    attraction: float
    density: float
    system: System


def read_points() -> list[Point]:
    """Return all films: single layers from `extension.extxyz`, denser and thicker ones from `films.extxyz`."""
    out: list[Point] = []
    layers = [f for f in read(DATA / "extension.extxyz", ":") if f.info["basis"] == "PW300"]
    energies = {(f.info["config_type"], f.info.get("metal", "")): f.get_potential_energy() for f in layers}
    for frame in layers:
        kind, metal = frame.info["config_type"], frame.info.get("metal", "")
        size = kind.removeprefix("graphene_hollow_")
        alone = energies.get((f"metal_layer_{size}", metal)), energies.get((f"graphene_clean_{size}", ""))
        if kind.startswith("graphene_hollow_") and metal and None not in alone:
            out.append(_point(frame, metal, f"{size}, 1 layer", frame.info["height"], sum(alone)))
    films = {_key(f): f for f in read(DATA / "films.extxyz", ":")}
    for (metal, cell, n, gap, sheet, height), frame in films.items():
        film = next((f for k, f in films.items() if k[:5] == (metal, cell, n, gap, False)), None)
        if n and sheet and film is not None:
            alone = film.get_potential_energy() + films["none", cell, 0, gap, True, 0.0].get_potential_energy()
            lower, _, upper = metal.partition("/")
            name = f"{cell.replace('r3', '√3×√3')}, {n} layer{'s' * (n > 1)}"
            name = STACK if gap else MIXED[lower] if upper else name
            out.append(_point(frame, lower, name, 0.5 * gap if gap else height, alone))
    return out


def _key(frame: Atoms) -> tuple[str, str, int, float, bool, float]:
    i = frame.info
    return i["metal"], i["supercell"], int(i["layers"]), float(i["gap"]), bool(i["sheet"]), float(i["height"])


def _point(frame: Atoms, metal: str, film: str, height: float, alone: float) -> Point:
    held = frame.get_potential_energy() - alone
    system = system_of(frame)
    return Point(metal, film, float(height), float(held), *parts(system), system)


def system_of(atoms: Atoms) -> System:
    """Return atoms as nakmd takes them."""
    labels = [{"N": "N:graphitic"}.get(symbol, symbol) for symbol in atoms.get_chemical_symbols()]
    names = tuple(dict.fromkeys(labels))
    species = [names.index(label) for label in labels]
    return System(atoms.positions, species, names, Cell(np.array(atoms.cell), tuple(atoms.pbc)))


def energy(
    system: System, numbers: dict[str, dict[str, float]], strength: float = 1.0, doping: float = 0.0
) -> tuple[float, FloatArray]:
    """Return the energy [eV] of metal and contact, the sheet itself left out, and the densities [eV²]."""
    metal = load(METAL, elements=METALS)
    sheet = [("C", "C"), ("C", "N:graphitic"), ("N:graphitic", "N:graphitic")]
    model = Hybrid([Screened(metal, load(CONTACT, doping=doping), numbers, strength)], none=sheet)
    found = evaluate(model, system).energy
    return found, metal.densities.copy()


def of_metal(system: System) -> NDArray[np.bool_]:
    """Return which atoms are metal."""
    return np.isin(system.species, [k for k, name in enumerate(system.species_names) if name in METALS])


def parts(system: System) -> tuple[float, float, float]:
    """Return wall and attraction [eV] of all pairs of metal and sheet, and the density of the first layer [eV²]."""
    nothing = {name: {"residual": 0.0, "rho_0": 1e-9} for name in METALS}  # all is lost, but to a lone atom
    whole, densities = energy(system, nothing, 0.0)
    wall, _ = energy(system, nothing, 1.0)
    mine = of_metal(system)
    species = [METALS.index(system.species_names[s]) for s in system.species[mine]]
    alone = System(system.positions[mine], species, METALS, system.cell)
    cohesion = evaluate(load(METAL, elements=METALS), alone).energy
    first = int(np.argmin(np.where(mine, system.positions[:, 2], np.inf)))
    return wall - cohesion, whole - wall, float(densities[first])


def scale_of(points: list[Point]) -> tuple[float, float]:
    """Return the S that holds a film best, by least squares over its heights, and the rms error left [eV]."""
    held, wall, pull = (np.array([getattr(p, name) for p in points]) for name in ("held", "wall", "attraction"))
    scale = float(pull @ (held - wall) / (pull @ pull))
    return scale, float(np.sqrt(np.mean((wall + scale * pull - held) ** 2)))


def calibrate(points: list[Point], metal: str) -> dict[str, Any]:
    """Return S of every film, and residual and rho_0."""
    films: dict[str, Any] = {}
    for name in dict.fromkeys(p.film for p in points if p.metal == metal):
        # pressed onto the sheet a film says more of the wall than of the attraction
        mine = [p for p in points if p.metal == metal and p.film == name and p.held < 0.0]
        scale, rms = scale_of(mine)
        films[name] = {
            "density": round(mine[0].density, 4), "S": round(scale, 4), "rms_energy": round(rms, 4),
            "heights": [p.height for p in mine],
            "held": [round(p.held, 4) for p in mine],
            "model": [round(p.wall + scale * p.attraction, 4) for p in mine],
        }  # fmt: skip
    dense = [film for name, film in films.items() if name not in (STACK, MIXED[metal])]
    residual = float(np.mean([film["S"] for film in dense]))
    layer = films["2x2, 1 layer"]["density"]
    return {
        "residual": round(residual, 2),
        "residual_spread": round(float(np.ptp([film["S"] for film in dense])), 3),
        "rho_0": round(layer / np.log(1.0 / KEPT_IN_LAYER), 3),
        "films": films,
    }


def curve(point: Point, numbers: dict[str, dict[str, float]]) -> tuple[FloatArray, FloatArray]:
    """Return heights [Å] and what the calibrated model holds the film of a point with [eV]."""
    heights = np.arange(2.3, 4.3, 0.05)
    mine = of_metal(point.system)
    alone = point.system.copy()
    alone.positions[mine, 2] += 20.0
    out = []
    for height in heights:
        moved = point.system.copy()
        moved.positions[mine, 2] += height - point.height
        out.append(energy(moved, numbers)[0])
    return heights, np.array(out) - energy(_with_height(alone, 60.0), numbers)[0]


def _with_height(system: System, height: float) -> System:
    """Return a system in a cell of another height [Å]."""
    matrix = system.cell.matrix.copy()
    matrix[2, 2] = height
    return System(system.positions, system.species, system.species_names, Cell(matrix, system.cell.periodic))


def draw(points: list[Point], numbers: dict[str, dict[str, float]], path: Path) -> None:
    """Write the picture: computed films and the calibrated model; a lone atom for scale."""
    figure, axes = plt.subplots(1, 2, figsize=(9.0, 3.8), layout="constrained", sharey=True)
    for axis, metal in zip(axes, METALS, strict=True):
        for k, name in enumerate(dict.fromkeys(p.film for p in points if p.metal == metal)):
            mine = [p for p in points if p.metal == metal and p.film == name]
            axis.plot([p.height for p in mine], [p.held for p in mine], "o", color=f"C{k}", label=f"{name}, PBE")
            axis.plot(*curve(mine[0], numbers), color=f"C{k}")
        lone = next(p for p in points if p.metal == metal)
        unscreened = {name: {"residual": 1.0, "rho_0": 1.0} for name in METALS}
        axis.plot(*curve(lone, unscreened), color="0.6", ls="--", label="as a lone atom is")
        axis.axhline(0.0, color="0.8", lw=0.8)
        axis.set(title=f"{metal}: lines are nak-cn", xlabel="height / Å", ylim=(-0.95, 0.2))
        axis.legend(fontsize="x-small")
    axes[0].set_ylabel("held by the sheet / eV per atom of the first layer")
    figure.savefig(path, dpi=130)


def layer_energy(metal: str, numbers: dict[str, dict[str, float]], strength: float = 1.0) -> tuple[float, float]:
    """Return height [Å] and energy [eV] of an atom of a (2 x 2) layer, against clean sheet and free atom."""
    heights = np.arange(2.2, 4.0, 0.02)
    found = [energy(system_of(_layer(metal, h)), numbers, strength)[0] for h in heights]
    k = int(np.argmin(found))
    return float(heights[k]), float(found[k])


def _layer(metal: str, height: float) -> Atoms:
    frame = next(
        f for f in read(DATA / "extension.extxyz", ":")
        if f.info["config_type"] == "graphene_hollow_2x2" and f.info.get("metal") == metal
    )  # fmt: skip
    atoms = Atoms(frame.get_chemical_symbols(), frame.positions, cell=frame.cell, pbc=(True, True, False))
    sheet = atoms.positions[atoms.symbols == "C", 2].mean()
    atoms.positions[atoms.symbols == metal, 2] = sheet + height
    return atoms


def kc8(numbers: dict[str, dict[str, float]], strength: float = 1.0, parting: float = PARTING) -> float:
    """Return the enthalpy of KC8 [eV per K] against bulk potassium and graphite: sheets AA, layers of K alternating.

    Without ``parting`` it is against sheets that nothing holds together, as PBE has them: see `kc8_computed`.
    """
    a = KC8_A
    plane = a * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    corners = np.array([(i, j) for i in range(2) for j in range(2)]) / 2
    sheet = np.concatenate([corners + np.array(site) for site in ((1 / 6, 1 / 3), (1 / 3, 1 / 6))]) @ plane
    atoms = Atoms(cell=[[*plane[0], 0.0], [*plane[1], 0.0], [0.0, 0.0, 2 * KC8_GAP]], pbc=True)
    for k in range(2):
        atoms += Atoms("C8", [[x, y, k * KC8_GAP] for x, y in sheet])
        x, y = np.array([0.5 * k, 0.0]) @ plane
        atoms += Atoms("K", [[x, y, (k + 0.5) * KC8_GAP]])
    bulk = -0.923  # eV per atom: the metal's own bcc crystal
    return 0.5 * energy(system_of(atoms), numbers, strength)[0] - bulk + 8 * parting


def doped_layer(numbers: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return what holds a (2 x 2) layer of K at 3 Å on a sheet with one graphitic N in 8 atoms [eV per K]."""
    frames = [f for f in read(DATA / "extension.extxyz", ":") if f.info["basis"] == "PW300"]
    found = {(f.info["config_type"], f.info.get("metal", ""), f.info.get("height", 0.0)): f for f in frames}
    layer = next(f for key, f in found.items() if key[:2] == ("metal_layer_2x2", "K")).get_potential_energy()
    out = {}
    for name, sheet, clean in (
        ("clean", "graphene_hollow_2x2", "graphene_clean_2x2"),
        ("doped", "graphN_farhollow_2x2", "graphN_clean_2x2"),
    ):
        frame = found[sheet, "K", 3.0]
        computed = frame.get_potential_energy() - found[clean, "", 0.0].get_potential_energy() - layer
        doping = frame.get_chemical_symbols().count("N") / (len(frame) - 1)
        system = system_of(frame)
        alone = System(system.positions[-1:], [0], ("K",), system.cell)
        model = energy(system, numbers, doping=doping)[0] - evaluate(load(METAL, elements=METALS), alone).energy
        out |= {f"{name}, computed": round(float(computed), 3), f"{name}, model": round(model, 3)}
    return out


def kc8_computed() -> float:
    """Return the same from the computed stack [eV per K]: layers of K above each other, graphite without dispersion."""
    stack, sheets = (
        next(
            f
            for f in read(DATA / "films.extxyz", ":")
            if f.info["gap"] > 0.0 and f.info["sheet"] and metal == f.info["metal"]
        )
        for metal in ("K", "none")
    )
    bulk = min(
        f.get_potential_energy() / len(f)
        for f in read(DATA / "reference.extxyz", ":")
        if f.info["config_type"] == "eos_K"
    )
    return float(stack.get_potential_energy() - sheets.get_potential_energy() - bulk)


def main() -> None:
    """Calibrate, check, write, draw."""
    points = read_points()
    found = {metal: calibrate(points, metal) for metal in METALS}
    numbers = {metal: {name: found[metal][name] for name in ("residual", "rho_0")} for metal in METALS}
    checks: dict[str, Any] = {"KC8": {"model": round(kc8(numbers), 3), "measured": KC8_MEASURED}}
    checks["KC8"]["model without screening"] = round(kc8(numbers, 0.0), 3)
    checks["KC8"]["model without dispersion, as computed"] = round(kc8(numbers, parting=0.0), 3)
    checks["KC8"]["computed"] = round(kc8_computed(), 3)
    checks["2x2 layer of K on a doped sheet"] = doped_layer(numbers)
    for metal in METALS:
        height, per_atom = layer_energy(metal, numbers)
        checks[f"2x2 layer of {metal}"] = {"height": round(height, 2), "energy": round(per_atom, 3)}
        if metal in LAYER_LITERATURE:
            checks[f"2x2 layer of {metal}"]["literature"] = LAYER_LITERATURE[metal]
    results = {"script": "potentials/fit/screening.py", **found, "checks": checks}
    (HERE / "screening.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    draw(points, numbers, HERE / "screening.png")


if __name__ == "__main__":
    main()
