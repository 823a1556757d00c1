"""The runs of umbrella windows: each starts from the last frame of another run and is pulled to its centre."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nakmd.analysis.watched_series import rows_of
from nakmd.arrays import FloatArray
from nakmd.deck.deck import Deck
from nakmd.deck.quantities import DURATION, LENGTH, STIFFNESS, format_quantity
from nakmd.deck.source import DeckSource, write_toml
from nakmd.deck.stage_sections import Prepare, Produce
from nakmd.errors import AnalysisError, InputError
from nakmd.io import Trajectory
from nakmd.io.ase_atoms import system_of
from nakmd.potentials.library import takes_doping
from nakmd.runs.folder import RunFolder
from nakmd.runs.potential_builder import concentration_of
from nakmd.runs.session import ProgressReport
from nakmd.simulation.restraining import column_of
from nakmd.simulation.restraints import COORDINATES, Coordinate, CoordinateReference
from nakmd.studies.series import finish
from nakmd.system import System

#: Name of the restraint and of the measured stage of a window.
NAME = "umbrella"

#: Keys of the last stage of a deck that its windows do not take.
OWN_KEYS = ("kind", "name", "steps", "duration", "velocities", "restraint")

#: Frames of the trajectory in one window: they show what happened, and the series is in the thermo table.
FRAMES = 20


class BoundCoordinate(NamedTuple):
    """A coordinate in the system at the end of a run.

    Attributes
    ----------
    coordinate : Coordinate
        With the index of the chosen atom, if it was one of a species.
    reference : CoordinateReference
    side : float
        Sign of the side of the wall on which the atom is; 1 for other coordinates and groups.
    value : float [Å]
    radius : float [Å]
        Of a tube, else 0.
    """

    coordinate: Coordinate
    reference: CoordinateReference
    side: float
    value: float
    radius: float


def template_of(deck: Deck) -> Prepare | Produce:
    """Return the last stage of a deck, from which windows take time step and thermostat.

    Raises
    ------
    InputError
        If it is no dynamics at one temperature, or has restraints.
    """
    last = deck.stage[-1]
    if (
        not isinstance(last, Prepare | Produce)
        or last.temperature is None
        or last.temperature[0] != last.temperature[1]
    ):
        raise InputError(
            "Umbrella windows take thermostat and time step from the last stage of the deck, which must be dynamics at "
            'a constant temperature: [[stage]] kind = "produce", temperature = "450 K".'
        )
    if any(stage.restraint for stage in deck.stage):
        raise InputError("Umbrella windows start from a deck without restraints: each window adds its own.")
    if last.barostat is not None:
        raise InputError("Umbrella windows need a constant cell; remove the barostat from the last stage of the deck.")
    return last


def bind_coordinate(coordinate: Coordinate, run: Path, frozen: Sequence[str], first_centre: float) -> BoundCoordinate:
    """Bind a coordinate to the last frame of a run and choose its atom.

    Raises
    ------
    InputError
        If it does not fit the system.
    """
    with Trajectory(RunFolder(run).trajectory) as trajectory:
        system: System = system_of(trajectory[-1], trajectory.topology)
    movable = np.ones(system.n_atoms, dtype=np.bool_)
    for word in frozen:
        movable[system.topology.select(word)] = False
    reference = coordinate.refer(system)
    atoms, weights, images = coordinate.choose(system, movable, reference, first_centre)
    chosen = (
        coordinate if coordinate.species is None else replace(coordinate, atom=int(atoms[0]), species=None, nearest="")
    )
    place = weights @ (system.positions[atoms] + images @ system.cell.matrix)
    places = reference.places(system.positions, system.cell)
    signed = float(reference.shape.signed(place[None], places, reference.weights, system.cell)[0])
    radius = reference.shape.radius(places, reference.weights, system.cell)
    return BoundCoordinate(chosen, reference, 1.0 if signed >= 0.0 else -1.0, abs(signed), radius)


def restraint_table(coordinate: Coordinate, spring: float, centre: float | tuple[float, float]) -> dict[str, Any]:
    """Return a restraint as a table of a deck."""
    kind = next(word for word, kind in COORDINATES.items() if type(coordinate) is kind)
    given = {f.name: getattr(coordinate, f.name) for f in fields(coordinate)}
    given = {k: list(v) if isinstance(v, tuple) else v for k, v in given.items() if v not in (None, "")}
    where = [centre] if isinstance(centre, float) else list(centre)
    written = [format_quantity(value, LENGTH) for value in where]
    return {
        "kind": kind, "name": NAME, **given, "spring": format_quantity(spring, STIFFNESS),
        "centre": written[0] if len(written) == 1 else written,
    }  # fmt: skip


class Windows:
    """The windows of one coordinate over a deck.

    Parameters
    ----------
    source : DeckSource
    bound : BoundCoordinate
        In the last frame of the run of the deck.
    free : Path
        Folder of that run.
    directory : Path
        Parent of the folders of the windows.
    springs : mapping of float to float [eV/Å²]
        Spring of each window by its centre.
    steer, duration : float [ps]
        Time in which the centre moves to its place, and time of measurement.
    """

    def __init__(
        self,
        source: DeckSource,
        bound: BoundCoordinate,
        free: Path,
        directory: Path,
        springs: Mapping[float, float],
        steer: float,
        duration: float,
    ) -> None:
        self._source, self._bound, self._free = source, bound, free
        self._directory, self._springs = directory, springs
        self._steer, self._duration = steer, duration
        self._deck = Deck.from_source(source)
        self._timestep = template_of(self._deck).outer_step

    def folder(self, centre: float) -> Path:
        """Return the folder of the window with this centre."""
        return self._directory / f"window-{centre:.3f}"

    def run(
        self, centres: Sequence[float], threads: int | None = None, progress: ProgressReport | None = None
    ) -> list[Path]:
        """Run the windows in this order, each from the last frame of the nearest one before it; return their folders.

        Raises
        ------
        InputError
            If a folder holds a run of another deck.
        RunError
            If a run was interrupted. The same call resumes it.
        """
        done: list[float] = []
        for centre in centres:
            before = min(done, key=lambda other: abs(other - centre)) if done else None
            deck = self.deck(centre, before)
            finish(deck, self.folder(centre), f"of the window at {centre:g} Å", threads, progress)
            done.append(centre)
        return [self.folder(centre) for centre in centres]

    def deck(self, centre: float, before: float | None) -> DeckSource:
        """Return the deck of a window that starts from the window ``before``, or from the free run."""
        source = self._free if before is None else self.folder(before)
        path = os.path.relpath(RunFolder(source).trajectory.resolve(), self._source.folder.resolve())
        start = self._bound.value if before is None else before
        data: dict[str, Any] = copy.deepcopy(self._source.data)
        template = {key: value for key, value in data["stage"][-1].items() if key not in OWN_KEYS}
        data["structure"] = {"file": {"path": Path(path).as_posix()}}
        data["stage"] = [
            self._stage(template, "equilibrate", "steer", self._steer, centre, start),
            self._stage(template, "produce", NAME, self._duration, centre),
        ]
        data["title"] = f"{data.get('title') or 'umbrella'}: {self._bound.coordinate.words} at {centre:g} Å"
        steps = round(self._duration / self._timestep)
        data["output"] = {**data.get("output", {}), "trajectory_every": max(1, steps // FRAMES)}
        data["analysis"] = {"quantities": ["thermo"]}
        self._state_doping(data)
        return DeckSource.parse(write_toml(data), f"window at {centre:g} Å", self._source.folder)

    def _stage(
        self,
        template: Mapping[str, Any],
        kind: str,
        name: str,
        duration: float,
        centre: float,
        start: float | None = None,
    ) -> dict[str, Any]:
        where = centre if start is None else (start, centre)
        restraint = restraint_table(self._bound.coordinate, self._springs[centre], where)
        own = {"kind": kind, "name": name, "duration": format_quantity(duration, DURATION)}
        return {**own, **template, "restraint": [restraint]}

    def _state_doping(self, data: dict[str, Any]) -> None:
        """State the graphitic nitrogen of the wall, which the model takes from the structure of the deck."""
        model = self._deck.model
        doping = concentration_of(model, self._deck.structure)
        if (
            model.potential is not None
            and doping is not None
            and takes_doping(str(model.potential), self._source.folder)
        ):
            data["model"]["doping"] = doping


def window_series(folder: Path) -> FloatArray:
    """Return the coordinate [Å] in the measured stage of a window.

    Raises
    ------
    AnalysisError
        If the run has no such stage.
    """
    with Trajectory(RunFolder(folder).trajectory) as trajectory:
        table = trajectory.thermo
        rows = rows_of(table, (NAME,))
        if column_of(NAME) not in table or not len(rows):
            raise AnalysisError(f"{folder} is no run of an umbrella window: its thermo table has no {column_of(NAME)}.")
        return np.asarray(table[column_of(NAME)], dtype=np.float64)[rows]
