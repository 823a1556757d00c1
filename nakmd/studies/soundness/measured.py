"""A few measured crystals to hold a potential against, for orientation: recalled, not a reference for a paper."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasuredCrystal:
    """Figures of a pure crystal.

    Attributes
    ----------
    structure : str
    length : float [Å]
        Lattice constant; of graphene the bond.
    cohesive_energy : float [eV]
    elastic : (float, float, float) [GPa] or None
        C11, C12, C44.
    melting : float [K]
    """

    structure: str
    length: float
    cohesive_energy: float
    elastic: tuple[float, float, float] | None
    melting: float


#: Na and K: C_ij at 78 and 4 K, a at 5 K. The rest at room temperature. Recalled from handbooks (Kittel, Introduction
#: to Solid State Physics; Simmons & Wang, Single Crystal Elastic Constants), good to the digits shown or to
#: a few per cent: enough to tell a wrong file from a right one.
MEASURED = {
    "Na": MeasuredCrystal("bcc", 4.225, 1.113, (8.57, 7.11, 5.87), 370.9),
    "K": MeasuredCrystal("bcc", 5.225, 0.934, (4.16, 3.41, 2.86), 336.4),
    "Rb": MeasuredCrystal("bcc", 5.585, 0.852, (2.96, 2.44, 1.60), 312.5),
    "Fe": MeasuredCrystal("bcc", 2.866, 4.28, (230.0, 135.0, 117.0), 1811.0),
    "Al": MeasuredCrystal("fcc", 4.050, 3.39, (107.0, 61.0, 28.0), 933.0),
    "Ni": MeasuredCrystal("fcc", 3.524, 4.44, (247.0, 147.0, 125.0), 1728.0),
    "Cu": MeasuredCrystal("fcc", 3.615, 3.49, (168.0, 121.0, 75.0), 1358.0),
    "Ag": MeasuredCrystal("fcc", 4.086, 2.95, (124.0, 93.0, 46.0), 1235.0),
    "Au": MeasuredCrystal("fcc", 4.078, 3.81, (193.0, 164.0, 42.0), 1337.0),
    "C": MeasuredCrystal("graphene", 1.42, 7.37, None, 4500.0),
}
