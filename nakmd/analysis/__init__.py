"""What a trajectory says, every number with its error: structure, motion, contact, affinity.

Each analysis is a class (``prepare``, ``update``, ``result``), which a run feeds live, and a function of
the same noun, which drives it over a trajectory. `analyze` runs all that make sense in one pass over the
file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nakmd.analysis.affinity import Affinity, AffinityRecord, affinity
from nakmd.analysis.arrhenius import ArrheniusRecord, arrhenius
from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.coordination import Coordination, CoordinationRecord, coordination, interface_pairs
from nakmd.analysis.diffusion import Diffusion, DiffusionRecord, diffusion, unwrapping_for
from nakmd.analysis.drive import FrameList, Progress, Source, chosen_stages, run_all
from nakmd.analysis.finite_size import FiniteSizeRecord, extrapolate_size, yeh_hummer
from nakmd.analysis.green_kubo import ViscosityRecord
from nakmd.analysis.layer_diffusion import LayerDiffusion, LayerDiffusionRecord, layer_diffusion
from nakmd.analysis.lifetimes import Lifetimes, LifetimesRecord, lifetimes
from nakmd.analysis.rdf import RDF, PartialRDF, RDFRecord, rdf
from nakmd.analysis.residence import Residence, ResidenceRecord, residence
from nakmd.analysis.residence_map import ResidenceMap, ResidenceMapRecord, residence_map
from nakmd.analysis.seeds import CombinedRecord, combine
from nakmd.analysis.statistics import Measure
from nakmd.analysis.thermo import Thermo, ThermoRecord, thermo
from nakmd.analysis.velocities import VelocityCorrelation, VelocityRecord, velocity_correlation
from nakmd.analysis.viscosity import Viscosity, viscosity
from nakmd.errors import AnalysisError
from nakmd.system import METALS, WALL, Topology, element_of

__all__ = [
    "ON_REQUEST",
    "QUANTITIES",
    "RDF",
    "Affinity",
    "AffinityRecord",
    "Analysis",
    "ArrheniusRecord",
    "CombinedRecord",
    "Coordination",
    "CoordinationRecord",
    "Diffusion",
    "DiffusionRecord",
    "FiniteSizeRecord",
    "FrameList",
    "LayerDiffusion",
    "LayerDiffusionRecord",
    "Lifetimes",
    "LifetimesRecord",
    "Measure",
    "PartialRDF",
    "RDFRecord",
    "Record",
    "Residence",
    "ResidenceMap",
    "ResidenceMapRecord",
    "ResidenceRecord",
    "Thermo",
    "ThermoRecord",
    "VelocityCorrelation",
    "VelocityRecord",
    "Viscosity",
    "ViscosityRecord",
    "affinity",
    "analyze",
    "arrhenius",
    "combine",
    "coordination",
    "diffusion",
    "extrapolate_size",
    "layer_diffusion",
    "lifetimes",
    "rdf",
    "residence",
    "residence_map",
    "run_all",
    "standard_analyses",
    "thermo",
    "velocity_correlation",
    "viscosity",
    "yeh_hummer",
]

#: Quantities that `analyze` and `standard_analyses` know by name.
QUANTITIES = (
    "thermo",
    "rdf",
    "diffusion",
    "layers",
    "vacf",
    "viscosity",
    "coordination",
    "lifetimes",
    "residence",
    "map",
    "affinity",
)

#: Those that are measured only if they are asked for: they need frames or rows some 10 fs apart.
ON_REQUEST = ("vacf", "viscosity")

#: What a quantity needs where it does not need both wall and metal.
_NEEDS = {
    "diffusion": "metal atoms",
    "vacf": "metal atoms",
    "viscosity": "a metal without a wall (the pressure of the cell is that of both)",
}


def standard_analyses(
    topology: Topology,
    quantities: Sequence[str] | None = None,
    unwrap: str = "images",
) -> dict[str, Analysis]:
    """Return fresh analyses that make sense for these atoms, with their defaults.

    Parameters
    ----------
    topology : Topology
    quantities : sequence of str, optional
        Some of `QUANTITIES`; if left out, those that the atoms allow, without those of `ON_REQUEST`.
    unwrap : {"images", "nearest"}
        As in `Diffusion`.

    Returns
    -------
    dict of str to Analysis
        Keyed ``"thermo"``, ``"rdf"``, ``"diffusion K"``, ``"layers K"``, ``"coordination C-K"``, ``"affinity"``, ...

    Raises
    ------
    AnalysisError
        If a quantity is unknown, or was asked for by name and the atoms for it are not there.
    """
    for word in quantities or ():
        if word not in QUANTITIES:
            raise AnalysisError(f"No analysis is called {word!r}; there are {', '.join(QUANTITIES)}.")
    wanted = [word for word in QUANTITIES if word not in ON_REQUEST] if quantities is None else quantities
    elements = list(dict.fromkeys(element_of(topology.species_names[s]) for s in np.unique(topology.species)))
    metals = [element for element in elements if element in METALS]
    walls = [element for element in elements if element in WALL]
    pairs = interface_pairs(topology, WALL, METALS)
    found: dict[str, Analysis] = {}
    for word in wanted:
        if word == "thermo":
            found[word] = Thermo()
        elif word == "rdf":
            found[word] = RDF()
        elif word == "diffusion":
            found.update({f"diffusion {metal}": Diffusion(metal, unwrap=unwrap) for metal in metals})
        elif word == "vacf":
            found.update({f"vacf {metal}": VelocityCorrelation(metal) for metal in metals})
        elif word == "viscosity" and metals and not walls:
            found[word] = Viscosity()
        elif word == "coordination":
            found.update({f"coordination {a}-{b}": Coordination(a, b) for a, b in pairs})
        elif word == "lifetimes":
            found.update({f"lifetimes {a}-{b}": Lifetimes(a, b) for a, b in pairs})
        elif walls and metals:
            if word == "layers":
                found.update({f"layers {metal}": LayerDiffusion(metal, unwrap=unwrap) for metal in metals})
            elif word == "residence":
                found.update({f"residence {metal}": Residence(metal) for metal in metals})
            elif word == "map":
                found[word] = ResidenceMap()
            elif word == "affinity":
                found[word] = Affinity()
        if quantities is not None and not any(key.split()[0] == word for key in found):
            need = _NEEDS.get(word, "both a wall (C, N) and a metal")
            raise AnalysisError(f"{word.capitalize()} needs {need}; here are {', '.join(elements) or 'no atoms'} only.")
    return found


def analyze(
    source: Source,
    quantities: Sequence[str] | None = None,
    stage: str | Sequence[str] | None = None,
    progress: Progress | None = None,
) -> dict[str, Record | AnalysisError]:
    """Run the standard analyses in one pass over the frames.

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

    Returns
    -------
    dict of str to Record or AnalysisError
        An analysis that these frames do not allow has its error in place of a record.
    """
    chosen_stages(tuple(source.stages), stage)  # a misspelt stage is an error even if only the table is read
    analyses = standard_analyses(source.topology, quantities, unwrapping_for(source))
    results: dict[str, Record | AnalysisError] = {}
    over_frames = dict(analyses)
    if getattr(source, "thermo", None):
        # the table is denser than the frames
        for name, of_table in (("thermo", thermo), ("viscosity", viscosity)):
            if name in over_frames:
                try:
                    results[name] = of_table(source, stage=stage)
                except AnalysisError as error:
                    results[name] = error
                del over_frames[name]
    if over_frames:
        results.update(zip(over_frames, run_all(source, list(over_frames.values()), stage, progress)))
    return {key: results[key] for key in analyses}
