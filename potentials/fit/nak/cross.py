"""The fit of the functions between Na and K, those of the elements held."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from element import ROOM, SHAPES, UNIT, ElementFit
from features import Features, of_alloy, of_element
from forces import alloy_frames
from functions import Cross, Shape, basis, embedding, nearest, potential, split
from response import Response, of_bulk, of_film
from rounds import Rounds, Settings
from sampling import Run, run_bulk, run_film
from targets import read_targets

from nakmd.arrays import FloatArray
from nakmd.potentials import Potential
from nakmd.structures.crystal import crystal, substitute
from nakmd.structures.liquid import nak_density
from nakmd.studies.relaxation import relaxed
from nakmd.studies.static_crystals import energy_per_atom
from nakmd.studies.validation.cold import lattice_constant
from nakmd.units import K_B

#: Range [Å], wall [eV/Å³] and numbers of polynomials.
SHAPE = Shape(2.7, 7.7, 3.0, 10, 8)
#: States of the liquid: mole fraction of K, temperature [K].
STATES = ((0.67, 300.0), (0.67, 400.0), (0.67, 573.0), (0.67, 700.0), (0.5, 400.0))
#: The measured density is between this fraction of Foust's rule and the rule: the two sources differ by 1.2 %.
DENSITY = 0.995
#: Cubic cells along each direction of the crystal with one solute: 250 atoms.
CELLS = 5


def mean_functions(held: Mapping[str, FloatArray]) -> FloatArray:
    """Return parameters by corresponding states: means at equal r/a of the effective pair potentials and densities."""
    r = np.linspace(SHAPE.start, SHAPE.cutoff, 300)
    a = 0.5 * (ROOM["Na"] + ROOM["K"])
    pair, phi, slopes = np.zeros_like(r), np.zeros_like(r), {}
    for element, theta in held.items():
        shape = SHAPES[element]
        v, p, f = split(shape, theta)
        x = np.minimum(r * ROOM[element] / a, shape.cutoff)
        slopes[element] = float(embedding(f, np.ones(1))[1][0])
        density = basis(shape, x, shape.n_density).value @ p
        pair += 0.5 * (basis(shape, x, shape.n_pair).value @ v + 2.0 * slopes[element] * density)
        phi += 0.5 * UNIT[element] * density
    bare = pair - sum(slopes[e] * phi / UNIT[e] for e in held)
    weight = 1.0 / (0.002 + 0.05 * np.abs(bare))

    flat = np.full(len(r), 500.0)
    return np.concatenate([
        nearest(SHAPE, r, bare, SHAPE.n_pair, weight, 0.1),
        nearest(SHAPE, r, phi / UNIT["Na"], SHAPE.n_density, flat, 0.1),
        nearest(SHAPE, r, phi / UNIT["K"], SHAPE.n_density, flat, 0.1),
    ])  # fmt: skip


def fitted_elements(folder: Path) -> dict[str, FloatArray]:
    """Return the parameters of Na and K from the stored rounds."""
    held = {}
    for element in ("Na", "K"):
        fit = ElementFit(element, read_targets(element), Settings(), folder)
        fit.restore()
        held[element] = fit.best()
    return held


class CrossFit(Rounds):
    """The state of the fit.

    Parameters
    ----------
    held : mapping of str to (n,) float64
        Parameters of Na and K.
    targets : mapping of str to (float, float)
    settings : Settings
    folder : Path
    """

    EVALUATIONS = 30

    def __init__(
        self,
        held: Mapping[str, FloatArray],
        targets: Mapping[str, tuple[float, float]],
        settings: Settings,
        folder: Path,
    ) -> None:
        super().__init__(mean_functions(held), settings, folder)
        self.held, self.targets = dict(held), dict(targets)
        self.grid = np.linspace(SHAPE.start, 0.98 * SHAPE.cutoff, 40)
        self.pair_basis = basis(SHAPE, self.grid, SHAPE.n_pair)
        self.density_basis = basis(SHAPE, self.grid, SHAPE.n_density)
        self.slopes = {e: float(embedding(split(SHAPES[e], t)[2], np.ones(1))[1][0]) for e, t in held.items()}
        self.frames = alloy_frames(SHAPE, SHAPES, held)
        self.embeddings = {e: split(SHAPES[e], t)[2] for e, t in held.items()}
        self.pure: dict[str, float] = {}

    def model(self, theta: FloatArray) -> Potential:
        """Return the potential of the alloy."""
        v, at_sodium, at_potassium = np.split(theta, [SHAPE.n_pair, SHAPE.n_pair + SHAPE.n_density])
        return potential(SHAPES, self.held, Cross(SHAPE, v, at_sodium, at_potassium))

    def curves(self, theta: FloatArray) -> dict[str, FloatArray]:
        """Return V, both densities with slopes, and the effective pair potential, on the grid."""
        v, at_sodium, at_potassium = np.split(theta, [SHAPE.n_pair, SHAPE.n_pair + SHAPE.n_density])
        densities = self.density_basis.value @ at_sodium, self.density_basis.value @ at_potassium
        pair = self.pair_basis.value @ v + self.slopes["Na"] * densities[0] + self.slopes["K"] * densities[1]
        return {
            "V": self.pair_basis.value @ v, "Na": densities[0], "K": densities[1], "pair": pair,
            "Na slope": self.density_basis.slope @ at_sodium, "K slope": self.density_basis.slope @ at_potassium,
        }  # fmt: skip

    def residuals(self, theta: FloatArray, trust: bool = True) -> FloatArray:
        """Return the weighted residuals, with ``trust`` also the distance from before."""
        out: list[float] = []
        for share, record in zip(self.shares(), self.rounds, strict=True):
            weight = np.sqrt(share)
            for key, response in record["responses"].items():
                name = key.split("@")[0]
                if name not in self.targets:
                    continue
                value, sigma = self.targets[name]
                now = response.at(theta)
                out.append(weight * (now - value) / float(np.hypot(sigma, response.error)))
        fitted = [frame for frame in self.frames if not frame.kept_out]
        sigma = self.targets["force"][1] * np.sqrt(len(fitted))
        for frame in fitted:
            out += list(((frame.model(theta, SHAPE.n_pair, self.embeddings) - frame.forces) / sigma).ravel())
        now, before, first = self.curves(theta), self.curves(self.theta), self.curves(self.first)
        x = self.grid / (0.5 * (ROOM["Na"] + ROOM["K"]))
        tv = 0.0015 + 0.09 * np.exp(-(x - 0.56) / 0.06) + 0.005 * np.exp(-(((x - 0.8) / 0.2) ** 2))
        tp = 0.002 + 0.012 * np.exp(-(((x - 0.7) / 0.3) ** 2))
        out += list((0.1 if trust else 0.0) * (now["pair"] - before["pair"]) / (0.5 * tv))
        out += list(0.15 * (now["pair"] - first["pair"]) / (0.5 * tv))
        for element in ("Na", "K"):
            # V and the densities may change together along the effective pair: the densities must fall everywhere
            slope = now[f"{element} slope"]
            out += list(np.maximum(0.0, slope + 0.001) / 0.004)
            out += list(0.3 * np.maximum(0.0, -slope - 0.2) / 0.1)
            out += list(0.1 * (now[element] - first[element]) / tp)
            out += list(0.5 * np.minimum(0.0, now[element] + 0.0005) / 0.0005)
        out += self.distance(theta, trust)
        for p in np.split(theta[SHAPE.n_pair :], 2):
            # the densities bend upwards there, so that their continuation towards the core stays positive
            out.append(min(0.0, float(self.density_basis.curvature[0] @ p) - 0.02) / 0.02)
        v = theta[: SHAPE.n_pair]
        out.append(min(0.0, float(self.pair_basis.curvature[0] @ v) - 0.3) / 0.3)
        out.append(max(0.0, float(self.pair_basis.slope[0] @ v) + 0.3) / 0.2)
        return np.array(out)

    def features(self, run: Run) -> Features:
        """Return the features of frames of the alloy."""
        return of_alloy(run, SHAPE, SHAPES, self.held, max(s.cutoff for s in (*SHAPES.values(), SHAPE)))

    def evaluate(self, features: Features, theta: FloatArray) -> Any:
        """Return energies, virials and derivatives of the frames."""
        embeddings = [split(SHAPES[e], self.held[e])[2] for e in ("Na", "K")]
        return features.evaluate(theta[: SHAPE.n_pair], theta[SHAPE.n_pair :], embeddings, fitted=False)

    def measure_pure(self, seed: int) -> None:
        """Measure the energies of the pure liquids at 400 K, for the heat of mixing."""
        for element, x_K in (("Na", 0.0), ("K", 1.0)):
            shape, theta = SHAPES[element], self.held[element]
            run = run_bulk(potential({element: shape}, {element: theta}), x_K, 400.0, 432, seed, 5.0, 80.0)
            v, p, f = split(shape, theta)
            made = of_element(run, shape).evaluate(v, p, [f], fitted=True)
            self.pure[element] = float(made.energy.mean()) / 432
        print("pure", self.pure, flush=True)

    def substitution(self, solute: str, host: str, theta: FloatArray) -> Response:
        """Return the energy [eV] of one solute atom, relaxed; by Hellmann and Feynman nothing else moves."""
        model = self.model(theta)
        of = {e: energy_per_atom(model, crystal(e, 1, "bcc", lattice_constant(model, e))) for e in (solute, host)}
        system = substitute(crystal(host, CELLS, "bcc", lattice_constant(model, host)), host, solute, sites=[0])
        free, energy = relaxed(model, system, free_volume=True)
        n = free.n_atoms
        run = Run(free.positions[None], np.asarray(free.cell.lengths), free.species, free.species_names, 0.0)
        made = self.evaluate(self.features(run), theta)
        return Response(theta, energy - (n - 1) * of[host] - of[solute], 0.0, made.of_energy[0])

    def round(self, seed: int) -> None:
        """Measure, solve, store."""
        s, theta = self.settings, self.theta.copy()
        if not self.pure:
            self.measure_pure(seed)
        model = self.model(theta)
        responses, bulk = {}, None
        diffusion: dict[str, list[float]] = {}
        for k, (x_K, temperature) in enumerate(STATES):
            density = DENSITY * nak_density(x_K, temperature)
            run = run_bulk(model, x_K, temperature, s.atoms, seed + k, s.settle, s.time, density)
            features = self.features(run)
            made = self.evaluate(features, theta)
            for name, response in of_bulk(features, made, temperature, theta).items():
                responses[f"{name}@{x_K:g} {temperature:g}"] = response
            diffusion[f"{x_K:g} {temperature:g}"] = [run.diffusion(m) for m in (0, 1)]
            if (x_K, temperature) == (0.67, 400.0):
                bulk = made
                covariance = np.cov(made.of_energy.T) / (K_B * temperature) ** 2
                self.spread = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(theta))).T
        energy = responses["energy@0.5 400"]
        responses["mixing@0.5 400"] = Response(
            theta, energy.value - 0.5 * (self.pure["Na"] + self.pure["K"]), energy.error, energy.gradient
        )
        for solute, host in (("Na", "K"), ("K", "Na")):
            responses[f"{solute} in {host}@0"] = self.substitution(solute, host, theta)
        if s.film_atoms and bulk is not None:
            run = run_film(model, 0.67, 400.0, s.film_atoms, seed + 10, s.settle, s.film_time)
            made = self.evaluate(self.features(run), theta)
            responses["tension@0.67 400"] = of_film(
                made, bulk, s.film_atoms, s.atoms, float(run.lengths[0] ** 2), run.tension, theta
            )
            potassium = run.positions[:, run.species == run.elements.index("K"), 2]
            outer = np.abs(run.positions[..., 2] - run.positions[..., 2].mean(axis=1, keepdims=True))
            edge = np.quantile(outer, 0.85)
            share = (np.abs(potassium - run.positions[..., 2].mean(axis=1, keepdims=True)) > edge).sum() / (
                outer > edge
            ).sum()
            print("   share of K among the outer 15 % of the atoms", round(float(share), 3))
        record = {"theta": theta, "responses": responses, "diffusion": diffusion}
        self.rounds.append(record)
        cost = self.solve()
        print(f"[NaK] round {len(self.rounds)}: cost {cost:.2f}")
        print("   measured", {k: (round(r.value, 4), round(r.error, 4)) for k, r in responses.items()}, "D", diffusion)
        for frame in self.frames:
            print(frame.agreement(frame.model(theta, SHAPE.n_pair, self.embeddings)))
        print("   predicted", {k: round(r.at(self.next), 4) for k, r in responses.items()}, flush=True)
        self.store(record, cost)
        self.theta = self.next

    def store(self, record: dict[str, Any], cost: float) -> None:
        """Write the round as JSON."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = {
            "shape": list(SHAPE), "theta": record["theta"].tolist(), "next": self.next.tolist(), "cost": cost,
            "held": {e: t.tolist() for e, t in self.held.items()}, "pure": self.pure, "diffusion": record["diffusion"],
            "responses": {k: r.to_dict() for k, r in record["responses"].items()}, "spread": self.spread.tolist(),
        }  # fmt: skip
        (self.folder / f"NaK_{len(self.rounds):02d}.json").write_text(json.dumps(text))

    def measured_cost(self, record: dict[str, Any]) -> float:
        """Return the cost of a measured round."""
        kept = self.rounds, self.theta
        self.rounds, self.theta = [record], record["theta"]
        residuals = self.residuals(record["theta"], trust=False)
        self.rounds, self.theta = kept
        return 0.5 * float(residuals @ residuals)

    def restore(self) -> int:
        """Read the stored rounds; return their number."""
        for path in sorted(self.folder.glob("NaK_*.json")):
            text = json.loads(path.read_text())
            responses = {k: Response.of(r) for k, r in text["responses"].items()}
            self.rounds.append(
                {"theta": np.array(text["theta"]), "responses": responses, "diffusion": text["diffusion"]}
            )
            self.theta, self.pure, self.spread = np.array(text["theta"]), text["pure"], np.array(text["spread"])
        return len(self.rounds)
