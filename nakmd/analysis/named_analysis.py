"""Metadata of an analysis that decks, the command line, tables, figures and reports use."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.drive import measure_chosen
from nakmd.analysis.frame_choice import FrameChoice
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.contact_distances import interface_pairs
from nakmd.analysis.present_atoms import source_for
from nakmd.analysis.surface_figures import SurfaceChoice
from nakmd.elements import METALS, WALL, element_of
from nakmd.system import Topology


@dataclass(frozen=True)
class AtomsPresent:
    """The atoms of a topology, as far as analyses depend on them.

    Attributes
    ----------
    elements, metals, walls : list of str
        All elements present, and those of them that are metals or form walls.
    pairs : list of (str, str)
        Each wall element with each metal.
    unwrap : {"images", "nearest"}
        As in `Diffusion`.
    memory : float [bytes]
        Limit for each analysis that stores paths.
    surface : SurfaceChoice
        What is known of the surface of the metal.
    """

    elements: list[str]
    metals: list[str]
    walls: list[str]
    pairs: list[tuple[str, str]]
    unwrap: str
    memory: float
    surface: SurfaceChoice

    @classmethod
    def of(cls, topology: Topology, unwrap: str, memory: float, surface: SurfaceChoice) -> AtomsPresent:
        """Collect the elements of a topology; of frames with some atoms of a run, those of the run."""
        topology = topology.whole
        elements = list(dict.fromkeys(element_of(topology.species_names[s]) for s in np.unique(topology.species)))
        metals, walls = ([name for name in elements if name in kinds] for kinds in (METALS, WALL))
        return cls(elements, metals, walls, interface_pairs(topology), unwrap, memory, surface)


@dataclass(frozen=True)
class AtomsNeeded:
    """Condition on the atoms present, as a text and as a test."""

    description: str
    met: Callable[[AtomsPresent], bool]


ANY_ATOMS = AtomsNeeded("atoms", lambda present: True)
METAL = AtomsNeeded("metal atoms", lambda present: bool(present.metals))
INTERFACE = AtomsNeeded("both a wall (C, N) and a metal", lambda present: bool(present.walls and present.metals))
METAL_ALONE = AtomsNeeded(
    "metal atoms and no wall (C, N), whose own stress would be in the pressure tensor",
    lambda present: bool(present.metals) and not present.walls,
)


class NamedAnalysis(Analysis):
    """An analysis that can be selected by name in a deck or on the command line.

    `nakmd.quantity_names` lists name and class. The deck schema, the help of ``nakmd analyze``, the overview figure
    and the report read everything else from the class.

    Attributes
    ----------
    name : str
        Name in the deck and key of the results.
    title : str
        Short description of the quantity.
    panel : int or None
        Position in the overview figure, lowest first; None to omit it.
    on_request : bool
        Whether it is measured only if named: it is slow, or needs data that most runs do not store.
    atoms : AtomsNeeded
    keeps_paths : bool
        Whether it stores the paths of atoms, one object for each metal, and gets a share of the memory limit.
    origin : {"cited", "textbook", "own"}
        Source of its definition: a work in the section "References" of its docstring, any textbook, or nakmd.
    """

    title: ClassVar[str]
    panel: ClassVar[int | None]
    on_request: ClassVar[bool] = False
    atoms: ClassVar[AtomsNeeded] = ANY_ATOMS
    keeps_paths: ClassVar[bool] = False
    origin: ClassVar[Literal["cited", "textbook", "own"]] = "cited"

    @classmethod
    def for_atoms(cls, present: AtomsPresent) -> dict[str, Self]:
        """Return new analyses with default parameters, keyed by the suffix of the name: ``""``, ``"K"``, ``"C-K"``.

        The default is one analysis of all atoms; some classes return one for each metal or pair.
        """
        return {"": cls()}


class TableAnalysis(NamedAnalysis):
    """A quantity that is read from the thermo table if the run has one, as its rows are denser than the frames.

    Attributes
    ----------
    needs_table : bool
        Whether it reads both table and frames, and frames alone do not suffice.
    """

    needs_table: ClassVar[bool] = False

    @abstractmethod
    def of_table(self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice) -> Record | None:
        """Return the record of the chosen rows of the thermo table; None if the table lacks the columns."""

    def of_run(self, source: FrameSource, choice: FrameChoice, progress: FrameProgress | None = None) -> Record:
        """Measure it in the rows of the thermo table if the source has them, else in the frames."""
        fault = choice.fault(source, self)
        if fault is not None:
            raise fault
        table: Mapping[str, NDArray[Any]] = getattr(source, "thermo", None) or {}
        record = self.of_table(source_for(source, choice.presence, self), table, choice) if table else None
        if record is not None:
            return replace(record, sample=choice.table_sample(table))
        return measure_chosen(source, self, choice, progress)
