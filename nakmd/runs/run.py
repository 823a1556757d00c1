"""Runs a deck into a folder with trajectory, checkpoint, results and figure, and resumes a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nakmd._version import __version__
from nakmd.cell import Cell
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.errors import InputError
from nakmd.io import Trajectory
from nakmd.io.checkpoint import read_checkpoint
from nakmd.kernels.jit import available_threads, nothing_is_compiled, set_threads
from nakmd.potentials import Potential
from nakmd.runs.compile_aside import forces_compiled_aside
from nakmd.runs.folder import RunFolder, difference, free_folder
from nakmd.runs.outcome import Run
from nakmd.runs.plan import make_plan
from nakmd.runs.potential_builder import build_potential
from nakmd.runs.provenance import potential_hash
from nakmd.runs.session import ProgressReport, Session
from nakmd.system import System
from nakmd.toml_lines import KeyPath


def run_deck(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path | None = None,
    threads: int | None = None,
    seed: int | None = None,
    progress: ProgressReport | None = None,
    overwrite: bool = False,
) -> Run:
    """Run a deck from its first stage to its results; parameters, result and errors as in `nakmd.run`, no report."""
    cold = nothing_is_compiled()
    source = deck.source if isinstance(deck, Deck) else deck if isinstance(deck, DeckSource) else DeckSource.read(deck)
    if seed is not None:
        source = source.with_seed(seed)
    folder = RunFolder(Path(directory) if directory is not None else free_folder(Path(source.name).stem))
    plan = make_plan(source, folder.path)
    checked, system, potential = plan.require()
    folder.prepare(source.text, overwrite)
    threads = set_threads(threads or available_threads())
    session = Session(folder, checked, source, system, potential, threads, notes=plan.warnings)
    with forces_compiled_aside(potential, system.species_names, wanted=cold):
        return session.run(progress)


def resume_run(
    directory: str | Path,
    steps: int | None = None,
    threads: int | None = None,
    deck: str | Path | None = None,
    progress: ProgressReport | None = None,
) -> Run:
    """Continue a run from its checkpoint; parameters, result and errors as in `nakmd.resume`, no report."""
    folder = RunFolder(Path(directory))
    if not folder.checkpoint.exists() and not folder.trajectory.exists():
        raise InputError(f"{folder.path} holds no run: no checkpoint and no trajectory. Start a run with `nakmd run`.")
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
    threads = set_threads(threads or available_threads())
    notes = [stored.note] if stored.note else []
    session = Session(folder, checked, source, system, potential, threads, notes, stored, extensions)
    return session.run(progress, steps)


def _refuse_changed_deck(stored: str, path: Path) -> None:
    try:
        now = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path.name == "deck.toml":
            return  # only a copy: the checkpoint contains the deck
        raise InputError(f"There is no deck {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The deck {path} cannot be read: {error}.") from None
    changed = difference(stored, now, "the deck of the run", str(path))
    if changed:
        raise InputError(
            f"The deck has changed since the start of the run, so the run cannot continue:\n{changed}\n"
            "Undo the change, or start a new run with `nakmd run`."
        )


def _same_potential(deck: Deck, source: DeckSource, stored: Mapping[str, Any]) -> Potential:
    """Rebuild the potential and compare it with that of the checkpoint."""
    faults: list[str] = []

    def report(path: KeyPath, what: str) -> None:
        faults.append(what)

    potential = build_potential(deck.model, source.folder, report, deck.structure)
    if potential is None or faults:
        raise InputError("\n".join(faults) or "The model of the run cannot be built.")
    digest = potential_hash(potential)
    if digest != stored["potential_hash"]:
        raise InputError(
            f"The potential has changed since the start of the run: the digest of its parameters was "
            f"{stored['potential_hash'][:16]} and is now {digest[:16]} (nakmd {stored['nakmd']} then, {__version__} "
            "now). Restore the old files, or start a new run."
        )
    return potential
