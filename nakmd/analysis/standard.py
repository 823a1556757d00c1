"""The registered quantities, all computed in one pass over the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.diffusion import unwrapping_for
from nakmd.analysis.drive import run_chosen
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.lacking_atoms import lacking_fault
from nakmd.analysis.named_analysis import AtomsPresent, TableAnalysis
from nakmd.analysis.parallel import run_in_processes
from nakmd.analysis.registry import quantity
from nakmd.analysis.surface_figures import NO_CHOICE, SurfaceChoice, SurfaceOrigin
from nakmd.errors import AnalysisError, did_you_mean
from nakmd.quantity_names import QUANTITIES, QUANTITY_SYNONYMS
from nakmd.system import Topology

#: Default memory limit [bytes] of all analyses that store paths together.
MEMORY = 2e9


def standard_analyses(
    topology: Topology,
    quantities: Sequence[str] | None = None,
    unwrap: str = "images",
    memory: float = MEMORY,
    surface: SurfaceChoice = NO_CHOICE,
) -> dict[str, Analysis]:
    """Return new analyses applicable to these atoms, with their default parameters.

    Parameters
    ----------
    topology : Topology
    quantities : sequence of str, optional
        Some of `QUANTITIES`. Default: all that apply to these atoms, except those on request.
    unwrap : {"images", "nearest"}
        As in `Diffusion`.
    memory : float [bytes]
        Limit for all analyses that store paths, one per metal, together. The others need less than 100 MB for any
        number of frames (`run_all`).
    surface : SurfaceChoice
        Surface figures of the model, and the surface energy that heats use.

    Returns
    -------
    dict of str to Analysis
        Keyed by name and, if there are several, species: ``"thermo"``, ``"diffusion K"``, ``"coordination C-K"``,
        ``"affinity"``.

    Raises
    ------
    AnalysisError
        If a quantity is unknown, or a requested quantity does not apply to these atoms, or reads atoms that frames with
        this topology lack.

    Examples
    --------
    >>> from nakmd.analysis import standard_analyses
    >>> from nakmd.structures import crystal
    >>> sorted(standard_analyses(crystal(["Na", "K"], 3, "b2").topology, ["thermo", "diffusion"]))
    ['diffusion K', 'diffusion Na', 'thermo']
    """
    for name in quantities or ():
        if name not in QUANTITIES:
            raise AnalysisError(f"No analysis is called {name!r}. {did_you_mean(name, QUANTITIES, QUANTITY_SYNONYMS)}")
    atoms = AtomsPresent.of(topology, unwrap, memory, surface)
    kinds = {name: quantity(name) for name in (QUANTITIES if quantities is None else quantities)}
    if quantities is None:
        kinds = {name: kind for name, kind in kinds.items() if not kind.on_request and kind.atoms.met(atoms)}
    sharing = len(atoms.metals) * sum(kind.keeps_paths for kind in kinds.values())
    atoms = replace(atoms, memory=memory / max(sharing, 1))
    analyses: dict[str, Analysis] = {}
    for name, kind in kinds.items():
        if not kind.atoms.met(atoms):
            present = ", ".join(atoms.elements) or "no atoms"
            raise AnalysisError(f"{name} needs {kind.atoms.description}; this system has only {present}.")
        made = {f"{name} {of}".rstrip(): analysis for of, analysis in kind.for_atoms(atoms).items()}
        faults = {key: fault for key, analysis in made.items() if (fault := _lacks(topology, analysis)) is not None}
        if faults and quantities is not None and len(faults) == len(made):
            raise next(iter(faults.values()))
        analyses.update({key: analysis for key, analysis in made.items() if key not in faults})
    return analyses


def _lacks(topology: Topology, analysis: Analysis) -> AnalysisError | None:
    """Return the error of an analysis that reads atoms which the frames lack; the thermo table is that of all atoms."""
    return None if isinstance(analysis, TableAnalysis) else lacking_fault(topology, analysis)


def lacking_analyses(topology: Topology, quantities: Sequence[str] | None = None) -> dict[str, AnalysisError]:
    """Return the errors of those `standard_analyses` of a run of which frames with this topology lack atoms.

    Parameters
    ----------
    topology, quantities
        As in `standard_analyses`.

    Examples
    --------
    >>> from nakmd.analysis import lacking_analyses
    >>> from nakmd.structures import fill, graphene
    >>> wet = fill(graphene(repeats=(6, 4)), x_K=1.0, temperature=450.0).topology
    >>> lacking_analyses(wet)  # frames with all atoms lack none
    {}
    >>> sorted(lacking_analyses(wet.part(wet.select("K")), ["affinity", "diffusion"]))
    ['affinity']
    """
    if topology.run is None:
        return {}
    made = standard_analyses(topology.run, quantities)
    return {key: fault for key, analysis in made.items() if (fault := _lacks(topology, analysis)) is not None}


def unmeasured_quantities(topology: Topology) -> tuple[str, ...]:
    """Return the names of the default quantities of a run of which frames with this topology lack atoms.

    With the atoms of a quantity, such as ``"diffusion Na"``, if the frames allow it for others.

    Examples
    --------
    >>> from nakmd.analysis import unmeasured_quantities
    >>> from nakmd.structures import fill, graphene
    >>> wet = fill(graphene(repeats=(6, 4)), x_K=1.0, temperature=450.0).topology
    >>> "affinity" in unmeasured_quantities(wet.part(wet.select("K")))
    True
    """
    some = {key.partition(" ")[0] for key in standard_analyses(topology)}
    kinds = {key: key.partition(" ")[0] for key in lacking_analyses(topology)}
    return tuple(dict.fromkeys(key if kind in some else kind for key, kind in kinds.items()))


def _is_lacking(topology: Topology, quantity: str) -> bool:
    """Return whether the frames lack atoms for every analysis of a quantity."""
    return len(lacking_analyses(topology, [quantity])) == len(standard_analyses(topology.whole, [quantity]))


def analyze(
    source: FrameSource,
    quantities: Sequence[str] | None = None,
    stage: str | Sequence[str] | None = None,
    progress: FrameProgress | None = None,
    processes: int = 1,
    memory: float = MEMORY,
    *,
    stages: str | Sequence[str] | None = None,
    start: float | None = None,
    discard: float | Literal["auto", "none"] | None = None,
    surface_energy: SurfaceOrigin | float | None = None,
) -> dict[str, Record | AnalysisError]:
    """Run the standard analyses in one pass over the frames per process.

    Parameters
    ----------
    source : FrameSource
        A trajectory, or a `FrameList`.
    quantities : sequence of str, optional
        As in `standard_analyses`.
    stage, stages, start, discard
        The frames, as in `FrameOptions`: by default those of the production stages after equilibration.
    surface_energy : {"model", "experiment"} or float, optional [J/m²]
        As in `Immersion`.
    progress : callable, optional
        Called with the number of frames done and their total (None if unknown).
    processes : int
        Number of processes (`nakmd.analysis.parallel`). A script with more than one must keep its code below
        ``if __name__ == "__main__":``, as `multiprocessing` requires.
    memory : float [bytes]
        As in `standard_analyses`.

    Returns
    -------
    dict of str to Record or AnalysisError
        An analysis that fails for these frames has its error in place of a record.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, analyze
    >>> from nakmd.structures import liquid
    >>> melt, random = liquid(0.5, 450.0, n_atoms=60), np.random.default_rng(1)
    >>> walk = random.normal(0.0, 0.3, (200, 60, 3)).cumsum(axis=0)
    >>> frames = [Frame(k, 0.1 * k, *melt.cell.wrap(melt.positions + x), melt.cell) for k, x in enumerate(walk)]
    >>> results = analyze(FrameList(melt.topology, frames), ["diffusion", "thermo"])
    >>> {name: record.text for name, record in results.items() if name.startswith("diffusion")}
    {'diffusion Na': '0.46 ± 0.03 Å²/ps', 'diffusion K': '0.44 ± 0.02 Å²/ps'}
    """
    choice = FrameChoice.of(source, stage=stage, stages=stages, start=start, discard=discard)
    return analyze_chosen(source, choice, quantities, progress, processes, memory, surface_energy)


def analyze_chosen(
    source: FrameSource,
    choice: FrameChoice,
    quantities: Sequence[str] | None = None,
    progress: FrameProgress | None = None,
    processes: int = 1,
    memory: float = MEMORY,
    surface_energy: SurfaceOrigin | float | None = None,
) -> dict[str, Record | AnalysisError]:
    """Run the standard analyses over the frames of a choice; other parameters and result as in `analyze`."""
    lacking = {} if quantities is None else lacking_analyses(source.topology, quantities)
    if lacking:
        quantities = [name for name in quantities or () if not _is_lacking(source.topology, name)]
    make = partial(
        standard_analyses,
        quantities=quantities,
        unwrap=unwrapping_for(source),
        memory=memory,
        surface=SurfaceChoice.of_source(source, surface_energy),
    )
    analyses = make(choice.presence.topology_of_all(source.topology))
    results: dict[str, Record | AnalysisError] = {}
    over_frames = dict(analyses)
    if getattr(source, "thermo", None):
        for name, analysis in analyses.items():
            if isinstance(analysis, TableAnalysis):
                try:
                    results[name] = analysis.of_run(source, choice)
                except AnalysisError as error:
                    results[name] = error
                del over_frames[name]
    if processes > 1 and len(over_frames) > 1:
        results |= run_in_processes(source, over_frames, make, choice, progress, processes)
    elif over_frames:
        results.update(zip(over_frames, run_chosen(source, list(over_frames.values()), choice, progress)))
    return {**{key: results[key] for key in analyses}, **lacking}
