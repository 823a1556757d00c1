"""The runs of a validation: which points answer the quantities that are wanted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nakmd.elements import MEASURED_CRYSTALS
from nakmd.potentials import Potential
from nakmd.studies.validation import (
    adsorption,
    carbon,
    concentration,
    diffraction,
    free_energy_of_mixing,
    liquid,
    melting,
    pbe_forces,
    solid,
    surface,
)
from nakmd.studies.validation.models import covers, digest_for
from nakmd.studies.validation.point_kinds import KINDS
from nakmd.studies.validation.scales import EUTECTIC, MIXING_TEMPERATURE, MIXTURES, POTASSIUM, SODIUM, Scale
from nakmd.studies.validation.wanted import Wanted

#: Temperature [K] of the lattice constant of the warm crystal.
ROOM = 300.0

#: Share of the time of a crystal that is left out for its equilibration.
SETTLE = 0.1

#: The pure metals by x_K, and the pairs whose two atoms are looked at alone.
PURE = {SODIUM: "Na", POTASSIUM: "K"}
PAIRS = (("Na", "Na"), ("K", "K"), ("Na", "K"))


@dataclass(frozen=True)
class Point:
    """One unit of computation, stored when finished.

    Attributes
    ----------
    key : str
        Unique: ``"liquid/NaK 0.67/400/864/0"``.
    task : str
        Of `KINDS`.
    species : tuple of str
        Species that the result depends on.
    params : dict
    cost : float
        Atom-steps, to estimate times.
    doping : float
        Fraction of graphitic nitrogen in the wall, which the set may depend on.
    """

    key: str
    task: str
    species: tuple[str, ...]
    params: Mapping[str, Any]
    cost: float = 1e6
    doping: float = 0.0

    def seed(self, seed: int) -> int:
        """Return the seed of this point; every point has a different one."""
        digest = hashlib.sha256(f"{seed} {self.key}".encode()).digest()
        return int.from_bytes(digest[:6], "big")

    def digest(self, potential: Potential, seed: int) -> str:
        """Return a digest of everything that the result depends on."""
        inputs = {
            "format": KINDS[self.task].format,
            "task": self.task,
            "params": dict(self.params),
            "seed": self.seed(seed),
            "model": digest_for(potential, self.species),
        }
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def points_for(potential: Potential, wanted: Wanted, scale: Scale) -> tuple[list[Point], list[str]]:
    """Return the points of a validation, and what is left out: points that the model does not cover, missing data.

    Parameters
    ----------
    potential : Potential
    wanted : Wanted
    scale : Scale
    """
    points = [
        *_static(potential, wanted), *_solid(wanted, scale), *_liquid(wanted, scale), *_surface(wanted, scale),
    ]  # fmt: skip
    left_out: list[str] = []
    if wanted("forces"):
        of_frames = list(_forces())
        points += of_frames
        if not of_frames:
            left_out.append(
                f"forces on PBE frames: {pbe_forces.file_of_frames()} is not there, it comes with a checkout"
            )
    points = list({point.key: point for point in points}.values())
    known = [covers(potential, point.species) for point in points]
    beyond = [f"{point.task} of {' '.join(point.species)}" for point, k in zip(points, known) if not k]
    return [point for point, k in zip(points, known) if k], list(dict.fromkeys([*beyond, *left_out]))


def _forces() -> Iterator[Point]:
    file = pbe_forces.file_of_frames()
    for elements in pbe_forces.elements_of_frames(file):
        params = {"elements": list(elements), "file": pbe_forces.digest_of_frames(file)}
        yield Point(f"forces/{''.join(elements)}", "forces", elements, params)


def _solid(wanted: Wanted, scale: Scale) -> Iterator[Point]:
    for x_K, element in PURE.items():
        near = MEASURED_CRYSTALS[element].melting
        warm = {
            "element": element, "cells": scale.crystal_cells, "settle": SETTLE * scale.crystal_time,
            "time": scale.crystal_time,
        }  # fmt: skip
        if wanted("vacancy"):
            yield Point(f"vacancy/{element}", "vacancy", (element,), {"element": element}, 8e6)
        if wanted("lattice"):
            params = {**warm, "temperature": ROOM}
            yield Point(f"lattice/{element}", "lattice", (element,), params, solid.cost(params))
        if wanted("fusion"):
            params = {**warm, "temperature": near, "x_K": x_K}
            yield Point(f"fusion/{element}", "fusion", (element,), params, 3.0 * solid.cost(params))
        if wanted("melting"):
            for number in range(scale.seeds):
                params = {
                    "element": element, "near": near, "cells": list(scale.melting_cells), "time": scale.melting_time,
                }  # fmt: skip
                yield Point(f"melting/{element}/{number}", "melting", (element,), params, melting.cost(params))


def _static(potential: Potential, wanted: Wanted) -> Iterator[Point]:
    if wanted("cold"):
        for element in ("Na", "K"):
            yield Point(f"cold/{element}", "cold", (element,), {"element": element})
    if wanted("substitution"):
        for solute, host in (("Na", "K"), ("K", "Na")):
            atoms = {"solute": solute, "host": host}
            yield Point(f"substitution/{solute} in {host}", "alloy", ("Na", "K"), atoms, 4e6)
    if wanted("extremes"):
        for pair in PAIRS:
            yield Point(f"extremes/{''.join(pair)}", "extremes", tuple(dict.fromkeys(pair)), {"pair": list(pair)}, 4e6)
    if wanted("carbon"):
        nitrogen = covers(potential, ("C", carbon.NITROGEN))
        species = ("C", carbon.NITROGEN) if nitrogen else ("C",)
        yield Point("carbon/graphene", "carbon", species, {"nitrogen": nitrogen})
    if wanted("adsorption"):
        for metal in ("K", "Na"):
            for wall, sites in adsorption.WALLS.items():
                names = adsorption.sheet_for(sites[0]).names
                params = {"metal": metal, "sites": list(sites)}
                doping = adsorption.doping_of(sites[0])
                yield Point(f"adsorption/{metal}/{wall}", "adsorption", (*names, metal), params, 2e6, doping)


def _liquid(wanted: Wanted, scale: Scale) -> Iterator[Point]:
    for x_K in scale.compositions():
        for temperature in scale.densities(x_K):
            whole = temperature in scale.temperatures.get(x_K, ())
            # an enthalpy of mixing needs both pure metals and the mixture
            mixed = wanted("mixing") and temperature == MIXING_TEMPERATURE and x_K in (SODIUM, POTASSIUM, *MIXTURES)
            of_density = wanted("density", temperature) or (x_K not in MIXTURES and wanted("expansion", temperature))
            if mixed or of_density or (whole and wanted.liquid(temperature)):
                yield from _states(x_K, temperature, scale.atoms, scale, scale.nvt if whole else 0.0)
    if wanted("diffraction"):
        for x_K, temperature in diffraction.TEMPERATURES.items():
            params = {
                "x_K": x_K, "temperature": temperature, "atoms": scale.atoms, "settle": scale.settle,
                "time": 0.4 * scale.npt,
            }  # fmt: skip
            key = f"diffraction/{liquid.name_of(x_K)}"
            yield Point(key, "diffraction", liquid.species_of(x_K), params, diffraction.cost(params))
    if wanted("concentration"):
        for x_K, temperature in scale.waves.items():
            for atoms in scale.wave_atoms:
                params = {
                    "x_K": x_K, "temperature": temperature, "atoms": atoms, "settle": scale.wave_settle,
                    "npt": scale.wave_npt, "time": scale.wave_time,
                }  # fmt: skip
                key = f"concentration/{liquid.name_of(x_K)}/{temperature:g}/{atoms}"
                yield Point(key, "concentration", liquid.species_of(x_K), params, concentration.cost(params))
    if wanted("free-energy"):
        for x_K in scale.mixed:
            params = {
                "x_K": x_K, "temperature": MIXING_TEMPERATURE, "atoms": scale.mixed_atoms,
                "settle": scale.mixed_settle, "time": scale.mixed_time,
            }  # fmt: skip
            key = f"free energy/{liquid.name_of(x_K)}/{MIXING_TEMPERATURE:g}"
            yield Point(key, "free energy", ("Na", "K"), params, free_energy_of_mixing.cost(params))
    if wanted("sizes"):
        for atoms in (*scale.sizes, scale.atoms) if scale.sizes else ():
            yield from _states(EUTECTIC, MIXING_TEMPERATURE, atoms, scale, scale.nvt)


def _states(x_K: float, temperature: float, atoms: int, scale: Scale, nvt: float) -> Iterator[Point]:
    for number in range(scale.seeds):
        params = {
            "x_K": x_K, "temperature": temperature, "atoms": atoms,
            "settle": scale.settle, "npt": scale.npt, "nvt": nvt,
        }  # fmt: skip
        key = f"liquid/{liquid.name_of(x_K)}/{temperature:g}/{atoms}/{number}"
        yield Point(key, "liquid", liquid.species_of(x_K), params, liquid.cost(params))


def _surface(wanted: Wanted, scale: Scale) -> Iterator[Point]:
    for x_K, temperatures in scale.films.items():
        for temperature in temperatures:
            if not wanted("tension", temperature) and (x_K in PURE or not wanted("segregation", temperature)):
                continue
            for number in range(scale.seeds):
                params = {
                    "x_K": x_K, "temperature": temperature, "atoms": scale.film_atoms,
                    "settle": scale.film_settle, "time": scale.film_time,
                }  # fmt: skip
                key = f"surface/{liquid.name_of(x_K)}/{temperature:g}/{scale.film_atoms}/{number}"
                yield Point(key, "surface", liquid.species_of(x_K), params, surface.cost(params))
