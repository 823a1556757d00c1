"""`nakmd bench --roofline`: FLOP rates of the force kernels against the peak of the processor.

The peak is that of fused multiply-adds. Separate sums and products do half as much per instruction, and a root or a
quotient counts as one operation but takes as long as many, so real kernels cannot reach the peak.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nakmd.bench import lanes, timing
from nakmd.bench.cases import Prepared
from nakmd.bench.lanes import Lanes
from nakmd.bench.timing import CaseResult, Spread, Tell
from nakmd.kernels import bond_order, peak
from nakmd.kernels.jit import set_threads
from nakmd.kernels.operations import count_operations
from nakmd.kernels.simd import LANES
from nakmd.neighbors import Neighbors, SlicedList
from nakmd.potentials import BoundTerm
from nakmd.system import Result, System

Kernel = Callable[..., Any]

#: Central atoms of each term for counting operations, evenly spread over the list.
N_COUNTED = 64

#: Least time of one timing of the multiply-add chains [s], and the number of timings, of which the fastest counts: some
#: of them are undisturbed even if other processes take turns of a few ms.
PEAK_TIME = 0.002
PEAK_REPEATS = 50

#: The kernel that loops over triples: a central atom and an ordered pair of neighbours. The others loop over pairs.
OVER_TRIPLES = bond_order.fill_partials.__name__


@dataclass(frozen=True)
class KernelRate:
    """Measured rate of one kernel.

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
        Operations per useful lane.
    gflops : float [1e9 operations per s]
        Rate of operations in useful lanes, at the median time.
    of_peak : float
        The same as a share of the peak of all threads.
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
class Roofline(CaseResult):
    """Rates of all force kernels of a case.

    Attributes
    ----------
    threads : int
    peak_of_one, peak : float [1e9 operations per s]
        Fused multiply-adds on float64 lanes, on one thread and on all threads; the maximum of two measurements, before
        and after the kernels.
    kernels : tuple of KernelRate
        In the order of a time step.
    """

    threads: int
    peak_of_one: float
    peak: float
    kernels: tuple[KernelRate, ...]


def measure_roofline(prepared: Prepared, threads: int, tell: Tell = lambda text: None) -> Roofline:
    """Time every force kernel of a case, count its lanes and operations, and compare with the peak of the processor.

    Parameters
    ----------
    prepared : Prepared
    threads : int
    tell : callable
        Callback for progress messages.

    Notes
    -----
    All lanes of the lists of the first step are counted. Operations, as defined in `nakmd.kernels.operations`, are
    counted with all lanes of a vector holding the same atom and its neighbours within the cutoff: the cost of the atom
    without padding, without lanes beyond the cutoff, and without rare branches taken for other atoms. Work done once
    per atom is included. The cost per neighbour is nearly the same for all atoms: `N_COUNTED` of them are enough.
    """
    tell("peak of the processor")
    peak_of_one = measure_peak(1)
    peak_of_all = measure_peak(threads)
    system = prepared.system
    evaluator = prepared.potential.bind(system.species_names)
    neighbors = Neighbors(evaluator.requests)
    neighbors.update(system)
    result = Result(system.n_atoms)
    terms: list[tuple[BoundTerm, Sequence[SlicedList]]] = [
        (term, neighbors.lists[place]) for term, place in evaluator.places
    ]
    tell("force kernels")
    times = _time_kernels(terms, system, neighbors, result)
    peak_of_one = max(peak_of_one, measure_peak(1))
    peak_of_all = max(peak_of_all, measure_peak(threads))
    rates = []
    labels = [term.label for term in prepared.potential.terms]
    for (term, lists), label, all_times in zip(terms, labels, times, strict=True):
        tell(f"lanes and operations of {label}")
        alone = [lanes.neighbors_alone(one, neighbors.rows, N_COUNTED) for one in lists]
        all_operations = _count_operations(term, alone, system, neighbors, result)
        for one, short, kernel_times, operations in zip(lists, alone, all_times, all_operations, strict=True):
            for kernel, seconds in kernel_times.items():
                counted = _lanes(kernel, one, neighbors)
                per_lane = operations[kernel] / max(1, _lanes(kernel, short, neighbors).useful)
                call = Spread.of(seconds)
                gflops = 1e-9 * per_lane * counted.useful / call.median
                rates.append(
                    KernelRate(
                        label, kernel, "triples" if kernel == OVER_TRIPLES else "pairs", call.scaled(1e3),
                        counted.evaluated, counted.useful, counted.useful_share, per_lane, gflops, gflops / peak_of_all,
                    )
                )  # fmt: skip
    return Roofline(prepared.case.name, system.n_atoms, threads, peak_of_one, peak_of_all, tuple(rates))


def measure_peak(threads: int) -> float:
    """Return the peak rate of fused multiply-adds on float64 lanes, two operations each, of all threads [1e9 per s]."""
    used = set_threads(threads)
    # x -> x/2 + 1: values neither overflow nor become subnormal
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


def _lanes(kernel: str, neighbor_list: SlicedList, neighbors: Neighbors) -> Lanes:
    count = lanes.count_triples if kernel == OVER_TRIPLES else lanes.count_pairs
    return count(neighbor_list, neighbors.rows)


def _time_kernels(
    terms: list[tuple[BoundTerm, Sequence[SlicedList]]], system: System, neighbors: Neighbors, result: Result
) -> list[list[dict[str, list[float]]]]:
    """Return, for each list of each term, the times of the kernels that read it [s] in consecutive force calls."""
    times: list[list[dict[str, list[float]]]] = [[{} for _ in lists] for _, lists in terms]

    def timed(spent: dict[str, list[float]], kernel: Kernel) -> Kernel:
        def call(*arguments: Any) -> None:
            spent.setdefault(kernel.__name__, []).append(_seconds(kernel, *arguments))

        return call

    begin = time.perf_counter()
    rounds = -1  # the first round loads kernels and is discarded
    while rounds < timing.LEAST_REPEATS or time.perf_counter() - begin < timing.LEAST_TIME:
        result.forces[:] = 0.0
        for (term, lists), spent in zip(terms, times, strict=True):
            with _wrapped_kernels(term, [partial(timed, one) for one in spent]):
                term.add_to(system, neighbors, lists, result, virial=False)
            if rounds < 0:
                for one in spent:
                    one.clear()
        rounds += 1
    return times


def _count_operations(
    term: BoundTerm, alone: Sequence[SlicedList], system: System, neighbors: Neighbors, result: Result
) -> list[dict[str, int]]:
    """Return the operations of each kernel, over all lanes, on short lists: a dictionary for each of them."""
    operations: list[dict[str, int]] = [{} for _ in alone]

    def counted(found: dict[str, int], kernel: Kernel) -> Kernel:
        def call(*arguments: Any) -> None:
            found[kernel.__name__] = count_operations(kernel, *arguments)

        return call

    with _wrapped_kernels(term, [partial(counted, found) for found in operations]):
        term.add_to(system, neighbors, alone, result, virial=False)
    return operations


@contextmanager
def _wrapped_kernels(term: BoundTerm, wraps: Sequence[Callable[[Kernel], Kernel]]) -> Iterator[None]:
    """Replace the kernels that read each list of a term by those that the function of the list returns."""
    owners = term.list_owners
    before = [owner.kernels for owner in owners]
    try:
        for owner, kernels, wrap in zip(owners, before, wraps, strict=True):
            owner.kernels = tuple(map(wrap, kernels))
        yield
    finally:
        for owner, kernels in zip(owners, before, strict=True):
            owner.kernels = kernels


def _seconds(function: Kernel, *arguments: Any) -> float:
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin
