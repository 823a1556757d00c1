"""The page itself: gathers the parts of a report and fills the template."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nakmd._version import __version__
from nakmd.analysis.drive import chosen_stages
from nakmd.deck.deck import Deck
from nakmd.deck.stage_names import measured_stages
from nakmd.errors import DeckError, InputError
from nakmd.io import Trajectory
from nakmd.io.atomic import write_atomically
from nakmd.report import tables
from nakmd.report.citations import cite_methods, cite_potentials
from nakmd.report.figures import picture, plot_thermo, settle
from nakmd.report.scene import make_scene, still_view, turning_view
from nakmd.results.measure import measure_stored
from nakmd.results.results import Results, draw
from nakmd.runs.folder import RunFolder

#: Name of the result that has a section of its own: where on the unrolled wall the metal lies.
MAP = "map"


@dataclass(frozen=True)
class Plot:
    """A picture with what is to be said about it.

    Attributes
    ----------
    name : str
    uri : str
        The picture itself.
    notes : tuple of str
    """

    name: str
    uri: str
    notes: tuple[str, ...]


def write_report(directory: str | Path, results: Results | None = None, output: str | Path | None = None) -> Path:
    """Write the page of a run: self-contained, so that it opens without a network and can be sent.

    Parameters
    ----------
    directory : path
        The folder of a run.
    results : Results, optional
        What was measured; measured anew from the trajectory, as its deck says, if left out.
    output : path, optional
        ``report.html`` in the folder if left out.

    Returns
    -------
    Path
        The file written, a little over 5 MB: most of it is plotly's script for the 3D view.

    Raises
    ------
    InputError
        If the folder holds no trajectory.
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
        what = "is not there" if not folder.path.exists() else "holds no trajectory.h5md"
        raise InputError(f"{folder.path} {what}. A report is made of the folder of a run: nakmd report runs/NAME.")
    with Trajectory(folder.trajectory) as trajectory:
        content = _gather(folder, trajectory, results)
    environment = Environment(
        loader=PackageLoader("nakmd.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.loader.get_source(environment, "page.css")[0]  # type: ignore[union-attr]  # given above
    return environment.get_template("page.html").render(style=Markup(style), **content)


def _gather(folder: RunFolder, trajectory: Trajectory, results: Results | None) -> dict[str, Any]:
    """Return everything that the template shows."""
    notes: list[str] = []
    deck = _deck_of(trajectory, notes)
    if results is None:
        results = measure_stored(trajectory, deck)
    if deck is not None:
        measured = [name for name in measured_stages(deck) if name in trajectory.stages]
    else:
        measured = chosen_stages(trajectory.stages, None)
    thermo, n_atoms = trajectory.thermo, trajectory.n_atoms
    settling = settle(thermo, measured)
    history = plot_thermo(thermo, n_atoms, measured, settling)
    plots = _plots(results)
    title = str(trajectory.parameters.get("title") or folder.path.resolve().name)
    return {
        "title": title,
        "version": __version__,
        "written": time.strftime("%Y-%m-%d %H:%M %z"),
        "status": _status(folder),
        "facts": _facts(folder, trajectory),
        "notes": notes + _changed_deck(folder, trajectory),
        "stages": tables.stage_lines(deck, trajectory.stages, thermo, n_atoms, measured),
        "drift_limit": f"{tables.DRIFT_LIMIT:g}",
        "results": tables.result_lines(results),
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
        notes.append("The trajectory holds no deck: it was not made by a run of nakmd.")
        return None
    try:
        return Deck.from_text(trajectory.deck)
    except DeckError as error:
        notes.append(
            f"This version of nakmd does not understand the deck of the run ({error.problems[0]}), so everything that "
            "the atoms allow was measured."
        )
        return None


def _changed_deck(folder: RunFolder, trajectory: Trajectory) -> list[str]:
    if trajectory.deck and folder.difference(trajectory.deck):
        return ["The deck.toml in the folder has been changed since; what was run is shown below."]
    return []


def _status(folder: RunFolder) -> tuple[str, str]:
    """Return one word about the run for the eye, and the whole of it in words."""
    status = folder.read_status()
    if not status:
        return "unknown", "There is no status.json: how the run ended is not known."
    word = str(status.get("status", "unknown"))
    steps = f"at step {status.get('step', 0):,} of {status.get('total_steps', 0):,}"
    if word == "running":
        if folder.busy_process() is not None:
            return "running", f"It was running when this page was written, {steps}."
        return "killed", f"It was killed: the status, last written {steps}, says that it runs, and nothing does."
    ended = {"finished": "It finished", "interrupted": "It was interrupted", "failed": "It failed"}.get(word, word)
    more = f" {status['message']}" if word == "failed" and status.get("message") else ""
    go_on = f" Go on with: nakmd resume {folder.path}" if word == "interrupted" else ""
    return word, f"{ended} {steps}.{more}{go_on}"


def _facts(folder: RunFolder, trajectory: Trajectory) -> list[tuple[str, str]]:
    """Return what the run was, in pairs of words."""
    facts = [("atoms", f"{trajectory.n_atoms:,}: {tables.composition(trajectory.topology)}")]
    if len(trajectory):
        cell = trajectory[-1].cell
        periodic = "".join(letter for letter, repeats in zip("abc", cell.periodic) if repeats) or "nothing"
        lengths = " × ".join(f"{length:.2f}" for length in cell.lengths)
        facts.append(("cell at the end", f"{lengths} Å, repeats along {periodic}"))
        facts.append(("time", f"{trajectory.times[-1] - trajectory.times[0]:.4g} ps"))
    facts.append(("stored", f"{len(trajectory):,} frames, {len(trajectory.thermo.get('step', ())):,} thermo rows"))
    status = folder.read_status()
    if status.get("ns_per_day"):
        threads = status.get("threads", 0)
        where = f" on {threads} thread{'s' if threads > 1 else ''}" if threads else ""
        facts.append(("speed", f"{status['ns_per_day']:.3g} ns/day{where}"))
    if status.get("started"):
        facts.append(("begun", str(status["started"]).replace("T", " ")))
    return facts


def _plots(results: Results) -> list[Plot]:
    """Draw every record that has a plot."""
    found = []
    for name, record in results.records.items():
        figure = draw(record)
        if figure is None:
            continue
        found.append(Plot(name, picture(figure), record.notes))
    return found


def _views(trajectory: Trajectory) -> dict[str, Any]:
    """Return the last frame in three dimensions, for screen and paper."""
    if not len(trajectory) or not trajectory.n_atoms:
        return {"turning": "", "still": "", "scene_note": ""}
    frame = trajectory[-1]
    scene = make_scene(trajectory.topology, frame)
    return {
        "turning": Markup(turning_view(scene)),
        "still": picture(still_view(scene)),
        "scene_note": f"Step {frame.step:,}, {frame.time:.4g} ps. {scene.note}".strip(),
    }
