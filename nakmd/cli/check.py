"""``nakmd check``: validation of a deck and estimates of its run, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nakmd.cli.deck_argument import Settings, as_arguments, read_deck
from nakmd.cli.guard import EXIT_BAD_INPUT, complain
from nakmd.cli.sweep import check_sweep
from nakmd.errors import InputError

if TYPE_CHECKING:
    from nakmd.runs.estimate import Estimate
    from nakmd.runs.plan import Plan


def check(
    deck: Annotated[Path, typer.Argument(help="The deck or sweep file to check; - reads a deck from standard input.")],
    directory: Annotated[
        Path | None, typer.Option("--directory", "-o", help="Directory of the run, to check its free disk space.")
    ] = None,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Validate a deck, build its system and estimate time, memory and file size; runs nothing.

    Of a sweep file, all points are validated, and the one with the most work is built and timed.

    Example: nakmd check wet.toml --set model.member=3
    """
    from nakmd.cli.output import show_json
    from nakmd.deck.source import is_sweep_file
    from nakmd.runs.estimate import estimate
    from nakmd.runs.plan import make_plan

    if is_sweep_file(deck):
        if settings or directory is not None:
            raise InputError(f"{deck} is a sweep file: change its values there; --set and -o are for decks.")
        check_sweep(deck, as_json)
        return
    plan = make_plan(read_deck(deck, settings), directory, announce=announce)
    forecast = estimate(plan) if plan.system is not None and plan.potential is not None and not plan.faults else None
    if as_json:
        show_json(_as_json(plan, forecast))
    else:
        _print(plan, forecast, as_arguments(deck, settings))
    if plan.faults:
        raise typer.Exit(EXIT_BAD_INPUT)


def announce(n_atoms: float, seconds: float) -> None:
    """Say that building takes long, on the error stream, where it does not disturb JSON."""
    from nakmd.cli.output import in_time

    complain(f"Building about {n_atoms:.2g} atoms takes about {in_time(seconds)} ...")


def _as_json(plan: Plan, forecast: Estimate | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"ok": not plan.faults, "faults": plan.faults, "warnings": plan.warnings}
    if forecast is not None:
        answer |= forecast.to_dict()
    return answer


def _print(plan: Plan, forecast: Estimate | None, arguments: str) -> None:
    from nakmd.cli.output import in_time, say, show_table
    from nakmd.errors import in_bytes

    if forecast is not None:
        lengths = " x ".join(f"{length:.2f}" for length in forecast.cell)
        repeats = ", ".join(axis for axis, periodic in zip("abc", forecast.periodic, strict=True) if periodic) or "none"
        say(forecast.title)
        parked = f" ({forecast.n_parked} more are parked)" if forecast.n_parked else ""
        say(f"{forecast.n_atoms} atoms{parked} in {lengths} Å, periodic along {repeats}; seed {forecast.seed}\n")
        species = [[name, str(count), f"{count / forecast.n_atoms:.4f}"] for name, count in forecast.species.items()]
        show_table(["species", "atoms", "fraction"], species)
        say()
        names = list(forecast.species)
        couples = {frozenset((a, b)): how for a, b, how in forecast.coverage}
        matrix = [
            [a, *(couples.get(frozenset((a, b)), "") if k >= j else "" for j, b in enumerate(names))]
            for k, a in enumerate(names)
        ]
        show_table(["coupled by", *names], matrix)
        say()
        closest = [[f"{a}-{b}", f"{distance:.3f} Å"] for a, b, distance in forecast.closest]
        show_table(["closest pair", "distance"], closest)
        say()
        stages = [[s.name, s.kind, str(s.steps), s.time, s.what] for s in forecast.stages]
        show_table(["stage", "kind", "steps", "time", "ensemble"], stages)
        say()
        if forecast.groups:
            say("groups       " + ", ".join(f"{count} {name}" for name, count in forecast.groups.items()))
        if forecast.cutoff > 0.0:  # that of a calculator is not known
            say(f"cutoff       {forecast.cutoff:.2f} Å")
        if forecast.bond is not None:
            say(f"C-C bond     {forecast.bond:.5f} Å without stress in this model")
        say(f"memory       about {in_bytes(forecast.memory)}")
        again = "kept for the run" if forecast.is_kept else "once more at the start of the run"
        say(f"building     {in_time(forecast.build_time)}, {again}")
        known = "not known" if forecast.wall_time is None else f"about {in_time(forecast.wall_time)}"
        say(f"wall time    {known} ({forecast.time_source}); analyses come on top")
        if forecast.faster:
            say(f"faster       {forecast.faster}")
        say(f"trajectory   up to {forecast.n_frames} frames, about {in_bytes(forecast.file_size)}: {forecast.stored}")
        if forecast.measured:
            say(f"measured     {forecast.measured}")
        say(f"thermo       up to {forecast.n_rows} rows")
    for warning in plan.warnings:
        say(f"warning: {warning}")
    if plan.faults:
        for fault in plan.faults:
            complain(fault)
        complain(f"{len(plan.faults)} error{'s' if len(plan.faults) > 1 else ''}; the deck cannot run.")
    else:
        say(f"{plan.source.name} is valid. Run it with: nakmd run {arguments}")
