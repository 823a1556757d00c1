"""``nakmd check``: everything that can be known of a deck before its first step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nakmd.cli.guard import EXIT_BAD_INPUT, complain

if TYPE_CHECKING:
    from nakmd.runs.estimate import Estimate
    from nakmd.runs.plan import Plan


def check(
    deck: Annotated[Path, typer.Argument(help="The deck to check.")],
    directory: Annotated[
        Path | None, typer.Option("--directory", "-o", help="Where the run will write, for the free disk.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Validate a deck, build its system and say what a run would be; runs nothing."""
    from nakmd.cli.output import show_json
    from nakmd.deck.source import DeckSource
    from nakmd.runs.estimate import estimate
    from nakmd.runs.plan import make_plan

    plan = make_plan(DeckSource.read(deck), directory)
    found = estimate(plan) if plan.system is not None and plan.potential is not None and not plan.faults else None
    if as_json:
        show_json(_as_json(plan, found))
    else:
        _print(plan, found)
    if plan.faults:
        raise typer.Exit(EXIT_BAD_INPUT)


def _as_json(plan: Plan, found: Estimate | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"ok": not plan.faults, "faults": plan.faults, "warnings": plan.warnings}
    if found is not None:
        answer |= found.to_dict()
    return answer


def _print(plan: Plan, found: Estimate | None) -> None:
    from nakmd.cli.output import in_bytes, in_time, say, show_table

    if found is not None:
        lengths = " x ".join(f"{length:.2f}" for length in found.cell)
        repeats = ", ".join(axis for axis, periodic in zip("abc", found.periodic, strict=True) if periodic) or "nowhere"
        say(f"{found.title}\n{found.n_atoms} atoms in {lengths} Å, periodic along {repeats}; seed {found.seed}\n")
        species = [[name, str(count), f"{count / found.n_atoms:.4f}"] for name, count in found.species.items()]
        show_table(["species", "atoms", "fraction"], species)
        say()
        names = list(found.species)
        couples = {frozenset((a, b)): how for a, b, how in found.coverage}
        matrix = [
            [a, *(couples.get(frozenset((a, b)), "") if k >= j else "" for j, b in enumerate(names))]
            for k, a in enumerate(names)
        ]
        show_table(["coupled by", *names], matrix)
        say()
        closest = [[f"{a}-{b}", f"{distance:.3f} Å"] for a, b, distance in found.closest]
        show_table(["closest pair", "distance"], closest)
        say()
        stages = [[s.name, s.kind, str(s.steps), s.time, s.what] for s in found.stages]
        show_table(["stage", "kind", "steps", "time", "ensemble"], stages)
        say()
        say(f"cutoff       {found.cutoff:.2f} Å")
        say(f"memory       about {in_bytes(found.memory)}")
        say(f"wall time    about {in_time(found.wall_time)} ({found.rate_source})")
        say(f"trajectory   {found.n_frames} frames, about {in_bytes(found.file_size)}; {found.n_rows} rows of thermo")
    for warning in plan.warnings:
        say(f"warning: {warning}")
    if plan.faults:
        for fault in plan.faults:
            complain(fault)
        complain(f"{len(plan.faults)} fault{'s' if len(plan.faults) > 1 else ''}; nothing can be run.")
    else:
        say(f"{plan.source.name} is fine. Run it: nakmd run {plan.source.name}")
