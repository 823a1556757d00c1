"""The runs of a validation: quantities, states, sizes and lengths."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nakmd.errors import InputError, nearest
from nakmd.potentials import Potential
from nakmd.studies.validation import adsorption, alloy, carbon, cold, liquid, surface
from nakmd.studies.validation.models import covers, digest_for

#: The function that computes a point of each kind.
TASKS: dict[str, Callable[[Potential, Mapping[str, Any], int], dict[str, Any]]] = {
    "cold": cold.measure,
    "alloy": alloy.measure,
    "liquid": liquid.measure,
    "surface": surface.measure,
    "carbon": carbon.measure,
    "adsorption": adsorption.measure,
}

#: Format version of each kind, increased when its computation changes: stored points of another version are recomputed.
FORMATS = {"cold": 1, "alloy": 1, "liquid": 1, "surface": 1, "carbon": 1, "adsorption": 2}

#: Temperature [K] of the enthalpy of mixing, the surfaces and the cells of several sizes.
MIXING_TEMPERATURE = 400.0

#: Compositions: the pure metals, the alloy of the batteries, and that of the mixing enthalpy.
SODIUM, POTASSIUM, EUTECTIC, MIXED = 0.0, 1.0, 0.67, 0.5

#: Groups and their quantities.
GROUPS: dict[str, tuple[str, ...]] = {
    "cold": (),
    "liquid": ("density", "expansion", "diffusion", "viscosity", "rdf"),
    "alloy": ("mixing", "substitution"),
    "surface": ("tension", "segregation"),
    "carbon": (),
    "adsorption": (),
    "sizes": (),
}

#: All groups.
QUANTITIES = tuple(GROUPS)

#: Density and diffusion of Na, K and NaK at 400 K and the enthalpy of mixing: evaluated for each candidate
#: of a fit of the liquid.
LIQUID_QUICK = ("density@400", "diffusion@400", "mixing")


@dataclass(frozen=True)
class Scale:
    """Sizes and lengths of all runs.

    Attributes
    ----------
    temperatures : mapping of float to tuple of float [K]
        Temperatures of the liquid by composition.
    atoms, settle, npt, nvt : int, float [ps]
        Liquid: atoms, and times of equilibration, at zero pressure, at constant volume.
    seeds : int
        Number of independent runs per state.
    film_atoms, film_settle, film_time : int, float [ps]
    sizes : tuple of int
        Atoms of additional cells of NaK at 400 K.
    """

    temperatures: Mapping[float, tuple[float, ...]]
    atoms: int
    settle: float
    npt: float
    nvt: float
    seeds: int
    film_atoms: int
    film_settle: float
    film_time: float
    sizes: tuple[int, ...] = ()


QUICK = Scale(
    temperatures={
        SODIUM: (373.0, 400.0, 573.0),
        POTASSIUM: (338.0, 400.0, 573.0),
        EUTECTIC: (300.0, 400.0, 573.0),
    },
    atoms=432, settle=15.0, npt=150.0, nvt=300.0, seeds=1,
    film_atoms=1000, film_settle=50.0, film_time=300.0,
)  # fmt: skip

FULL = Scale(
    temperatures={
        SODIUM: (373.0, 400.0, 473.0, 573.0),
        POTASSIUM: (338.0, 400.0, 473.0, 573.0),
        EUTECTIC: (300.0, 373.0, 400.0, 473.0, 573.0),
    },
    atoms=686, settle=20.0, npt=200.0, nvt=400.0, seeds=2,
    film_atoms=1500, film_settle=80.0, film_time=400.0,
    sizes=(250, 1458),
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One unit of computation, stored when finished.

    Attributes
    ----------
    key : str
        Unique: ``"liquid/NaK 0.67/400/864/0"``.
    task : str
        Of `TASKS`.
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
            "format": FORMATS[self.task],
            "task": self.task,
            "params": dict(self.params),
            "seed": self.seed(seed),
            "model": digest_for(potential, self.species),
        }
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


class Wanted:
    """The requested quantities.

    Parameters
    ----------
    words : sequence of str
        Groups or quantities (`GROUPS`), optionally with ``@T`` for a single temperature [K].

    Raises
    ------
    InputError
        If a word is unknown.
    """

    def __init__(self, words: Sequence[str]) -> None:
        known = [*GROUPS, *(quantity for group in GROUPS.values() for quantity in group)]
        self._wanted: dict[str, set[float] | None] = {}
        for word in words:
            name, _, at = word.partition("@")
            try:
                temperature = float(at.removesuffix("K")) if at else None
            except ValueError:
                temperature = -1.0
            if name not in known or (temperature is not None and not temperature > 0.0):
                close = nearest(name, known)
                raise InputError(
                    f"There is no quantity {word[:32]!r} to validate."
                    + (f' Did you mean "{close}"?' if close and close != name else "")
                    + f" Choose from {', '.join(known)}; a temperature may follow, as in density@400."
                )
            for quantity in GROUPS.get(name) or (name,):
                temperatures = self._wanted.get(quantity, set())
                if temperature is None or temperatures is None:
                    self._wanted[quantity] = None
                else:
                    self._wanted[quantity] = temperatures | {temperature}

    def __call__(self, quantity: str, temperature: float | None = None) -> bool:
        """Return whether a quantity is requested, at this temperature if one is given."""
        if quantity not in self._wanted:
            return False
        at = self._wanted[quantity]
        return at is None or temperature is None or temperature in at

    def liquid(self, temperature: float) -> bool:
        """Return whether any quantity of the liquid is requested at a temperature."""
        return any(self(quantity, temperature) for quantity in GROUPS["liquid"])


def points_for(potential: Potential, wanted: Wanted, scale: Scale) -> tuple[list[Point], list[Point]]:
    """Return the points of a validation, and those that the model does not cover.

    Parameters
    ----------
    potential : Potential
    wanted : Wanted
    scale : Scale
    """
    points = [*_static(potential, wanted), *_liquid(wanted, scale), *_surface(wanted, scale)]
    points = list({point.key: point for point in points}.values())
    known = [covers(potential, point.species) for point in points]
    return [p for p, k in zip(points, known) if k], [p for p, k in zip(points, known) if not k]


def _static(potential: Potential, wanted: Wanted) -> Iterator[Point]:
    if wanted("cold"):
        for element in ("Na", "K"):
            yield Point(f"cold/{element}", "cold", (element,), {"element": element})
    if wanted("substitution"):
        for solute, host in (("Na", "K"), ("K", "Na")):
            pair = {"solute": solute, "host": host}
            yield Point(f"substitution/{solute} in {host}", "alloy", ("Na", "K"), pair, 4e6)
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
    for x_K, temperatures in scale.temperatures.items():
        for temperature in temperatures:
            ends = x_K in (SODIUM, POTASSIUM) and temperature == MIXING_TEMPERATURE and wanted("mixing")
            if ends or wanted.liquid(temperature):
                yield from _states(x_K, temperature, scale.atoms, scale, scale.nvt)
    if wanted("mixing"):
        yield from _states(MIXED, MIXING_TEMPERATURE, scale.atoms, scale, 0.0)
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
    compositions = [
        *((SODIUM, POTASSIUM) if wanted("tension") else ()),
        *((EUTECTIC,) if wanted("tension") or wanted("segregation") else ()),
    ]
    for x_K in compositions:
        for number in range(scale.seeds):
            params = {
                "x_K": x_K, "temperature": MIXING_TEMPERATURE, "atoms": scale.film_atoms,
                "settle": scale.film_settle, "time": scale.film_time,
            }  # fmt: skip
            key = f"surface/{liquid.name_of(x_K)}/{MIXING_TEMPERATURE:g}/{scale.film_atoms}/{number}"
            yield Point(key, "surface", liquid.species_of(x_K), params, surface.cost(params))
