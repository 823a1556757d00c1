"""Running decks: from words to a folder with trajectory, checkpoint, results and figure; and going on later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nakmd import __version__
from nakmd.cell import Cell
from nakmd.deck.build import build_potential
from nakmd.deck.folder import RunFolder, difference, free_folder
from nakmd.deck.lines import Path as DeckPath
from nakmd.deck.measure import Measuring
from nakmd.deck.plan import make_plan
from nakmd.deck.provenance import describe_run, potential_hash
from nakmd.deck.rates import store_rate
from nakmd.deck.results import Results
from nakmd.deck.schema import Deck
from nakmd.deck.source import DeckSource
from nakmd.deck.stages import build_stages
from nakmd.errors import InputError, RunError
from nakmd.io import Trajectory, TrajectoryWriter
from nakmd.io.checkpoint import read_checkpoint, write_checkpoint
from nakmd.kernels.jit import available_threads, set_threads
from nakmd.simulation import THERMO_UNITS, FrameWriter, Observer, Progress, Simulation, StageReport, Status, ThermoWriter
from nakmd.potentials import Potential
from nakmd.system import System

Report = Callable[[Progress], None]

#: Steps and atoms below which a rate says more about overheads than about the speed of the kernels.
_LEAST_TIMED_STEPS = 1000
_LEAST_TIMED_ATOMS = 1000


@dataclass
class Run:
    """A run that has ended, and where its files are.

    Attributes
    ----------
    directory : Path
    deck : Deck
    status : {"finished", "interrupted"}
    step : int
    stages : list of StageReport
        How each stage ended.
    results : Results
        What was measured; empty after an interruption.
    notes : list of str
        What the user should know.
    us_per_atom_step : float
        Speed at the end.
    """

    directory: Path
    deck: Deck
    status: str
    step: int
    stages: list[StageReport]
    results: Results
    notes: list[str] = field(default_factory=list)
    us_per_atom_step: float = float("nan")

    @cached_property
    def trajectory(self) -> Trajectory:
        """The stored frames."""
        return Trajectory(RunFolder(self.directory).trajectory)

    @property
    def files(self) -> dict[str, Path]:
        """What lies in the folder, by what it is."""
        folder = RunFolder(self.directory)
        known = {
            "trajectory": folder.trajectory,
            "checkpoint": folder.checkpoint,
            "results": folder.results,
            "figure": folder.overview,
            "deck": folder.deck,
        }
        return {name: path for name, path in known.items() if path.exists()}

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain lists, numbers and strings."""
        return {
            "directory": str(self.directory),
            "status": self.status,
            "step": self.step,
            "stages": [vars(stage) for stage in self.stages],
            "us_per_atom_step": None if np.isnan(self.us_per_atom_step) else self.us_per_atom_step,
            "notes": self.notes,
            "files": {name: str(path) for name, path in self.files.items()},
            **self.results.to_dict(),
        }


def run(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path | None = None,
    threads: int | None = None,
    seed: int | None = None,
    progress: Report | None = None,
    overwrite: bool = False,
) -> Run:
    """Run a deck from its first stage to its results.

    Parameters
    ----------
    deck : Deck, DeckSource or path
    directory : path, optional
        For the files of the run; a free one below ``runs`` if left out.
    threads : int, optional
        All cores if left out; the numbers do not depend on it.
    seed : int, optional
        Instead of the deck's.
    progress : callable, optional
        Given a `nakmd.simulation.Progress` about twice a second.
    overwrite : bool
        Whether a run that the folder holds is replaced.

    Returns
    -------
    Run

    Raises
    ------
    DeckError
        With every fault of the deck.
    RunError
        If the run explodes or a disk fails; what was written stays readable.

    Examples
    --------
    >>> import nakmd
    >>> deck = nakmd.Deck(
    ...     model={"potential": "nak"},
    ...     structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 500}},
    ...     stage=[{"kind": "produce", "steps": 1000, "temperature": "450 K"}],
    ... )
    >>> run = nakmd.run(deck, directory="runs/small")      # doctest: +SKIP
    >>> run.results["diffusion K"].value                   # doctest: +SKIP
    0.61
    """
    source = deck.source if isinstance(deck, Deck) else deck if isinstance(deck, DeckSource) else DeckSource.read(deck)
    if seed is not None:
        source = source.with_seed(seed)
    folder = RunFolder(Path(directory) if directory is not None else free_folder(Path(source.name).stem))
    plan = make_plan(source, folder.path)
    checked, system, potential = plan.require()
    potential.prepare(system.species_names)
    folder.prepare(source.text, overwrite)
    threads = set_threads(threads or available_threads())
    session = _Session(folder, checked, source, system, potential, threads, notes=plan.warnings)
    return session.run(progress)


