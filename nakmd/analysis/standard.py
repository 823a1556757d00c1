"""The analyses that decks and the shell know by name: what each needs, and all of them in one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from nakmd.analysis.affinity import Affinity
from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.contact_angle import ContactAngle
from nakmd.analysis.coordination import Coordination, interface_pairs
from nakmd.analysis.density import Density
from nakmd.analysis.diffusion import Diffusion, unwrapping_for
from nakmd.analysis.drive import Progress, Source, chosen_stages, run_all
from nakmd.analysis.free_energy_profile import FreeEnergyProfile
from nakmd.analysis.gibbs_excess import GibbsExcess
from nakmd.analysis.immersion import Immersion
from nakmd.analysis.layer_diffusion import LayerDiffusion
from nakmd.analysis.lifetimes import Lifetimes
from nakmd.analysis.local_order import LocalOrder
from nakmd.analysis.parallel import run_in_processes
from nakmd.analysis.rdf import RDF
from nakmd.analysis.residence import Residence
from nakmd.analysis.residence_map import ResidenceMap
from nakmd.analysis.short_range_order import ShortRangeOrder
from nakmd.analysis.structure_factor import StructureFactor
from nakmd.analysis.surface_tension import SurfaceTension, surface_tension
from nakmd.analysis.thermo import Thermo, thermo
from nakmd.analysis.velocities import VelocityCorrelation
from nakmd.analysis.viscosity import Viscosity, viscosity
from nakmd.elements import METALS, WALL, element_of
from nakmd.errors import AnalysisError
from nakmd.system import Topology


@dataclass(frozen=True)
class Present:
    """What a topology offers.

    Attributes
    ----------
    elements, metals, walls : list of str
        All elements with atoms, and those of them that are metals or make walls.
    pairs : list of (str, str)
        Species of the wall, each with every metal.
    unwrap : {"images", "nearest"}
        As in `Diffusion`.
    memory : float [bytes]
        What each analysis that keeps paths may keep.
    """

    elements: list[str]
    metals: list[str]
    walls: list[str]
    pairs: list[tuple[str, str]]
    unwrap: str
    memory: float

    @classmethod
    def of(cls, topology: Topology, unwrap: str, memory: float) -> Present:
        """Look at the atoms."""
        elements = list(dict.fromkeys(element_of(topology.species_names[s]) for s in np.unique(topology.species)))
        metals, walls = ([name for name in elements if name in kinds] for kinds in (METALS, WALL))
        return cls(elements, metals, walls, interface_pairs(topology, WALL, METALS), unwrap, memory)


@dataclass(frozen=True)
class Need:
    """What atoms a quantity asks for, in words and as a test."""

    words: str
    met: Callable[[Present], bool]


ATOMS = Need("atoms", lambda here: True)
METAL = Need("metal atoms", lambda here: bool(here.metals))
SODIUM_AND_POTASSIUM = Need("both sodium and potassium", lambda here: {"Na", "K"} <= set(here.metals))
INTERFACE = Need("both a wall (C, N) and a metal", lambda here: bool(here.walls and here.metals))
ALLOY_AT_WALL = Need("a wall (C, N) and two metals", lambda here: bool(here.walls) and len(here.metals) > 1)
METAL_ALONE = Need(
    "metal atoms and no wall (C, N), whose own stress would be in the pressure tensor",
    lambda here: bool(here.metals) and not here.walls,
)


@dataclass(frozen=True)
class Standard:
    """A quantity with a name.

    Attributes
    ----------
    need : Need
    make : callable
        Gives fresh analyses by the part of their key that follows the name: ``""``, ``"K"``, ``"C-K"``.
    by_name : bool
        Whether it is measured only where somebody asks for it.
    """

    need: Need
    make: Callable[[Present], dict[str, Analysis]]
    by_name: bool = False


def _gibbs_excess(here: Present) -> dict[str, Analysis]:
    of, over = sorted(here.metals, key=lambda metal: (metal != "K", metal))[:2]  # K over Na, as the field asks
    return {"": GibbsExcess(of, over)}


_STANDARD: dict[str, Standard] = {
    "thermo": Standard(ATOMS, lambda here: {"": Thermo()}),
    "rdf": Standard(ATOMS, lambda here: {"": RDF()}),
    # these take more time than all that is measured unasked
    "structure_factor": Standard(METAL, lambda here: {"": StructureFactor()}, by_name=True),
    "short_range_order": Standard(SODIUM_AND_POTASSIUM, lambda here: {"": ShortRangeOrder()}, by_name=True),
    "local_order": Standard(METAL, lambda here: {"": LocalOrder()}, by_name=True),
    "diffusion": Standard(
        METAL, lambda here: {m: Diffusion(m, unwrap=here.unwrap, memory=here.memory) for m in here.metals}
    ),
    "layers": Standard(
        INTERFACE, lambda here: {m: LayerDiffusion(m, unwrap=here.unwrap, memory=here.memory) for m in here.metals}
    ),
    # both need samples some 10 fs apart, which most runs do not have
    "vacf": Standard(
        METAL, lambda here: {m: VelocityCorrelation(m, memory=here.memory) for m in here.metals}, by_name=True
    ),
    "viscosity": Standard(METAL_ALONE, lambda here: {"": Viscosity()}, by_name=True),
    "coordination": Standard(INTERFACE, lambda here: {f"{a}-{b}": Coordination(a, b) for a, b in here.pairs}),
    "lifetimes": Standard(INTERFACE, lambda here: {f"{a}-{b}": Lifetimes(a, b) for a, b in here.pairs}),
    "residence": Standard(INTERFACE, lambda here: {m: Residence(m) for m in here.metals}),
    "map": Standard(INTERFACE, lambda here: {"": ResidenceMap()}),
    "affinity": Standard(INTERFACE, lambda here: {"": Affinity()}),
    "immersion": Standard(INTERFACE, lambda here: {"": Immersion()}),
    "density": Standard(INTERFACE, lambda here: {"": Density()}),
    "gibbs_excess": Standard(ALLOY_AT_WALL, _gibbs_excess),
    "free_energy_profile": Standard(INTERFACE, lambda here: {"": FreeEnergyProfile()}),
    # whether the liquid is a free film, or a droplet, is a matter of positions, not known before the first frame
    "surface_tension": Standard(METAL_ALONE, lambda here: {"": SurfaceTension()}, by_name=True),
    "contact_angle": Standard(INTERFACE, lambda here: {"": ContactAngle()}, by_name=True),
}

#: Quantities that `analyze` and `standard_analyses` know by name.
QUANTITIES = tuple(_STANDARD)

#: Those of them that are measured only if they are asked for.
BY_NAME = tuple(name for name, standard in _STANDARD.items() if standard.by_name)

#: Those that keep the paths of atoms, and the bytes that they may keep together unless told otherwise.
KEEP_PATHS = ("diffusion", "layers", "vacf")
MEMORY = 2e9

#: Functions that take the thermo table where a source has one: it is denser than the frames.
TABLES: dict[str, Callable[[Source, str | Sequence[str] | None], Record]] = {
    "thermo": thermo,
    "viscosity": lambda source, stage: viscosity(source, stage=stage),
    "surface_tension": lambda source, stage: surface_tension(source, stage=stage),
}


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
        Some of `QUANTITIES`; those that the atoms allow, without those of `BY_NAME`, if left out.
    unwrap : {"images", "nearest"}
        As in `Diffusion`.
    memory : float [bytes]
        What the analyses of `KEEP_PATHS`, one for each metal, may keep together. All others need below 100 MB for
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
    for word in quantities or ():
        if word not in _STANDARD:
            raise AnalysisError(f"No analysis is called {word!r}; there are {', '.join(QUANTITIES)}.")
    here = Present.of(topology, unwrap, memory)
    if quantities is None:
        wanted = [word for word, standard in _STANDARD.items() if not standard.by_name and standard.need.met(here)]
    else:
        wanted = list(quantities)
    sharing = len(here.metals) * sum(word in KEEP_PATHS for word in wanted)
    here = replace(here, memory=memory / max(sharing, 1))
    found: dict[str, Analysis] = {}
    for word in wanted:
        standard = _STANDARD[word]
        if not standard.need.met(here):
            there = ", ".join(here.elements) or "no atoms"
            raise AnalysisError(f"{word} needs {standard.need.words}; here are {there} only.")
        found.update({f"{word} {of}".rstrip(): analysis for of, analysis in standard.make(here).items()})
    return found


def analyze(
    source: Source,
    quantities: Sequence[str] | None = None,
    stage: str | Sequence[str] | None = None,
    progress: Progress | None = None,
    processes: int = 1,
    memory: float = MEMORY,
) -> dict[str, Record | AnalysisError]:
    """Run the standard analyses in one pass over the frames, or in one pass of each process.

    Parameters
    ----------
    source : Source
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
    for name, from_table in TABLES.items():
        if name in analyses and getattr(source, "thermo", None):
            try:
                results[name] = from_table(source, stage)
            except AnalysisError as error:
                results[name] = error
            del over_frames[name]
    if processes > 1 and len(over_frames) > 1:
        results |= run_in_processes(source, over_frames, make, stage, progress, processes)
    elif over_frames:
        results.update(zip(over_frames, run_all(source, list(over_frames.values()), stage, progress)))
    return {key: results[key] for key in analyses}
