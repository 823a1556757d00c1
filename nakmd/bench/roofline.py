"""`nakmd bench --roofline`: how much of the processor's arithmetic the force kernels turn into forces.

The peak is that of multiply-adds alone. A loop with other sums and products, which do half as much at a time, or with
roots and quotients, each of them one operation that takes as long as many, cannot reach it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from nakmd.bench import lanes, timing
from nakmd.bench.cases import Prepared
from nakmd.bench.lanes import Lanes
from nakmd.bench.timing import Spread, Tell
from nakmd.kernels import bond_order, peak
from nakmd.kernels.jit import set_threads
from nakmd.kernels.operations import count_operations
from nakmd.kernels.simd import LANES
from nakmd.neighbors import Neighbors, SlicedList
from nakmd.potentials import BoundTerm
from nakmd.system import Result, System

Kernel = Callable[..., Any]

#: Central atoms of each term whose operations are counted, spread over the list.
N_COUNTED = 64

#: One timing of the chains of multiply-adds takes at least so long [s], and the fastest of so many counts: some of such
#: short ones come through undisturbed even where other work has its turns of a few ms.
PEAK_TIME = 0.002
PEAK_REPEATS = 50

#: The kernel whose work is triples: a central atom and two neighbours, in either order. That of the others is pairs.
OVER_TRIPLES = bond_order.fill_partials.__name__


@dataclass(frozen=True)
class KernelRate:
    """What came out for one kernel.

    Attributes
    ----------
    term, kernel : str
        Label of the term, and name of the function in `nakmd.kernels`.
    work : str
        ``"pairs"`` or ``"triples"``.
    call : Spread [ms]
    lanes_evaluated, lanes_useful : int
    useful_share : float
    operations : float
        Per useful lane.
    gflops : float [1e9 operations per s]
        In useful lanes, at the median time.
    of_peak : float
        The same by the most that the threads can do.
    """

    term: str
    kernel: str
    work: str
    call: Spread
    lanes_evaluated: int
    lanes_useful: int
    useful_share: float
    operations: float
    gflops: float
    of_peak: float


@dataclass(frozen=True)
class Roofline:
    """What came out for a case.

    Attributes
    ----------
    name : str
    n_atoms, threads : int
    peak_of_one, peak : float [1e9 operations per s]
        Multiply-adds on float64 lanes, on one thread and on all of them, the most before the kernels and after.
    kernels : tuple of KernelRate
        In the order of a step.
    """

    name: str
    n_atoms: int
    threads: int
    peak_of_one: float
    peak: float
    kernels: tuple[KernelRate, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def measure_roofline(prepared: Prepared, threads: int, tell: Tell = lambda text: None) -> Roofline:
    """Time every force kernel of a case, count its lanes and operations, and compare with the processor's best.

    Parameters
    ----------
    prepared : Prepared
    threads : int
    tell : callable
        Given what is being done.

    Notes
    -----
    Lanes are counted in the lists of the first step, every one. Operations (`nakmd.kernels.operations` says what one
    is) are those of the kernels when all lanes hold one atom and its neighbours within the cutoff: what the atom costs
    without padding, without lanes beyond the cutoff, and without seldom branches that others need. What is done once
    for each atom is in it. Nearly all atoms cost the same for each neighbour, so `N_COUNTED` of them are enough.
    """
    tell("the most that the processor can do")
    peak_of_one = measure_peak(1)
    most = measure_peak(threads)
    system = prepared.system
    evaluator = prepared.potential.bind(system.species_names)
    neighbors = Neighbors(evaluator.requests)
    neighbors.update(system)
    result = Result(system.n_atoms)
    terms = list(zip(evaluator.terms, neighbors.lists, strict=True))
    labels = [term.label for term in prepared.potential.terms]
    tell("force kernels")
    times = _time_kernels(terms, system, neighbors, result)
    peak_of_one = max(peak_of_one, measure_peak(1))
    most = max(most, measure_peak(threads))
    rates = []
    for (term, found), label, of_kernel in zip(terms, labels, times, strict=True):
        tell(f"lanes and operations of {label}")
        alone = lanes.neighbors_alone(found, neighbors.rows, N_COUNTED)
        operations = _count_operations(term, alone, system, neighbors, result)
        for kernel, seconds in of_kernel.items():
            counted = _lanes(kernel, found, neighbors)
            per_lane = operations[kernel] / max(1, _lanes(kernel, alone, neighbors).useful)
            call = Spread.of(seconds)
            gflops = 1e-9 * per_lane * counted.useful / call.median
            rates.append(
                KernelRate(
                    label, kernel, "triples" if kernel == OVER_TRIPLES else "pairs", call.scaled(1e3),
                    counted.evaluated, counted.useful, counted.useful_share, per_lane, gflops, gflops / most,
                )
            )  # fmt: skip
    return Roofline(prepared.case.name, system.n_atoms, threads, peak_of_one, most, tuple(rates))


def measure_peak(threads: int) -> float:
    """Return the most multiply-adds on float64 lanes that threads do together, two operations each [1e9 per s]."""
    used = set_threads(threads)
    # x -> x/2 + 1: no number grows or becomes subnormal
    numbers = np.concatenate([np.full(LANES, 0.5), np.ones(LANES), np.arange(float(LANES))])
    sums = np.zeros((used, LANES))
    rates = []
    kernels: list[tuple[Kernel, int]] = [(peak.run_six_chains, 6), (peak.run_twelve_chains, 12)]
    for run, chains in kernels:
        n_steps, times = 1000, [0.0]
        run(numbers, 1, sums)
        while min(times) < PEAK_TIME:
            n_steps *= 2
            times = [_seconds(run, numbers, n_steps, sums) for _ in range(3)]
        times += [_seconds(run, numbers, n_steps, sums) for _ in range(PEAK_REPEATS)]
        rates.append(2e-9 * chains * n_steps * sums.size / min(times))
    return max(rates)


def _lanes(kernel: str, found: SlicedList, neighbors: Neighbors) -> Lanes:
    count = lanes.count_triples if kernel == OVER_TRIPLES else lanes.count_pairs
    return count(found, neighbors.rows)


def _time_kernels(
    terms: list[tuple[BoundTerm, SlicedList]], system: System, neighbors: Neighbors, result: Result
) -> list[dict[str, list[float]]]:
    """Return, term by term, the times of each kernel [s] in force calls that follow each other."""
    times: list[dict[str, list[float]]] = [{} for _ in terms]

    def timed(spent: dict[str, list[float]], kernel: Kernel) -> Kernel:
        def call(*arguments: Any) -> None:
            spent.setdefault(kernel.__name__, []).append(_seconds(kernel, *arguments))

        return call

    begin = time.perf_counter()
    rounds = -1  # the first loads kernels and is not counted
    while rounds < timing.LEAST_REPEATS or time.perf_counter() - begin < timing.LEAST_TIME:
        result.forces[:] = 0.0
        for (term, found), spent in zip(terms, times, strict=True):
            with _in_place_of_kernels(term, partial(timed, spent)):
                term.add_to(system, neighbors, [found], result, virial=False)
            if rounds < 0:
                spent.clear()
        rounds += 1
    return times


def _count_operations(
    term: BoundTerm, alone: SlicedList, system: System, neighbors: Neighbors, result: Result
) -> dict[str, int]:
    """Return the operations of each kernel, over all lanes, on a list of few atoms."""
    operations: dict[str, int] = {}

    def counted(kernel: Kernel) -> Kernel:
        def call(*arguments: Any) -> None:
            operations[kernel.__name__] = count_operations(kernel, *arguments)

        return call

    with _in_place_of_kernels(term, counted):
        term.add_to(system, neighbors, [alone], result, virial=False)
    return operations


@contextmanager
def _in_place_of_kernels(term: BoundTerm, other: Callable[[Kernel], Kernel]) -> Iterator[None]:
    """Let a term call ``other(kernel)`` instead of each of its kernels, with the arguments that it gives them."""
    before = term.kernels
    try:
        term.kernels = tuple(map(other, before))
        yield
    finally:
        term.kernels = before


def _seconds(function: Kernel, *arguments: Any) -> float:
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin
