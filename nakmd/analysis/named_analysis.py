"""What an analysis says of itself so that decks, the shell, tables, figures and reports know it by name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np

from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.drive import FrameSource
from nakmd.analysis.geometry.contact_distances import interface_pairs
from nakmd.elements import METALS, WALL, element_of
from nakmd.system import Topology


@dataclass(frozen=True)
class AtomsPresent:
    """What a topology offers to analyses.

    Attributes
    ----------
    elements, metals, walls : list of str
        All elements with atoms, and those of them that are metals or make walls.
    pairs : list of (str, str)
        Elements of the wall, each with every metal.
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
    def of(cls, topology: Topology, unwrap: str, memory: float) -> AtomsPresent:
        """Look at the atoms."""
        elements = list(dict.fromkeys(element_of(topology.species_names[s]) for s in np.unique(topology.species)))
        metals, walls = ([name for name in elements if name in kinds] for kinds in (METALS, WALL))
        return cls(elements, metals, walls, interface_pairs(topology), unwrap, memory)


@dataclass(frozen=True)
class AtomsNeeded:
    """What atoms a quantity needs, in words and as a test."""

    words: str
    met: Callable[[AtomsPresent], bool]


ANY_ATOMS = AtomsNeeded("atoms", lambda here: True)
METAL = AtomsNeeded("metal atoms", lambda here: bool(here.metals))
INTERFACE = AtomsNeeded("both a wall (C, N) and a metal", lambda here: bool(here.walls and here.metals))
METAL_ALONE = AtomsNeeded(
    "metal atoms and no wall (C, N), whose own stress would be in the pressure tensor",
    lambda here: bool(here.metals) and not here.walls,
)


class NamedAnalysis(Analysis):
    """An analysis that decks and the shell know by name.

    Its name and class are one line in `nakmd.quantity_names`. Everything that is said of the quantity elsewhere (the
    schema of the deck, the help of ``nakmd analyze``, the overview figure, the report) is read from the class.

    Attributes
    ----------
    name : str
        Word of the deck, key of the results.
    title : str
        What it measures, in a few words.
    panel : int or None
        Place in the overview figure, lowest first; None for none.
    on_request : bool
        Whether it is measured only where it is named: it takes long, or needs more than most runs store.
    atoms : AtomsNeeded
    keeps_paths : bool
        Whether it keeps the paths of atoms, one object for each metal, and so takes a share of the memory for them.
    origin : {"cited", "textbook", "own"}
        Where its definition is from: a work in the section "References" of its docstring, any textbook, or nakmd.
    """

    title: ClassVar[str]
    panel: ClassVar[int | None]
    on_request: ClassVar[bool] = False
    atoms: ClassVar[AtomsNeeded] = ANY_ATOMS
    keeps_paths: ClassVar[bool] = False
    origin: ClassVar[Literal["cited", "textbook", "own"]] = "cited"

    @classmethod
    def for_atoms(cls, here: AtomsPresent) -> dict[str, Self]:
        """Return fresh analyses with their defaults, by what follows the name in their key: ``""``, ``"K"``, ``"C-K"``.

        One that measures everything, unless a class makes one for each metal or pair.
        """
        return {"": cls()}


class TableAnalysis(NamedAnalysis):
    """A quantity that is read from the thermo table of a run where there is one: it is denser than the frames."""

    @classmethod
    @abstractmethod
    def of_run(cls, source: FrameSource, stage: str | Sequence[str] | None) -> Record:
        """Measure it in a source that has a thermo table; from its frames if the table lacks what is needed."""
