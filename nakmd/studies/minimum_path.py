"""The path of least energy between two states: a confined climbing-image nudged elastic band on ASE, with guards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import BaseCalculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from ase.geometry import find_mic, get_distances
from ase.mep import NEB
from ase.optimize import FIRE

from nakmd.analysis.base import Record
from nakmd.analysis.plotting import Axes, Figure
from nakmd.analysis.record_curve import RecordCurve
from nakmd.arrays import BoolArray, FloatArray
from nakmd.ase import NakMD
from nakmd.errors import InputError
from nakmd.potentials import Potential, load
from nakmd.studies.path_figure import draw_path
from nakmd.studies.path_guards import PathError, PathLimits, check_drift, check_energies, check_saddle

#: Largest displacement in a step of FIRE [Å]: long steps leave a shallow minimum.
LONGEST_STEP = 0.05

#: Steps between two looks at whether the structure collapses.
LOOK_EVERY = 20

#: Steps of the relaxation of an end, and force [eV/Å] at which the climb begins.
END_STEPS, CLIMB_FROM = 3000, 0.05

#: Depth [eV] of a minimum between the ends from which the path is divided there, and how often parts are divided.
DEPTH, DIVISIONS = 0.006, 2


@dataclass(frozen=True)
class PathSettings:
    """How a band is relaxed.

    Attributes
    ----------
    images : int
        Of each part, with both ends.
    spring : float [eV/Å²]
    end_force, saddle_force : float [eV/Å]
        Largest force on an end, and on the climbing band, at which it has converged.
    steps : int
        Largest number of steps of a band before the climb, and of the climb.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from nakmd.studies import PathSettings
    >>> replace(PathSettings(), images=7).saddle_force
    0.01
    """

    images: int = 9
    spring: float = 0.1
    end_force: float = 1e-3
    saddle_force: float = 0.01
    steps: int = 600


class PathRecord(Record):
    """A path of least energy; the value is its barrier [eV], from the initial state.

    Attributes
    ----------
    reverse : float [eV]
        Barrier from the final state.
    lengths : (n,) float64 [Å]
        Distance along the path, in the space of all atoms.
    energies : (n,) float64 [eV]
        From that of the initial state.
    images : tuple of ase.Atoms
        With energies and forces.
    movers : tuple of int
    force : float [eV/Å]
        Largest force on the saddle.
    mobile : int
        Number of atoms that moved.
    """

    curve_tables = (RecordCurve("energy", {"length [Å]": "lengths"}, {"energy [eV]": "energies"}),)

    reverse: float
    lengths: FloatArray
    energies: FloatArray
    images: tuple[Atoms, ...] = field(repr=False)
    movers: tuple[int, ...]
    force: float
    mobile: int

    @property
    def saddle(self) -> int:
        """Number of the highest image."""
        return int(np.argmax(self.energies))

    def to_dict(self) -> dict[str, Any]:
        """Return all but the images as plain lists, numbers and strings."""
        shown = super().to_dict()
        return {key: value for key, value in shown.items() if key != "images"}

    def write(self, file: str | Path) -> None:
        """Write the images to a file in a format of ASE, such as ``.extxyz``."""
        from ase.io import write  # noqa: PLC0415  (slow to import)

        write(str(file), list(self.images))

    def plot(self, ax: Axes | None = None) -> Figure:
        """Draw the energies along the path, with the structures at both ends and at the saddle."""
        return draw_path(list(self.images), self.lengths, self.energies, self.movers, self.unit, ax)


def path(
    initial: Atoms,
    final: Atoms,
    calculator: BaseCalculator | Potential | str,
    movers: Sequence[int],
    *,
    radius: float | None = None,
    mobile: Sequence[bool] | BoolArray | None = None,
    bump: FloatArray | None = None,
    symmetric: bool = False,
    settings: PathSettings = PathSettings(),
    limits: PathLimits = PathLimits(),  # noqa: B008  (it cannot be changed)
) -> PathRecord:
    r"""Return the path of least energy between two states, and its barrier.

    Parameters
    ----------
    initial, final : ase.Atoms
        The same atoms in the same order; not changed. Atoms that take no part are at the same places in both.
    calculator : ASE calculator, Potential or str
        A potential or its name is computed by `nakmd.ase.NakMD`.
    movers : sequence of int
        The atoms that take part; all others stay near their places, or the path is refused.
    radius : float [Å], optional
        Only atoms within it of the middle between the places of the movers move. The barrier is an upper bound that
        falls with the radius: compare two.
    mobile : (n,) bool, optional
        The atoms that move, instead of a radius. Without either, all do.
    bump : (n, 3) float64 [Å], optional
        Displacement of the first guess at its middle, times sin π s: for a path that the straight line does not find.
    symmetric : bool
        Whether the second half mirrors the first.
    settings : PathSettings
    limits : PathLimits

    Raises
    ------
    InputError
        If the states do not have the same atoms, or a value makes no sense.
    PathError
        If an end does not relax, or a guard (`nakmd.studies.path_guards`) refuses the band, with the image.

    Notes
    -----
    Both ends are relaxed by FIRE. The band starts on the straight line (nearest images), is relaxed with improved
    tangents to 0.05 eV/Å and then with its highest image climbing to ``saddle_force``. Where an image between is lower
    than its neighbours by 6 meV, it is relaxed and the path is divided there, at most twice.

    References
    ----------
    G. Henkelman and H. Jónsson, J. Chem. Phys. 113, 9978 (2000). doi:10.1063/1.1323224
    G. Henkelman, B. P. Uberuaga and H. Jónsson, J. Chem. Phys. 113, 9901 (2000). doi:10.1063/1.1329672

    Examples
    --------
    >>> from ase.build import bulk
    >>> from nakmd.studies import path
    >>> crystal = bulk("Na", cubic=True, a=4.2) * (3, 3, 3)
    >>> hole = crystal.positions[0].copy()
    >>> del crystal[0]
    >>> there = crystal.copy()
    >>> there.positions[0] = hole                            # the nearest neighbour, at a/2 (1, 1, 1)
    >>> hop = path(crystal, there, "nak", [0], radius=7.0)   # doctest: +SKIP
    >>> hop.value                                            # doctest: +SKIP
    """
    _check_states(initial, final, movers, settings)
    engine = _engine(calculator)
    free = _mobile_atoms(initial, final, movers, radius, mobile)
    band = _Band(initial, engine, movers, free, settings, limits)
    first, last = band.relaxed_end(initial, "the initial state"), band.relaxed_end(final, "the final state")
    images = band.between(first, last, bump, DIVISIONS)
    energies = np.array([image.get_potential_energy() for image in images])
    names = names_of(images)
    band.refuse_drift(images)
    check_energies(energies, symmetric, limits, names)
    top = int(np.argmax(energies))
    force = float(np.linalg.norm(images[top].get_forces(), axis=1).max())
    if 0 < top < len(images) - 1:
        check_saddle(force, names[top], limits)
    steps = [_distance(a, b) for a, b in pairwise(images)]
    return PathRecord(
        quantity="barrier",
        value=float(energies[top] - energies[0]),
        error=float("nan"),
        unit="eV",
        n_effective=float("nan"),
        notes=tuple(band.notes),
        reverse=float(energies[top] - energies[-1]),
        lengths=np.concatenate([[0.0], np.cumsum(steps)]),
        energies=energies - energies[0],
        images=tuple(images),
        movers=tuple(int(k) for k in movers),
        force=force,
        mobile=int(free.sum()),
    )


def _engine(calculator: BaseCalculator | Potential | str) -> Callable[[], BaseCalculator]:
    """Return what gives the calculator of a state: of a potential one for each, which keeps its neighbour lists."""
    if isinstance(calculator, BaseCalculator):
        return lambda: calculator
    potential = load(calculator) if isinstance(calculator, str) else calculator
    return lambda: NakMD(potential)


def _check_states(initial: Atoms, final: Atoms, movers: Sequence[int], settings: PathSettings) -> None:
    n = len(initial)
    if n != len(final) or not np.array_equal(initial.numbers, final.numbers):
        raise InputError(f"The two states have {n} and {len(final)} atoms: give the same atoms in the same order.")
    if not np.allclose(initial.cell.array, final.cell.array, atol=1e-9) or any(initial.pbc != final.pbc):
        raise InputError("The two states have different cells: a path has one.")
    wrong = [int(k) for k in movers if not 0 <= k < n]
    if not len(movers) or wrong:
        raise InputError(f"movers is {list(movers)}: give numbers of atoms from 0 to {n - 1} that take part.")
    if settings.images < 3:
        raise InputError(f"A band of {settings.images} images has none between its ends: give 3 or more, such as 9.")


def _mobile_atoms(
    initial: Atoms,
    final: Atoms,
    movers: Sequence[int],
    radius: float | None,
    mobile: Sequence[bool] | BoolArray | None,
) -> BoolArray:
    """Return which atoms move, (n,) bool."""
    n = len(initial)
    if radius is not None and mobile is not None:
        raise InputError("radius and mobile both say which atoms move: give one of them.")
    if mobile is not None:
        chosen = np.asarray(mobile, dtype=np.bool_)
        if chosen.shape != (n,):
            raise InputError(f"mobile has the shape {chosen.shape}; it needs one entry for each of {n} atoms.")
    elif radius is not None:
        ways, _ = find_mic(final.positions - initial.positions, initial.cell, initial.pbc)
        places = initial.positions[list(movers)] + 0.5 * ways[list(movers)]
        first, _ = find_mic(places - places[0], initial.cell, initial.pbc)
        centre = places[0] + first.mean(axis=0)
        _, distances = get_distances(centre[None], initial.positions, cell=initial.cell, pbc=initial.pbc)
        chosen = np.asarray(distances[0] <= radius)
    else:
        chosen = np.ones(n, dtype=np.bool_)
    held = [int(k) for k in movers if not chosen[k]]
    if held:
        raise InputError(f"The atoms {held} take part but may not move: enlarge the radius, or correct mobile.")
    return chosen


def _distance(first: Atoms, second: Atoms) -> float:
    """Return the distance [Å] of two states in the space of all atoms."""
    way, _ = find_mic(second.positions - first.positions, first.cell, first.pbc)
    return float(np.linalg.norm(way))


class _Band:
    """Relaxes states and bands of one set of atoms."""

    def __init__(
        self,
        initial: Atoms,
        engine: Callable[[], BaseCalculator],
        movers: Sequence[int],
        free: BoolArray,
        settings: PathSettings,
        limits: PathLimits,
    ) -> None:
        self._engine, self._settings, self._limits = engine, settings, limits
        self._held = FixAtoms(mask=~free)
        self._places = initial.positions.copy()
        self._is_mover = np.zeros(len(initial), dtype=np.bool_)
        self._is_mover[list(movers)] = True
        distances = initial.get_all_distances(mic=True)
        self._distance = float(distances[distances > 0.0].min()) if len(initial) > 1 else 1.0
        self.notes: list[str] = []

    def refuse_drift(self, images: Sequence[Atoms], names: Sequence[str] = ()) -> None:
        """Raise `PathError` if an atom that takes no part has left its place in one of the images."""
        drifts = np.array([find_mic(a.positions - self._places, a.cell, a.pbc)[1] for a in images])
        check_drift(drifts, self._is_mover, self._distance, self._limits, names or names_of(images))

    def relaxed_end(self, atoms: Atoms, name: str) -> Atoms:
        """Return a state at its minimum; raise `PathError` if it has none near."""
        state = self._prepared(atoms)
        search = FIRE(state, logfile=None, maxstep=LONGEST_STEP)
        search.attach(self.refuse_drift, LOOK_EVERY, [state], [name])
        if not search.run(fmax=self._settings.end_force, steps=END_STEPS):
            force = float(np.linalg.norm(state.get_forces(), axis=1).max())
            raise PathError(
                f"{name.capitalize()} did not relax: the largest force is {force:.3f} eV/Å after {END_STEPS} steps "
                f"(limit {self._settings.end_force:g} eV/Å). Let fewer atoms move, or start nearer to a minimum."
            )
        self.refuse_drift([state], [name])
        return self._kept(state)

    def between(self, first: Atoms, last: Atoms, bump: FloatArray | None, divisions: int) -> list[Atoms]:
        """Return the images from one minimum to another, both included."""
        settings = self._settings
        images = [self._prepared(first) for _ in range(settings.images - 1)] + [self._prepared(last)]
        band = NEB(images, k=settings.spring, method="improvedtangent", climb=False, allow_shared_calculator=True)
        band.interpolate(mic=True, apply_constraint=False)
        if bump is not None:
            for k, image in enumerate(images[1:-1], start=1):
                image.set_positions(
                    image.positions + np.sin(np.pi * k / (len(images) - 1)) * bump, apply_constraint=True
                )
        for climb, force in ((False, CLIMB_FROM), (True, settings.saddle_force)):
            band.climb = climb
            search = FIRE(band, logfile=None, maxstep=LONGEST_STEP)
            search.attach(self._look, LOOK_EVERY, band, first, last)  # a collapsing band would go on for long
            search.run(fmax=force, steps=settings.steps)
        kept = [first, *(self._kept(image) for image in images[1:-1]), last]
        # a band that has left its states is not divided
        self.refuse_drift(kept)
        energies = [image.get_potential_energy() for image in kept]
        check_energies(np.array(energies), False, self._limits, names_of(kept))
        valley = valley_of(energies)
        if valley is None:
            return kept
        if not divisions:
            self.notes.append(f"a minimum at image {valley} of a part that was not divided again")
            return kept
        middle = self.relaxed_end(kept[valley], f"the minimum at image {valley}")
        self.notes.append(
            f"divided at a minimum {middle.get_potential_energy() - first.get_potential_energy():+.4f} eV"
        )
        before = self.between(first, middle, None, divisions - 1)
        return before + self.between(middle, last, None, divisions - 1)[1:]

    def _look(self, band: Any, first: Atoms, last: Atoms) -> None:
        """Raise `PathError` if an image has left its place, or lies below both ends already."""
        self.refuse_drift(band.images)
        energies = np.array([first.get_potential_energy(), *band.energies[1:-1], last.get_potential_energy()])
        check_energies(energies, False, self._limits, names_of(band.images))

    def _prepared(self, atoms: Atoms) -> Atoms:
        state: Atoms = atoms.copy()
        state.set_constraint(self._held)
        state.calc = self._engine()
        return state

    def _kept(self, atoms: Atoms) -> Atoms:
        """Return a copy that holds its energy and forces."""
        energy, forces = atoms.get_potential_energy(), atoms.get_forces(apply_constraint=False)
        state: Atoms = atoms.copy()
        state.calc = SinglePointCalculator(state, energy=energy, forces=forces)
        return state


def names_of(images: Sequence[Atoms]) -> list[str]:
    """Return the name of each image, for messages."""
    return [f"image {k} of {len(images) - 1}" for k in range(len(images))]


def valley_of(energies: Sequence[float]) -> int | None:
    """Return the image of the deepest minimum between the ends of a path, None if none is deeper than 6 meV.

    Parameters
    ----------
    energies : sequence of float [eV]

    Examples
    --------
    >>> valley_of([0.0, 0.2, 0.1, 0.3, 0.0])
    2
    >>> valley_of([0.0, 0.1, 0.2, 0.1, 0.0]) is None
    True
    """
    inner = range(1, len(energies) - 1)
    depths = {k: min(max(energies[:k]), max(energies[k + 1 :])) - energies[k] for k in inner}
    lowest = max(depths, key=lambda k: depths[k], default=None)
    return lowest if lowest is not None and depths[lowest] > DEPTH else None