def resume(
    directory: str | Path,
    steps: int | None = None,
    threads: int | None = None,
    deck: str | Path | None = None,
    progress: Report | None = None,
) -> Run:
    """Go on with a run from its checkpoint: the same bits as if it had never stopped.

    Parameters
    ----------
    directory : path
    steps : int, optional
        More steps of the last stage.
    threads : int, optional
    deck : path, optional
        The run is only continued if this deck says what it began with.
    progress : callable, optional

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If there is no run, it is at work, or deck or potential have changed since.
    """
    folder = RunFolder(Path(directory))
    if not folder.checkpoint.exists() and not folder.trajectory.exists():
        raise InputError(f"{folder.path} holds no run: neither checkpoint nor trajectory. Start one with `nakmd run`.")
    folder.refuse_if_busy()
    stored = read_checkpoint(folder.checkpoint)
    text, extensions = str(stored["deck"]), [int(n) for n in stored["extensions"]]
    for path in (folder.deck, *([Path(deck)] if deck is not None else [])):
        _refuse_changed_deck(text, path)
    source = DeckSource.parse(text, str(folder.deck), Path(stored["folder"]))
    checked = Deck.from_source(source)
    potential = _same_potential(checked, source, stored)
    with Trajectory(folder.trajectory) as trajectory:
        topology = trajectory.topology
    state = stored["simulation"]
    system = System(
        state["positions"],
        topology.species,
        topology.species_names,
        Cell(state["cell"], topology.periodic.tolist()),
        state["velocities"],
        topology.masses,
        topology.groups,
    )
    potential.prepare(system.species_names)
    threads = set_threads(threads or available_threads())
    notes = [stored.note] if stored.note else []
    session = _Session(folder, checked, source, system, potential, threads, notes, stored, extensions)
    return session.run(progress, steps)


def _refuse_changed_deck(stored: str, path: Path) -> None:
    try:
        now = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path.name == "deck.toml":
            return  # only a copy: the checkpoint has the deck
        raise InputError(f"There is no deck {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The deck {path} cannot be read: {error}.") from None
    changed = difference(stored, now, "the deck of the run", str(path))
    if changed:
        raise InputError(
            f"The deck has changed since the run began, and the run cannot go on under another one:\n{changed}\n"
            "Undo the change, or start a new run with `nakmd run`."
        )


def _same_potential(deck: Deck, source: DeckSource, stored: Mapping[str, Any]) -> Potential:
    """Build the potential again and compare it with that of the checkpoint."""
    faults: list[str] = []

    def report(path: DeckPath, what: str) -> None:
        faults.append(what)

    potential = build_potential(deck.model, source.folder, report)
    if potential is None or faults:
        raise InputError("\n".join(faults) or "The model of the run cannot be built.")
    digest = potential_hash(potential)
    if digest != stored["potential_hash"]:
        raise InputError(
            f"The potential has changed since the run began: its parameters had the digest "
            f"{stored['potential_hash'][:16]} and now have {digest[:16]} (nakmd {stored['nakmd']} then, {__version__} now). "
            "Bring the old files back, or start a new run."
        )
    return potential


