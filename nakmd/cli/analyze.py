"""``nakmd analyze``: quantities of a stored trajectory, with error bars."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand

from nakmd.cli.guard import EXIT_BAD_INPUT, complain

#: Atoms times frames above which several processes pay off by default: 30 s of work against a few s of start-up.
LONG = 3_000_000


class AnalyzeCommand(TyperCommand):
    """Command whose help lists every quantity.

    The list is built when the help is shown, because `nakmd.analysis` is slow to import.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, including the list of quantities."""
        from nakmd.analysis import QUANTITIES, on_request, quantity

        standard = [name for name in QUANTITIES if name not in on_request()]
        for parameter in self.params:
            if isinstance(parameter, TyperArgument) and parameter.name == "quantities":
                parameter.help = (
                    f"{', '.join(standard)}. Default: all of these that apply to the system. "
                    f"Only on request: {', '.join(on_request())}."
                )
        self.epilog = "\n\n".join(f"{name}: {quantity(name).title}" for name in QUANTITIES)
        super().format_help(ctx, formatter)


def analyze(
    trajectory: Annotated[Path, typer.Argument(help="A trajectory, or the directory of a run.")],
    quantities: Annotated[list[str] | None, typer.Argument(help="Quantities to measure.")] = None,
    stage: Annotated[
        list[str] | None, typer.Option("--stage", help='Stages to measure, or "all". Default: production stages.')
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write plots to this directory.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the table to this CSV file.")] = None,
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
    """Measure quantities of a trajectory, each with its error bar."""
    from nakmd.analysis import analyze as measure
    from nakmd.cli.output import say, show_json
    from nakmd.cli.progress_bars import watch_frames
    from nakmd.cli.result_tables import show_results
    from nakmd.io import Trajectory
    from nakmd.kernels.jit import available_threads
    from nakmd.results.results import Results

    path = trajectory / "trajectory.h5md" if trajectory.is_dir() else trajectory
    with Trajectory(path) as source:
        if processes is None:
            processes = available_threads() if len(source) * source.n_atoms > LONG else 1
        with watch_frames() as progress:
            records = measure(source, quantities or None, stage or None, progress, processes, memory * 1e9)
    results = Results(records)
    plots = results.plot(plot) if plot is not None else []
    if csv is not None:
        results.to_csv(csv)
    if as_json:
        show_json({**results.to_dict(), "plots": [str(p) for p in plots]})
    else:
        show_results(results)
        for path in plots:
            say(f"plot  {path}")
    if not results.records:
        complain("No quantity could be measured; the reasons are listed above.")
        raise typer.Exit(EXIT_BAD_INPUT)
