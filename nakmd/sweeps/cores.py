"""How the cores of a machine are shared by the runs of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nakmd.errors import counted, in_bytes
from nakmd.sweeps.point_check import PointSize

#: Atoms for each thread. A second thread makes systems of 4,000 atoms 1.6 to 1.8 times as fast (benchmarks/README.md);
#: a second run is always worth 2.
ATOMS_PER_THREAD = 2000


@dataclass(frozen=True)
class CoreShare:
    """Runs at a time, threads of each, and the sentence that says so."""

    workers: int
    threads: int
    text: str


def share_cores(
    sizes: Sequence[PointSize], cores: int, memory: float, workers: int | None = None, threads: int | None = None
) -> CoreShare:
    """Return how many runs share a machine, and how many threads each has.

    Parameters
    ----------
    sizes : sequence of PointSize
        Of the points that are left.
    cores : int
    memory : float [bytes]
        Available; 0 if unknown.
    workers, threads : int, optional
        As the user gives them; their product is limited to the cores.

    Examples
    --------
    >>> few, many = [PointSize(2000.0, 1, 1e8)] * 24, [PointSize(50_000.0, 1, 1e9)] * 2
    >>> [(s.workers, s.threads) for s in (share_cores(few, 8, 0.0), share_cores(many, 8, 0.0))]
    [(8, 1), (2, 4)]
    """
    each = min(threads or 1, cores)
    most = max(1, min(len(sizes), cores // each))
    needed = max((size.memory for size in sizes), default=0.0)
    fitting = max(1, int(memory / needed)) if memory and needed else most
    chosen = min(workers or most, most, fitting)
    if threads is None:
        largest = max((size.n_atoms for size in sizes), default=0.0)
        each = max(1, min(cores // chosen, int(largest / ATOMS_PER_THREAD)))
    text = f"{counted({'run' if chosen == 1 else 'runs': chosen})} at a time, {each} thread{'s' * (each > 1)} each, on "
    text += f"{cores} core{'s' * (cores > 1)}"
    if fitting < min(workers or most, most):
        text += f" (a run needs about {in_bytes(needed)} of the {in_bytes(memory)} that are free)"
    elif workers is not None and chosen < workers and len(sizes) > chosen:
        text += f" (--workers {workers} would be more than its cores)"
    return CoreShare(chosen, each, text)
