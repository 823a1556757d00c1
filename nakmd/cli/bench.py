"""``nakmd bench``: timings of forces, neighbour lists and steps."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Cases; all if left out.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads; all cores if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Time kernels: µs per atom and step; compilation is counted apart."""
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.cli.threads import allow_threads

    allow_threads(threads)
    from nakmd.cli.cases import CASES, time_case
    from nakmd.deck.messages import near
    from nakmd.deck.provenance import describe_run
    from nakmd.errors import InputError
    from nakmd.kernels.jit import available_threads, set_threads

    known = {case.name: case for case in CASES}
    for name in names or ():
        if name not in known:
            raise InputError(f'There is no case "{name}". {near(name, known)}')
    used = set_threads(threads or available_threads())
    timings = [time_case(known[name]) for name in names or known]
    if as_json:
        machine: dict[str, Any] = describe_run(0, used)
        del machine["seed"]
        show_json({"machine": machine, "cases": [timing.to_dict() for timing in timings]})
        return
    show_table(
        ["case", "atoms", "forces µs/atom", "median", "lists µs/atom", "step µs/atom", "ns/day", "first call s"],
        [
            [
                t.name,
                str(t.n_atoms),
                f"{t.forces:.4f}",
                f"{t.forces_median:.4f}",
                f"{t.build:.4f}",
                f"{t.step:.4f}",
                f"{t.ns_per_day:.2f}",
                f"{t.first_call:.2f}",
            ]
            for t in timings
        ],
    )
    say(
        f"\n{used} thread{'s' * (used > 1)}, time step 1 fs. "
        + "; ".join(f"{c.name}: {c.summary}" for c in CASES)
        + "."
    )
