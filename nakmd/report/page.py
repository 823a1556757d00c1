"""The page: collects the parts of a report and renders the template."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from nakmd._version import __version__
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.frame_source import chosen_stages
from nakmd.deck.deck import Deck
from nakmd.deck.stage_names import measured_stages
from nakmd.errors import AnalysisError, DeckError, InputError
from nakmd.io import Trajectory
from nakmd.io.atomic import write_atomically
from nakmd.io.trajectory import notes_on_atoms
from nakmd.report import tables
from nakmd.report.citations import cite_methods, cite_potentials
from nakmd.report.figures import picture, plot_thermo
from nakmd.report.headlines import answers
from nakmd.report.page_template import fill_template
from nakmd.report.scene import make_scene, still_view, turning_view
from nakmd.results.measure import frame_options, measure_stored
from nakmd.results.results import Results, draw, quantity_of
from nakmd.runs.folder import RunFolder
from nakmd.runs.not_a_run import what_else

#: Name of the result with a separate section: the density of the metal on the unrolled wall.
MAP = "map"


class Plot(NamedTuple):
    """A plot with its notes.

    Attributes
    ----------
    name, heading, uri : str
        Name of the result, what it is in words, and the image as a data URI.
    notes : tuple of str
    """

    name: str
    heading: str
    uri: str
    notes: tuple[str, ...]


def write_report(directory: str | Path, results: Results | None = None, output: str | Path | None = None) -> Path:
    """Write the page of a run: one self-contained file that opens offline.

    Parameters
    ----------
    directory : path
        The directory of a run.
    results : Results, optional
        Results to show. Default: the quantities of the deck, measured again from the trajectory.
    output : path, optional
        Default: ``report.html`` in the directory.

    Returns
    -------
    Path
        The file written, a little over 5 MB, most of it the script of plotly for the 3D view.

    Raises
    ------
    InputError
        If the directory holds no trajectory.
    FileFormatError
        If the trajectory is truncated or damaged.
    RunError
        If the page cannot be written.
    """
    path = Path(output) if output is not None else RunFolder(Path(directory)).report
    write_atomically(path, render_report(directory, results).encode(), sync=False)
    return path


def render_report(directory: str | Path, results: Results | None = None) -> str:
    """Return the page of a run as HTML; parameters and errors as in `write_report`."""
    folder = RunFolder(Path(directory))
    if not folder.trajectory.is_file():
        problem = "does not exist" if not folder.path.exists() else "contains no trajectory.h5md"
        ordinary = f"{folder.path} {problem}. Give the directory of a run: nakmd report runs/NAME."
        raise InputError(what_else(folder.path) or ordinary)
    with Trajectory(folder.trajectory) as trajectory:
        content = _gather(folder, trajectory, results)
    return fill_template("nakmd.report", "page.html", **content)


def _gather(folder: RunFolder, trajectory: Trajectory, results: Results | None) -> dict[str, Any]:
    """Return the variables of the template."""
    notes: list[str] = []
    deck = _deck_of(trajectory, notes)
    status = folder.read_status()
    if results is None:
        results = measure_stored(trajectory, deck, status.get("notes", []))
    if deck is not None:
        measured = [name for name in measured_stages(deck) if name in trajectory.stages]
    else:
        measured = chosen_stages(trajectory.stages, None)
    thermo, n_atoms = trajectory.thermo, trajectory.topology.whole.n_atoms
    choice = _choice(trajectory, deck)
    settling = choice.settlings if choice is not None else ()
    history = plot_thermo(thermo, n_atoms, measured, choice.first if choice is not None else -math.inf)
    plots = _plots(results)
    title = str(trajectory.parameters.get("title") or folder.path.resolve().name)
    return {
        "title": title,
        "version": __version__,
        "written": time.strftime("%Y-%m-%d %H:%M %z"),
        "status": _status(folder, results),
        "facts": _facts(folder, trajectory),
        "notes": [*notes, *_changed_deck(folder, trajectory), *results.general_notes],
        "unsettled": results.unsettled,
        "stages": tables.stage_lines(deck, trajectory.stages, thermo, n_atoms, measured),
        "drift_limit": f"{tables.DRIFT_LIMIT:g}",
        "answers": answers(results),
        "results": tables.result_groups(results),
        "failures": results.failures,
        "measured": measured,
        "history": picture(history) if history is not None else "",
        "settling": settling,
        **_views(trajectory),
        "map": next((plot for plot in plots if plot.name == MAP), None),
        "plots": [plot for plot in plots if plot.name != MAP],
        "deck": trajectory.deck.strip(),
        "provenance": tables.provenance_lines(trajectory.provenance),
        "potentials": tables.potential_lines(trajectory.potentials),
        "potential_hash": str(trajectory.potentials.get("hash", "")),
        "sources": cite_potentials(trajectory.potentials.get("model", {})),
        "methods": cite_methods(deck, list(results.records)),
    }


def _deck_of(trajectory: Trajectory, notes: list[str]) -> Deck | None:
    if not trajectory.deck:
        notes.append("The trajectory contains no deck: it was not written by a run of nakmd.")
        return None
    try:
        return Deck.from_text(trajectory.deck)
    except DeckError as error:
        notes.append(
            f"This version of nakmd cannot read the deck of the run ({error.problems[0]}), so all quantities that "
            "apply to the system were measured."
        )
        return None


def _choice(trajectory: Trajectory, deck: Deck | None) -> FrameChoice | None:
    """Return the frames of the results; None if nothing is measured."""
    if deck is not None and not measured_stages(deck):
        return None
    try:
        return FrameChoice.of(trajectory, **(frame_options(deck) if deck is not None else {}))
    except AnalysisError:
        return None


def _changed_deck(folder: RunFolder, trajectory: Trajectory) -> list[str]:
    if trajectory.deck and folder.difference(trajectory.deck):
        return ["deck.toml in the directory has been changed since the run; the deck that was run is shown below."]
    return []


def _status(folder: RunFolder, results: Results) -> tuple[str, str]:
    """Return the status of the run as one word, and as a sentence."""
    status = folder.read_status()
    if not status:
        return "unknown", "There is no status.json, so the final state of the run is unknown."
    word = str(status.get("status", "unknown"))
    steps = f"at step {status.get('step', 0):,} of {status.get('total_steps', 0):,}"
    if word in ("running", "starting"):
        if folder.is_busy:
            return "running", f"It was running when this page was written, {steps}."
        return (
            "killed",
            f"It was killed: status.json, last written {steps}, says that it is running, but its process is gone.",
        )
    if word == "finished" and results.verdict == "unsettled":
        return "unsettled", f"It finished {steps}, but had not settled: these results are not those of an equilibrium."
    ended = {"finished": "It finished", "interrupted": "It was interrupted", "failed": "It failed"}.get(word, word)
    cause = f" {status['message']}" if word == "failed" and status.get("message") else ""
    hint = f" Continue with: nakmd resume {folder.path}" if word == "interrupted" else ""
    return word, f"{ended} {steps}.{cause}{hint}"


def _facts(folder: RunFolder, trajectory: Trajectory) -> list[tuple[str, str]]:
    """Return the main facts of the run, as pairs of name and text."""
    whole = trajectory.topology.whole
    facts = [("atoms", f"{whole.n_atoms:,}: {tables.composition(whole)}")]
    if trajectory.topology.run is not None:
        facts.append(("atoms stored", f"{trajectory.n_atoms:,}: {tables.composition(trajectory.topology)}"))
    if named := tables.group_sizes(whole):
        facts.append(("groups", named))
    if len(trajectory):
        cell = trajectory[-1].cell
        periodic = "".join(letter for letter, repeats in zip("abc", cell.periodic) if repeats) or "none"
        lengths = " × ".join(f"{length:.2f}" for length in cell.lengths)
        facts.append(("final cell", f"{lengths} Å, periodic along {periodic}"))
        facts.append(("time", f"{trajectory.times[-1] - trajectory.times[0]:.4g} ps"))
    facts.append(("stored", f"{len(trajectory):,} frames, {len(trajectory.thermo.get('step', ())):,} thermo rows"))
    if trajectory.storage is not None:
        facts.append(("frames", trajectory.storage.text))
    status = folder.read_status()
    if where := _where(status):
        facts.append(("ran on", where))
    if status.get("ns_per_day"):  # A run that ended before its speed was measured has none.
        facts.append(("speed", f"{status['ns_per_day']:.3g} ns/day"))
    if status.get("started"):
        facts.append(("started", str(status["started"]).replace("T", " ")))
    return facts


def _where(status: Mapping[str, Any]) -> str:
    """Return on what the run made its steps; empty if the status does not say it."""
    engine = str(status.get("engine", ""))
    number, noun = (status.get("ranks", 0), "rank") if engine else (status.get("threads", 0), "thread")
    if not number:
        return ""
    return f"{number} {noun}{'s' if number > 1 else ''}" + (f" of {engine}" if engine else "")


def _plots(results: Results) -> list[Plot]:
    """Plot every result that has a plot."""
    plots = []
    for name, record in results.records.items():
        figure = draw(record)
        if figure is None:
            continue
        plots.append(Plot(name, _heading(name), picture(figure), record.notes))
    return plots


def _heading(name: str) -> str:
    """Return the title of a result: what its quantity is, and of what."""
    heading = tables.heading_of(name)
    if quantity_of(name) is None:
        return heading
    of_what = " ".join(name.split()[1:])
    return heading.partition(":")[0].partition(" (")[0] + (f": {of_what}" if of_what else "")


def _views(trajectory: Trajectory) -> dict[str, Any]:
    """Return the 3D views of the last frame, for screen and print."""
    if not len(trajectory) or not trajectory.n_atoms:
        return {"turning": "", "still": "", "scene_note": ""}
    frame = trajectory[-1]
    scene = make_scene(trajectory.topology, frame)
    return {
        "turning": Markup(turning_view(scene)),
        "still": picture(still_view(scene)),
        "scene_note": " ".join(
            [f"Step {frame.step:,}, {frame.time:.4g} ps.", *notes_on_atoms(trajectory), scene.note]
        ).strip(),
    }
