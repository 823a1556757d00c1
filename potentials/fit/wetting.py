"""Wetting of carbon by NaK: work of adhesion and contact angle of nak-cn as functions of the screening strength.

    python potentials/fit/wetting.py runs/wetting

writes `wetting.json` and `wetting.png`; about half an hour on one core. Existing runs are not repeated.

The system is a film of NaK on a rigid graphene sheet, with one free surface. The energy is linear in the screening
strength λ, so the work of adhesion, a free energy, is the integral of <dE/dλ> from λ to a strength at which the
attraction vanishes (S below 0.02) and the film detaches: W(λ) = 1/A ∫_λ^λmax <dE/dλ'> dλ'. The angle follows from the
surface tension γ of the liquid of the model, not the measured one: cos θ = W/γ - 1; for W > 2γ the liquid spreads.
Droplets give an independent result.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

import nakmd
from nakmd.analysis import SurfaceTension
from nakmd.analysis.drive import choose_frames
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.arrays import FloatArray
from nakmd.cell import Cell
from nakmd.integrators import Bussi, Fire, Langevin, VelocityVerlet
from nakmd.neighbors import Neighbors
from nakmd.potentials import load
from nakmd.simulation import LiveAnalysis, Simulation, Stage
from nakmd.structures.liquid import liquid, nak_density, number_density
from nakmd.system import System
from nakmd.units import J_PER_M2_PER_EV_A2

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
MODEL, METAL, X_K, TEMPERATURE, SEED = "nak-cn", "nak", 0.67, 450.0, 7
SIZE, THICKNESS, BOND = 30.0, 24.0, 1.4388

#: The last one leaves almost no attraction: S = 1 - λ (1 - s).
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.2, 1.3, 1.36, 1.42)
DROPLETS = (1.0, 1.1, 1.2, 1.3)
PICOSECONDS, DROPLET_PICOSECONDS = 60, 60


def run(name: str, folder: Path, strength: float, liquid_words: dict[str, Any], size: float, time: int) -> Path:
    """Run a deck unless its trajectory exists, and return the path of the trajectory."""
    bath = {"timestep": "4 fs", "temperature": f"{TEMPERATURE:g} K"}
    deck = nakmd.Deck(
        title=f"{name} at a screening of {strength:g}",
        seed=SEED,
        model={"potential": MODEL, "screening": strength},
        structure={
            "carbon": {"kind": "graphene", "size": [f"{size:g} Å", f"{size:g} Å"], "bond": f"{BOND} Å"},
            "liquid": {"x_K": X_K, "temperature": f"{TEMPERATURE:g} K", **liquid_words},
            "box": {"vacuum": "25 Å"},
        },
        groups={"frozen": ["sheet"]},
        stage=[
            {"kind": "relax", "steps": 200, "force": "0.1 eV/Å"},
            {"kind": "equilibrate", "duration": f"{time // 3} ps", "tau": "0.5 ps", **bath},
            {"kind": "produce", "duration": f"{time} ps", "group": "liquid", **bath},
        ],
        output={"trajectory_every": 50, "thermo_every": 50},
        analysis={"quantities": ["thermo"]},
    )  # fmt: skip
    place = folder / f"{name}-{strength:g}"
    if not (place / "trajectory.h5md").exists():
        nakmd.run(deck, directory=place, threads=1)
    return place / "trajectory.h5md"


def slopes_of(trajectory: nakmd.Trajectory) -> tuple[FloatArray, FloatArray, float]:
    """Return dE/dλ and the energy between wall and metal at λ = 1 of every frame [eV], and the area [Å²]."""
    topology = trajectory.topology
    models = [load(MODEL, screening=strength) for strength in (0.0, 1.0)]
    evaluators = [model.bind(topology.species_names) for model in models]
    neighbors = Neighbors(evaluators[0].requests, 0.0)
    rows = []
    for frame in choose_frames(trajectory):
        system = System(frame.positions, topology.species, topology.species_names, frame.cell, masses=topology.masses)
        neighbors.update(system)
        rows.append([float(np.triu(e.pair_energies(system, neighbors)).sum()) for e in evaluators])
        area = float(np.linalg.norm(np.cross(frame.cell.matrix[0], frame.cell.matrix[1])))
    dilute, screened = np.array(rows).T
    return screened - dilute, screened, area


def tension(folder: Path) -> Measure:
    """Return the surface tension [mN/m] of the liquid of the model, from a free film in vacuum."""
    place = folder / "tension.json"
    if not place.exists():
        n, aspect = 1000, 1.8
        width = float(np.cbrt(n / (number_density(X_K, nak_density(X_K, TEMPERATURE)) * aspect)))
        bulk = liquid(X_K, TEMPERATURE, lengths=(width, width, aspect * width), n_atoms=n, seed=SEED)
        cell = Cell([width, width, aspect * width + 25.0])
        system = System(bulk.positions, bulk.species, bulk.species_names, cell, masses=bulk.masses)
        measured = LiveAnalysis(SurfaceTension("z"), system.topology, 10, ["produce"])
        stages = [
            Stage("relax", Fire(), 200),
            Stage("settle", VelocityVerlet(0.004, Langevin(TEMPERATURE, 0.2)), 5000, initial_temperature=TEMPERATURE),
            Stage("produce", VelocityVerlet(0.004, Bussi(TEMPERATURE, 0.5)), 75000),
        ]
        Simulation(system, load(METAL), stages, [measured], seed=SEED).run()
        found = measured.result().tension
        place.write_text(json.dumps([found.value, found.error, found.n_effective]), encoding="utf-8")
    value, error, samples = json.loads(place.read_text(encoding="utf-8"))
    return Measure(value, error, "mN/m", samples)


def sweep(folder: Path) -> list[dict[str, Any]]:
    """Return slopes, energies and works of adhesion of all strengths, in J/m²."""
    rows: list[dict[str, Any]] = []
    for strength in STRENGTHS:
        words = {"region": "beside", "thickness": f"{THICKNESS:g} Å"}
        with nakmd.Trajectory(run("film", folder, strength, words, SIZE, PICOSECONDS)) as trajectory:
            slope, at_one, area = slopes_of(trajectory)
        factor = J_PER_M2_PER_EV_A2 / area
        per_area = mean_with_error(slope * factor, "J/m²")
        energy = mean_with_error((at_one + (strength - 1.0) * slope) * factor, "J/m²")
        rows.append(
            {"screening": strength, "slope": per_area.value, "slope_error": per_area.error,
             "cross_energy": -energy.value, "cross_energy_error": energy.error}
        )  # fmt: skip
        print(rows[-1], flush=True)
    x = np.array([row["screening"] for row in rows])
    y, dy = np.array([row["slope"] for row in rows]), np.array([row["slope_error"] for row in rows])
    for k, row in enumerate(rows):
        # trapezoidal rule; errors at different strengths are independent
        weights = np.zeros(len(x))
        weights[k:-1] += 0.5 * np.diff(x[k:])
        weights[k + 1 :] += 0.5 * np.diff(x[k:])
        row["work"], row["work_error"] = float(weights @ y), float(np.sqrt(weights**2 @ dy**2))
    return rows


def droplets(folder: Path) -> list[dict[str, Any]]:
    """Return contact angles [degree] of droplets on a sheet."""
    rows = []
    for strength in DROPLETS:
        words = {"region": "droplet", "atoms": 400, "contact_angle": "90 deg"}
        with nakmd.Trajectory(run("droplet", folder, strength, words, 65.0, DROPLET_PICOSECONDS)) as trajectory:
            try:
                found = nakmd.analysis.contact_angle(trajectory)
                rows.append({"screening": strength, "angle": found.value, "error": found.error})
            except nakmd.errors.AnalysisError as error:
                rows.append({"screening": strength, "angle": None, "why": str(error)})
        print(rows[-1], flush=True)
    return rows


def draw(results: dict[str, Any], path: Path) -> None:
    """Write the figure: work of adhesion and contact angle against the screening strength."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.8), layout="constrained")
    films, gamma = results["films"], results["tension_mN_per_m"][0]
    x = [row["screening"] for row in films]
    left.errorbar(x, [1e3 * row["work"] for row in films], [1e3 * row["work_error"] for row in films], marker="o",
                  label="work of adhesion")  # fmt: skip
    left.plot(x, [1e3 * row["cross_energy"] for row in films], "s--", color="0.6", label="energy of the pairs")
    for factor, word in ((2.0, "2γ: spreads above"), (1.0, "γ: 90°")):
        left.axhline(factor * gamma, color="0.4", ls=":", lw=1)
        left.annotate(word, (0.0, factor * gamma), textcoords="offset points", xytext=(2, 3), fontsize="small")
    left.set(xlabel="screening", ylabel="mJ/m²")
    right.plot(x, [row["angle"] for row in films], "o-", label="from W and γ (Young, Dupré)")
    seen = [row for row in results["droplets"] if row["angle"] is not None]
    right.errorbar([row["screening"] for row in seen], [row["angle"] for row in seen], [row["error"] for row in seen],
                   fmt="s", label="droplets of 400 atoms")  # fmt: skip
    flat = [row["screening"] for row in results["droplets"] if row["angle"] is None]
    if flat:
        right.plot(flat, [0.0] * len(flat), "v", color="C1", label="droplets that cover the sheet, or leave it")
    right.set(xlabel="screening", ylabel="contact angle / degree", ylim=(-8.0, 185.0))
    for axis in (left, right):
        axis.axvline(1.0, color="C3", lw=0.8)
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=130)


def main(directory: str = "runs/wetting") -> None:
    """Run the missing simulations and write the results."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    gamma = tension(folder)
    print(f"tension {gamma}", flush=True)
    rows = sweep(folder)
    for row in rows:
        ratio = 1e3 * row["work"] / gamma.value
        row["work_over_tension"] = ratio
        row["angle"] = float(np.degrees(np.arccos(np.clip(ratio - 1.0, -1.0, 1.0))))
    results = {
        "model": MODEL, "x_K": X_K, "temperature": TEMPERATURE, "tension_mN_per_m": [gamma.value, gamma.error],
        "films": rows, "droplets": droplets(folder),
    }  # fmt: skip
    (HERE / "wetting.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    draw(results, HERE / "wetting.png")


if __name__ == "__main__":
    main(*sys.argv[1:2])
