"""``nakmd analyze``: quantities of a stored trajectory, with error bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperArgument, TyperCommand

from nakmd.cli.guard import EXIT_BAD_INPUT, complain
from nakmd.errors import InputError

if TYPE_CHECKING:
    from nakmd.analysis import FrameOptions
    from nakmd.deck.deck import Deck

#: Atoms times frames above which several processes pay off by default: 30 s of work against a few s of start-up.
LONG = 3_000_000


class AnalyzeCommand(TyperCommand):
    """Command whose help lists every quantity.

    The list is built when the help is shown, because `nakmd.analysis` is slow to import.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, including the list of quantities."""
        self.list_quantities()
        super().format_help(ctx, formatter)

    def list_quantities(self) -> None:
        """Complete the help by every quantity."""
        from nakmd.analysis import QUANTITIES, on_request, quantity

        standard = [name for name in QUANTITIES if name not in on_request()]
        for parameter in self.params:
            if isinstance(parameter, TyperArgument) and parameter.name == "quantities":
                parameter.help = (
                    f"{', '.join(standard)}. Default: all of these that apply to the system. "
                    f"Only on request: {', '.join(on_request())}."
                )
        self.epilog = "\n\n".join(f"{name}: {quantity(name).title}" for name in QUANTITIES)


def analyze(
    trajectory: Annotated[Path, typer.Argument(help="A trajectory, or the directory of a run.")],
    quantities: Annotated[list[str] | None, typer.Argument(help="Quantities to measure.")] = None,
    stages: Annotated[
        list[str] | None,
        typer.Option("--stages", "--stage", help='Stage to measure, repeatable; "all", or "production".'),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help='Leave out all frames before this time of the run, such as "20 ps".')
    ] = None,
    discard: Annotated[
        str | None,
        typer.Option(
            "--discard",
            help='What else to leave out at the beginning: "auto", the detected equilibration; "none"; or a fraction '
            "of the frames.",
        ),
    ] = None,
    surface_energy: Annotated[
        str | None,
        typer.Option(
            "--surface-energy",
            help='Surface energy of the metal in the heat of immersion: "model", "experiment", or "0.09 J/m²".',
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write plots to this directory.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this CSV file.")] = None,
    curves: Annotated[
        Path | None, typer.Option("--curves", help="Write every curve to this directory, each as a CSV file.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, help="Worker processes. Default: 1, or all cores for long trajectories."),
    ] = None,
    memory: Annotated[
        float,
        typer.Option(
            "--memory", min=0.001, help="Memory for atomic paths in GB; beyond it, paths are coarser in time."
        ),
    ] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Measure quantities of a trajectory, each with its error bar.

    By default the frames are those that the deck of the run measures: the production stages, from the end of the
    detected equilibration on. --stage alone keeps the start and the discard of the deck; --start or --discard replaces
    both. So is the surface energy that the heat of immersion subtracts.

    Example: nakmd analyze runs/wet diffusion affinity --discard 0.2
    """
    from nakmd.analysis import analyze as measure
    from nakmd.cli.output import say, show_json
    from nakmd.cli.progress_bars import watch_frames
    from nakmd.cli.result_tables import show_results
    from nakmd.io import Trajectory
    from nakmd.io.contents import TRAJECTORY, trajectory_at
    from nakmd.kernels.jit import available_threads
    from nakmd.results.measure import notes_on_lacking, stored_deck, stored_frame_options
    from nakmd.results.results import Results
    from nakmd.runs.folder import RunFolder
    from nakmd.runs.not_a_run import what_else

    path = trajectory_at(trajectory)
    if path.is_dir():
        raise InputError(
            what_else(path) or f"{path} contains no {TRAJECTORY}. Give a trajectory, or the folder of a run."
        )
    with Trajectory(path) as source:
        if processes is None:
            processes = available_threads() if len(source) * source.n_atoms > LONG else 1
        given, stored = _options(stages, start, discard), stored_frame_options(source)
        if "start" in given or "discard" in given:  # together they replace what the deck leaves out
            stored = {"stages": stored.get("stages")}
        frames: FrameOptions = {**stored, **given}
        energy = _surface_energy(surface_energy, stored_deck(source))
        with watch_frames() as progress:
            records = measure(
                source,
                quantities or None,
                progress=progress,
                processes=processes,
                memory=memory * 1e9,
                surface_energy=energy,
                **frames,
            )
        lacking = notes_on_lacking(source, quantities or None)
    folder = RunFolder(path.parent)
    notes = folder.read_status().get("notes", []) if path == folder.trajectory else []
    results = Results(records, [*notes, *lacking])
    plots = results.plot(plot) if plot is not None else []
    if csv is not None:
        results.to_csv(csv)
    written = [] if curves is None else results.curves_to_csv(curves)
    if as_json:
        show_json({**results.to_dict(), "plots": [str(p) for p in plots], "curves": [str(p) for p in written]})
    else:
        show_results(results)
        for path in plots:
            say(f"plot  {path}")
        for path in written:
            say(f"curve  {path}")
    if not results.records:
        complain("No quantity could be measured; the reasons are listed above.")
        raise typer.Exit(EXIT_BAD_INPUT)


def _surface_energy(given: str | None, deck: Deck | None) -> Literal["model", "experiment"] | float | None:
    """Return the surface energy that was given, else that of the deck."""
    from pydantic import ValidationError

    from nakmd.deck.schema import ImmersionSection

    if given is None:
        return None if deck is None else deck.analysis.immersion.chosen
    try:
        return ImmersionSection.model_validate({"surface_energy": given}).chosen
    except ValidationError as error:
        raise InputError(f"--surface-energy {given}: {error.errors()[0]['msg']}") from None


def _options(stages: list[str] | None, start: str | None, discard: str | None) -> FrameOptions:
    """Return the options that were given."""
    from nakmd.deck.quantities import DURATION, QuantityError, parse_quantity

    options: FrameOptions = {}
    if stages:
        options["stages"] = stages
    if start is not None:
        try:
            options["start"] = parse_quantity(start, DURATION)
        except QuantityError as error:
            raise InputError(f"--start {start}: {error}") from None
    words: dict[str, Literal["auto", "none"]] = {"auto": "auto", "none": "none"}
    if discard in words:
        options["discard"] = words[discard]
    elif discard is not None:
        try:
            options["discard"] = float(discard)
        except ValueError:
            raise InputError(f"--discard {discard}: write auto, none, or a fraction such as 0.2.") from None
    return options