class _Session:
    """One process at work on a run: begins or goes on, keeps the files, measures."""

    def __init__(
        self,
        folder: RunFolder,
        deck: Deck,
        source: DeckSource,
        system: System,
        potential: Potential,
        threads: int,
        notes: list[str],
        stored: Mapping[str, Any] | None = None,
        extensions: list[int] | None = None,
    ) -> None:
        self.folder, self.deck, self.source = folder, deck, source
        self.system, self.potential, self.threads = system, potential, threads
        self.notes = list(notes)
        self.stored = stored
        self.extensions = extensions or []
        self._digest = potential_hash(potential)
        self._pace = float("nan")

    def run(self, progress: Report | None, more_steps: int | None = None) -> Run:
        """Run to the end, or to an interruption."""
        has_velocities = bool(np.any(self.system.velocities))
        if self.stored is not None:
            has_velocities = bool(self.stored["began_with_velocities"])
        self._began_with_velocities = has_velocities
        stages = build_stages(self.deck, has_velocities)
        writer = self._open_trajectory([stage.name for stage in stages])
        try:
            measuring = Measuring(self.deck, self.system.topology)
            output = self.deck.output
            observers: list[Observer] = [
                FrameWriter(writer, output.trajectory_every),
                ThermoWriter(writer, output.thermo_every),
                *measuring.observers,
            ]
            simulation = Simulation(
                self.system,
                self.potential,
                stages,
                observers,
                seed=self.deck.seed,
                checkpoint_every=output.checkpoint_every,
                save=self._save,
                report=lambda p: self._follow(p, progress),
            )
            self._restore(simulation, measuring, more_steps)
            status = self._drive(simulation)
        finally:
            writer.close()
        return self._finish(simulation, status, measuring)

    def _open_trajectory(self, stages: list[str]) -> TrajectoryWriter:
        parameters = {
            "deck": self.source.text,
            "provenance": describe_run(self.deck.seed, self.threads),
            "potentials": {"hash": self._digest, "model": self.potential.describe()},
            "stages": stages,
            "thermo_units": THERMO_UNITS,
            "creator_version": __version__,
            "title": self.deck.title,
        }
        return TrajectoryWriter(
            self.folder.trajectory,
            self.system.topology,
            parameters,
            precision=self.deck.output.precision,
            mode="w" if self.stored is None else "a",
        )

    def _restore(self, simulation: Simulation, measuring: Measuring, more_steps: int | None) -> None:
        for steps in self.extensions:
            simulation.extend(steps)
        if self.stored is not None:
            simulation.restore(self.stored["simulation"])
            self.notes += measuring.catch_up(self.folder.trajectory, simulation.step)
        if more_steps is not None:
            simulation.extend(more_steps)
            self.extensions.append(more_steps)

    def _save(self, state: dict[str, Any]) -> None:
        write_checkpoint(
            self.folder.checkpoint,
            {
                "nakmd": __version__,
                "deck": self.source.text,
                "folder": str(self.source.folder.resolve()),
                "potential_hash": self._digest,
                "provenance": describe_run(self.deck.seed, self.threads),
                "extensions": list(self.extensions),
                "began_with_velocities": self._began_with_velocities,
                "simulation": state,
            },
        )

    def _follow(self, now: Progress, progress: Report | None) -> None:
        self._pace = now.steps_per_second
        self.folder.update(
            step=now.step,
            total_steps=now.total_steps,
            stage=now.stage,
            time_ps=now.time,
            temperature=now.temperature,
            ns_per_day=now.ns_per_day,
            seconds_left=now.seconds_left,
        )
        if progress is not None:
            progress(now)

    def _drive(self, simulation: Simulation) -> Status:
        self.folder.begin(
            {
                "title": self.deck.title,
                "step": simulation.step,
                "total_steps": simulation.total_steps,
                "n_atoms": self.system.n_atoms,
                "threads": self.threads,
                "nakmd": __version__,
            }
        )
        try:
            status = simulation.run()
        except KeyboardInterrupt:
            # the second signal: the last checkpoint is where to go on from
            self.folder.update(force=True, status="interrupted", step=simulation.step)
            raise
        except BaseException as error:
            self.folder.update(force=True, status="failed", step=simulation.step, message=str(error))
            if isinstance(error, RunError):
                raise type(error)(f"{error}\nWhat was written until then is in {self.folder.path}.") from error
            raise
        self.folder.update(force=True, status=status.value, step=simulation.step, seconds_left=0.0)
        return status

    def _finish(self, simulation: Simulation, status: Status, measuring: Measuring) -> Run:
        rate = float("nan")
        if self._pace > 0.0 and self.system.n_atoms:
            rate = 1e6 / (self._pace * self.system.n_atoms)
            if simulation.step >= _LEAST_TIMED_STEPS and self.system.n_atoms >= _LEAST_TIMED_ATOMS:
                store_rate(self.potential, self.threads, rate)
        for report in simulation.reports:
            if report.converged is False:
                self.notes.append(
                    f"Stage {report.name!r} was not relaxed after {report.steps} steps: the largest force is "
                    f"{report.largest_force:.3g} eV/Å. More steps would help, or a larger force tolerance."
                )
        results = Results({})
        if status is Status.FINISHED:
            results = measuring.measure(self.folder.trajectory)
            results.write(self.folder.results)
            results.overview(self.folder.overview, self.deck.title)
        return Run(
            self.folder.path,
            self.deck,
            status.value,
            simulation.step,
            list(simulation.reports),
            results,
            self.notes,
            rate,
        )
