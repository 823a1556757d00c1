"""What a trajectory says, every number with its error: structure, motion, contact, affinity.

Each analysis is a class (``prepare``, ``update``, ``result``), which a run feeds live, and a function of
the same noun, which drives it over a trajectory. `analyze` runs all that make sense in one pass over the
file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nakmd.analysis.affinity import Affinity, AffinityRecord, affinity
from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.coordination import Coordination, CoordinationRecord, coordination, interface_pairs
from nakmd.analysis.diffusion import Diffusion, DiffusionRecord, diffusion, unwrapping_for
from nakmd.analysis.drive import FrameList, Progress, Source, chosen_stages, run_all
from nakmd.analysis.local_order import LocalOrder, LocalOrderRecord, local_order
from nakmd.analysis.rdf import RDF, PartialRDF, RDFRecord, rdf
from nakmd.analysis.short_range_order import ShortRangeOrder, ShortRangeOrderRecord, short_range_order
from nakmd.analysis.statistics import Measure
from nakmd.analysis.structure_factor import StructureFactor, StructureFactorRecord, structure_factor
from nakmd.analysis.thermo import Thermo, ThermoRecord, thermo
from nakmd.errors import AnalysisError
from nakmd.system import METALS, WALL, Topology, element_of

__all__ = [
    "BY_NAME",
    "QUANTITIES",
    "RDF",
    "Affinity",
    "AffinityRecord",
    "Analysis",
    "Coordination",
    "CoordinationRecord",
    "Diffusion",
    "DiffusionRecord",
    "FrameList",
    "LocalOrder",
    "LocalOrderRecord",
    "Measure",
    "PartialRDF",
    "RDFRecord",
    "Record",
    "ShortRangeOrder",
    "ShortRangeOrderRecord",
    "StructureFactor",
    "StructureFactorRecord",
    "Thermo",
    "ThermoRecord",
    "affinity",
    "analyze",
    "coordination",
    "diffusion",
    "local_order",
    "rdf",
    "run_all",
    "short_range_order",
    "standard_analyses",
    "structure_factor",
    "thermo",
]

#: Quantities that `analyze` and `standard_analyses` know by name.
QUANTITIES = (
    "thermo", "rdf", "diffusion", "coordination", "affinity", "structure_factor", "short_range_order", "local_order",
)  # fmt: skip

#: Those measured only when asked for by name: they take more time than all others together.
BY_NAME = ("structure_factor", "short_range_order", "local_order")

_OF_METALS: dict[str, Callable[[], Analysis]] = {"structure_factor": StructureFactor, "local_order": LocalOrder}

_NEEDS = {
    "diffusion": "metal atoms",
    "structure_factor": "metal atoms",
    "short_range_order": "both sodium and potassium",
    "local_order": "metal atoms",
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
        Some of `QUANTITIES`; those that the atoms allow, without those of `BY_NAME`, if left out.
    unwrap : {"images", "nearest"}
        As in `Diffusion`.

    Returns
    -------
    dict of str to Analysis
        Keyed ``"thermo"``, ``"rdf"``, ``"diffusion K"``, ``"coordination C-K"``, ``"affinity"``, and the other names
        as they are.

    Raises
    ------
    AnalysisError
        If a quantity is unknown, or was asked for by name and the atoms for it are not there.
    """
    for word in quantities or ():
        if word not in QUANTITIES:
            raise AnalysisError(f"No analysis is called {word!r}; there are {', '.join(QUANTITIES)}.")
    wanted = [word for word in QUANTITIES if word not in BY_NAME] if quantities is None else quantities
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
        elif word == "coordination":
            found.update({f"coordination {a}-{b}": Coordination(a, b) for a, b in pairs})
        elif word in _OF_METALS:
            if metals:
                found[word] = _OF_METALS[word]()
        elif word == "short_range_order":
            if {"Na", "K"} <= set(metals):
                found[word] = ShortRangeOrder()
        elif walls and metals:
            found[word] = Affinity()
        if quantities is not None and not any(key.split()[0] == word for key in found):
            need = _NEEDS.get(word, "both a wall (C, N) and a metal")
            name = word.replace("_", " ").capitalize()
            raise AnalysisError(f"{name} needs {need}; here are {', '.join(elements) or 'no atoms'} only.")
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
    if "thermo" in analyses and getattr(source, "thermo", None):
        # the table is denser than the frames
        results["thermo"] = thermo(source, stage)
        del over_frames["thermo"]
    if over_frames:
        results.update(zip(over_frames, run_all(source, list(over_frames.values()), stage, progress)))
    return {key: results[key] for key in analyses}
