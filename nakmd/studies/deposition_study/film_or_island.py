"""A film of metal against an island of as many atoms on a frozen sheet of carbon: energies at rest."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.elements import CC_BOND
from nakmd.errors import RunError
from nakmd.integrators import Fire
from nakmd.potentials import Potential, evaluate
from nakmd.simulation import Simulation, Stage, Status
from nakmd.structures import dope, graphene
from nakmd.structures.assembly import combine
from nakmd.structures.crystal import LATTICE_CONSTANTS
from nakmd.structures.graphene import RECTANGLE
from nakmd.studies.deposition_study.arrivals_on_walls import NITROGEN, of_frozen_wall
from nakmd.system import System

#: Share of nitrogen of each sheet, by site.
SHEETS: Mapping[str, Mapping[str, float]] = {
    "graphene": {}, "graphene with graphitic N": {"graphitic": NITROGEN},
    "graphene with pyridinic N": {"pyridinic": NITROGEN},
}  # fmt: skip

#: Room above the sheet [Å]: twice what the highest island needs.
VACUUM = 30.0

#: The spread film of each metal: rectangular cells of the sheet, along x and y, of two atoms at hollows. K: (2x2), as
#: in KC8; Na: (√3x√3), because its atoms are nearer to each other.
SPREAD: Mapping[str, tuple[int, int]] = {"K": (2, 2), "Na": (3, 1)}

#: Height of the lowest atoms of a start [Å], and random displacements that break its symmetry.
HEIGHT, SHAKE = 3.0, 0.05

#: Heights of islands over their radii: a half sphere, and a flat cap of about 65°, the angle of the liquid.
ASPECTS = (1.0, 0.6)

#: Largest force [eV/Å] and steps of a relaxation.
FORCE, STEPS = 0.01, 4000


def compare(potential: Potential, sheet: str, metal: str, repeats: tuple[int, int]) -> dict[str, Any]:
    """Return the energies of films and islands of as many atoms, each at the minimum nearest to its start.

    Parameters
    ----------
    potential : Potential
        Covers the metal and the sheet.
    sheet : str
        Of `SHEETS`.
    metal : {"K", "Na"}
    repeats : (int, int)
        Rectangular cells of the sheet, whole numbers of the cells of `SPREAD`. The spread film covers all of it.

    Returns
    -------
    dict
        ``"atoms"``; ``"films"`` and ``"islands"``: energy by name of the start [eV per atom of metal, from the bare
        sheet and separate atoms]; ``"heights"``: mean height above the sheet [Å] by name.

    Raises
    ------
    RunError
        If no film, or no island, relaxes.
    """
    bare = graphene(repeats=repeats, vacuum=VACUUM)
    bare = dope(bare, SHEETS[sheet]) if SHEETS[sheet] else bare
    spread = _spread(metal, repeats)
    n = len(spread)
    record: dict[str, Any] = {"atoms": n, "films": {}, "islands": {}, "heights": {}}
    films = {"spread": spread, "round layer": _nearest(_close_packed(_neighbours(metal)), n, math.inf)}
    starts = [*(("films", *film) for film in films.items()), *(("islands", *island) for island in _islands(metal, n))]
    failed = []
    for kind, name, places in starts:
        try:
            record[kind][name], record["heights"][name] = _relaxed(potential, bare, metal, places)
        except RunError as error:
            failed.append(f"{name}: {error}")
    if not (record["films"] and record["islands"]):
        raise RunError("; ".join(failed))
    return record


def atoms_of(metal: str, repeats: tuple[int, int]) -> int:
    """Return how many atoms the spread film of a metal has on a sheet of some cells."""
    return 2 * math.prod(n // per for n, per in zip(repeats, SPREAD[metal], strict=True))


def _spread(metal: str, repeats: tuple[int, int]) -> FloatArray:
    """Return the places of a commensurate film above a sheet in z = 0 whose cell begins at the origin."""
    cell = RECTANGLE * CC_BOND * SPREAD[metal]
    counts = [n // per for n, per in zip(repeats, SPREAD[metal], strict=True)]
    corners = np.array(list(itertools.product(*(range(count) for count in counts)))) * cell
    plane = np.vstack([corners, corners + 0.5 * cell]) + np.array([0.0, CC_BOND])
    return np.column_stack([plane, np.full(len(plane), HEIGHT)])


def _islands(metal: str, n: int) -> Iterator[tuple[str, FloatArray]]:
    """Yield islands of several layers, by crystal and shape."""
    a, near = LATTICE_CONSTANTS[("bcc", (metal,))], _neighbours(metal)
    # layers of bcc (110) are centred rectangles, each above the middle of a long bridge; of fcc (111) triangles
    bcc = np.array([[a, 0.0, 0.0], [0.5 * a, a / math.sqrt(2.0), 0.0], [0.5 * a, 0.0, a / math.sqrt(2.0)]])
    fcc = near * np.array(
        [[1.0, 0.0, 0.0], [0.5, math.sqrt(0.75), 0.0], [0.5, math.sqrt(1.0 / 12.0), math.sqrt(2.0 / 3.0)]]
    )
    for (name, cell), aspect in itertools.product((("bcc", bcc), ("fcc", fcc)), ASPECTS):
        yield f"{name} island, {aspect:g} of its radius high", _nearest(_lattice(cell), n, aspect)


def _neighbours(metal: str) -> float:
    return math.sqrt(0.75) * LATTICE_CONSTANTS[("bcc", (metal,))]


def _close_packed(distance: float) -> FloatArray:
    flat = distance * np.array([[1.0, 0.0, 0.0], [0.5, math.sqrt(0.75), 0.0], [0.0, 0.0, 1.0]])
    lattice = _lattice(flat)
    return np.asarray(lattice[lattice[:, 2] < 0.5 * distance])


def _lattice(cell: FloatArray) -> FloatArray:
    """Return lattice points about the origin, none below it."""
    numbers = np.array(list(itertools.product(range(-16, 17), range(-16, 17), range(12))))
    return np.asarray(numbers @ cell)


def _nearest(points: FloatArray, n: int, aspect: float) -> FloatArray:
    """Return the n points nearest to the origin, with heights stretched by 1/aspect, lifted above the sheet."""
    stretched = points / [1.0, 1.0, aspect]
    chosen = points[np.argsort((stretched**2).sum(axis=1), kind="stable")[:n]]
    return np.asarray(chosen + np.array([0.0, 0.0, HEIGHT]))


def _relaxed(potential: Potential, bare: System, metal: str, places: FloatArray) -> tuple[float, float]:
    """Return energy [eV per atom] and mean height [Å] of metal that relaxes on a frozen sheet in z = 0."""
    floor = float(bare.positions[:, 2].max())
    shaken = places + np.random.default_rng(0).normal(0.0, SHAKE, places.shape)
    shaken[:, 2] += floor
    atoms = System(shaken, np.zeros(len(places), dtype=int), [metal], bare.cell)
    system = combine([bare, atoms], bare.cell)
    frozen = of_frozen_wall(potential, system)
    simulation = Simulation(system, frozen, [Stage("relax", Fire(FORCE), STEPS, frozen=("carbon",))])
    if simulation.run() is Status.INTERRUPTED:
        raise KeyboardInterrupt
    report = simulation.reports[0]
    if not report.converged:
        raise RunError(f"largest force {report.largest_force:.2g} eV/Å after {STEPS} steps")
    # the terms of the sheet alone are left out, so that only its metal has energy
    far = System(np.array([[0.0, 0.0, floor + VACUUM]]), np.zeros(1, dtype=int), [metal], bare.cell)
    alone = evaluate(frozen, combine([bare, far], bare.cell)).energy
    energy = evaluate(frozen, system).energy / len(places) - alone
    height = float((system.positions[bare.n_atoms :, 2] - floor).mean())
    return energy, height
