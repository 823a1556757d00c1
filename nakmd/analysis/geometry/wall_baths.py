"""Which baths of a run act on the wall, and which on the metal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nakmd.elements import METALS, WALL
from nakmd.errors import AnalysisError
from nakmd.system import Topology

_REMEDY = "Give the measured stage two [[stage.bath]], one on the wall and one on the metal far from it."


@dataclass(frozen=True)
class WallBaths:
    """The baths of a stage with a flow of heat between wall and metal.

    Attributes
    ----------
    of_wall, of_metal : tuple of str
        Groups of the baths.
    regions : tuple of dict
        Where the baths of the metal act.
    text : str
    """

    of_wall: tuple[str, ...]
    of_metal: tuple[str, ...]
    regions: tuple[dict[str, Any], ...]
    text: str

    @classmethod
    def of(cls, source: Any, stages: Sequence[str]) -> WallBaths:
        """Return the baths of the measured stages of a source.

        Raises
        ------
        AnalysisError
            If there are none, they differ between the stages, a bath acts on both wall and metal, or one of the metal
            acts at the wall too.
        """
        known = getattr(source, "baths", {})
        given: list[list[dict[str, Any]]] = [known.get(stage, []) for stage in stages]
        if not given or not all(given):
            raise AnalysisError(f"The measured stages have no baths, so there is no known flow of heat. {_REMEDY}")
        if any(other != given[0] for other in given[1:]):
            raise AnalysisError("The measured stages have different baths. Measure one of them: stages=.")
        wall, metal, regions, words = [], [], [], []
        for bath in given[0]:
            elements = _elements(source.topology, bath["group"])
            where = bath["region"]
            beyond = "" if where is None else f" beyond {where['beyond']:g} Å"
            words.append(f"{bath['kind']} {bath['temperature'][1]:g} K on {bath['group']}{beyond}")
            if elements <= set(WALL):
                wall.append(bath["group"])
            elif elements <= set(METALS):
                metal.append(bath["group"])
                if where is None:
                    raise AnalysisError(
                        f"The bath of {bath['group']!r} acts at the wall too, so the heat through the interface is not "
                        'known. Give it a region = { center = "carbon", beyond = "14 Å" }.'
                    )
                regions.append(where)
            else:
                raise AnalysisError(f"The bath of {bath['group']!r} acts on {', '.join(sorted(elements))}. {_REMEDY}")
        if not wall or not metal:
            raise AnalysisError(f"No bath acts on the {'metal' if wall else 'wall'} alone. {_REMEDY}")
        return cls(tuple(wall), tuple(metal), tuple(regions), ", ".join(words))

    def free_distance(self, radius: float) -> float:
        """Return the distance [Å] from a sheet, or a tube of a radius > 0, of the nearest bath of the metal."""
        return min(float(region["beyond"]) for region in self.regions) - radius


def _elements(topology: Topology, group: str) -> set[str]:
    """Return the elements of the atoms of a group."""
    return {topology.elements[s] for s in set(topology.species[topology.select(group)].tolist())}
