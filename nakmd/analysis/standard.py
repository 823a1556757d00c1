"""The quantities that decks and the shell know by name, all in one pass over the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.diffusion import unwrapping_for
from nakmd.analysis.drive import FrameProgress, FrameSource, chosen_stages, run_all
from nakmd.analysis.named_analysis import AtomsPresent
from nakmd.analysis.parallel import run_in_processes
from nakmd.analysis.registry import quantity, read_from_table
from nakmd.errors import AnalysisError
from nakmd.quantity_names import QUANTITIES
from nakmd.system import Topology

#: Bytes that the analyses that keep paths may keep together unless told otherwise.
MEMORY = 2e9


def standard_analyses(
    topology: Topology,
    quantities: Sequence[str] | None = None,
    unwrap: str = "images",
    memory: float = MEMORY,
) -> dict[str, Analysis]:
    """Return fresh analyses that make sense for these atoms, with their defaults.

    Parameters
    ----------
    topology : Topology
    quantities : sequence of str, optional
        Some of `QUANTITIES`; if left out, those that the atoms allow and that are not measured on request only.
    unwrap : {"images", "nearest"}
        As in `Diffusion`.
    memory : float [bytes]
        What the analyses that keep paths, one for each metal, may keep together. All others need below 100 MB for
        any number of frames (`run_all`).

    Returns
    -------
    dict of str to Analysis
        Keyed by name and, where there are several, by species: ``"thermo"``, ``"diffusion K"``,
        ``"coordination C-K"``, ``"affinity"``.

    Raises
    ------
    AnalysisError
        If a quantity is unknown, or was asked for by name and the atoms for it are not there.
    """
    for name in quantities or ():
        if name not in QUANTITIES:
            raise AnalysisError(f"No analysis is called {name!r}; there are {', '.join(QUANTITIES)}.")
    here = AtomsPresent.of(topology, unwrap, memory)
    kinds = {name: quantity(name) for name in (QUANTITIES if quantities is None else quantities)}
    if quantities is None:
        kinds = {name: kind for name, kind in kinds.items() if not kind.on_request and kind.atoms.met(here)}
    sharing = len(here.metals) * sum(kind.keeps_paths for kind in kinds.values())
    here = replace(here, memory=memory / max(sharing, 1))
    analyses: dict[str, Analysis] = {}
    for name, kind in kinds.items():
        if not kind.atoms.met(here):
            present = ", ".join(here.elements) or "no atoms"
            raise AnalysisError(f"{name} needs {kind.atoms.words}; here are {present} only.")
        analyses.update({f"{name} {of}".rstrip(): analysis for of, analysis in kind.for_atoms(here).items()})
    return analyses


def analyze(
    source: FrameSource,
    quantities: Sequence[str] | None = None,
    stage: str | Sequence[str] | None = None,
    progress: FrameProgress | None = None,
    processes: int = 1,
    memory: float = MEMORY,
) -> dict[str, Record | AnalysisError]:
    """Run the standard analyses in one pass over the frames, or in one pass of each process.

    Parameters
    ----------
    source : FrameSource
        A trajectory, or a `FrameList`.
    quantities : sequence of str, optional
        As in `standard_analyses`.
    stage : str or sequence of str, optional
        Stages by name, or ``"all"``; the production stages if left out.
    progress : callable, optional
        Called with the frames done and their number (None where unknown).
    processes : int
        Among which the analyses are shared out (`nakmd.analysis.parallel`). A script that asks for more than one keeps
        its work below ``if __name__ == "__main__":``, as `multiprocessing` wants it.
    memory : float [bytes]
        As in `standard_analyses`.

    Returns
    -------
    dict of str to Record or AnalysisError
        An analysis that these frames do not allow has its error in place of a record.
    """
    chosen_stages(tuple(source.stages), stage)  # a misspelt stage is an error even if only the table is read
    make = partial(standard_analyses, quantities=quantities, unwrap=unwrapping_for(source), memory=memory)
    analyses = make(source.topology)
    results: dict[str, Record | AnalysisError] = {}
    over_frames = dict(analyses)
    if getattr(source, "thermo", None):
        for name, kind in read_from_table().items():
            if name in analyses:
                try:
                    results[name] = kind.of_run(source, stage)
                except AnalysisError as error:
                    results[name] = error
                del over_frames[name]
    if processes > 1 and len(over_frames) > 1:
        results |= run_in_processes(source, over_frames, make, stage, progress, processes)
    elif over_frames:
        results.update(zip(over_frames, run_all(source, list(over_frames.values()), stage, progress)))
    return {key: results[key] for key in analyses}
