"""Data of the chemical elements: numbers, masses, radii, metal or wall, measured crystals and liquids.

The tables contain the elements that nakmd is used for. `standard_mass` and `natural_crystal` use the tables of ASE for
all others.
"""

from __future__ import annotations

from typing import Any, NamedTuple

#: Symbols by atomic number. Number 0 is the placeholder for a particle that is not an element.
SYMBOLS = tuple(
    """
    X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y
    Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os
    Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn
    Nh Fl Mc Lv Ts Og
    """.split()  # noqa: SIM905  (118 quoted strings are harder to check against a periodic table)
)
ATOMIC_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS)}

#: Elements of the liquid metal and of the wall, wherever they are distinguished.
METALS = ("Na", "K", "Rb", "Li", "Cs", "Cu", "Al")
WALL = ("C", "N")

#: Entry of a ``site`` column for an atom without a label (a column cannot be empty), and all that are read as such.
NO_SITE = "-"
_NO_SITES = (NO_SITE, "none", "")

#: Standard atomic weights [amu], IUPAC 2021 (conventional values), of the elements that decks and models may name.
MASSES = {
    "H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "Na": 22.98976928, "Al": 26.9815384,
    "Si": 28.085, "K": 39.0983, "Cu": 63.546, "Ge": 72.630, "Rb": 85.4678, "Cs": 132.90545196,
}  # fmt: skip

#: Covalent radii [Å], Cordero et al., Dalton Trans. 2832 (2008), doi:10.1039/b801115j.
COVALENT_RADII = {
    "H": 0.31, "Li": 1.28, "B": 0.84, "C": 0.76, "N": 0.71, "O": 0.66, "Na": 1.66, "Al": 1.21, "Si": 1.11, "K": 2.03,
    "Cu": 1.32, "Ge": 1.20, "Rb": 2.20, "Cs": 2.44,
}  # fmt: skip

#: Lattice constants [Å] of bcc at room temperature, recalled. The Nichol-Ackland potentials have these values at 0 K.
ROOM_TEMPERATURE_BCC = {"Na": 4.2906, "K": 5.3280}

#: C-C bond length of graphene [Å], experiment and DFT.
CC_BOND = 1.42

#: Colours in figures.
COLORS = {"C": "#5a5a5a", "N": "#0057d9", "Na": "#e69f00", "K": "#9a6fb8", "Rb": "#b0413e", "Cu": "#b87333"}

#: 0 °C [K].
_ICE_POINT = 273.15


class MeasuredCrystal(NamedTuple):
    """Measured properties of the crystal of an element.

    Attributes
    ----------
    structure : str
    length : float [Å]
        Lattice constant; for graphene the bond length.
    cohesive_energy : float [eV]
        Per atom, positive.
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
#: to Solid State Physics; Simmons & Wang, Single Crystal Elastic Constants), good to the digits shown or to a few per
#: cent: enough to detect a wrong file, but not a reference for a paper.
MEASURED_CRYSTALS = {
    "Na": MeasuredCrystal("bcc", 4.225, 1.113, (8.57, 7.11, 5.87), 370.9),
    "K": MeasuredCrystal("bcc", 5.225, 0.934, (4.16, 3.41, 2.86), 336.4),
    "Rb": MeasuredCrystal("bcc", 5.585, 0.852, (2.96, 2.44, 1.60), 312.5),
    "Fe": MeasuredCrystal("bcc", 2.866, 4.28, (230.0, 135.0, 117.0), 1811.0),
    "Al": MeasuredCrystal("fcc", 4.050, 3.39, (107.0, 61.0, 28.0), 933.0),
    "Ni": MeasuredCrystal("fcc", 3.524, 4.44, (247.0, 147.0, 125.0), 1728.0),
    "Cu": MeasuredCrystal("fcc", 3.615, 3.49, (168.0, 121.0, 75.0), 1358.0),
    "Ag": MeasuredCrystal("fcc", 4.086, 2.95, (124.0, 93.0, 46.0), 1235.0),
    "Au": MeasuredCrystal("fcc", 4.078, 3.81, (193.0, 164.0, 42.0), 1337.0),
    "C": MeasuredCrystal("graphene", CC_BOND, 7.37, None, 4500.0),
}


def element_of(species_name: str) -> str:
    """Return the element of a species name: ``"N:graphitic"`` is ``"N"``."""
    return species_name.partition(":")[0]


def species_name(element: str, site: object) -> str:
    """Return the name of a species from its element and an entry of a ``site`` column.

    Parameters
    ----------
    element : str
    site : object
        The label, or ``-``, ``none`` or nothing for an atom without one.

    Examples
    --------
    >>> species_name("N", "graphitic"), species_name("K", "-")
    ('N:graphitic', 'K')
    """
    label = str(site)
    return element if label in _NO_SITES else f"{element}:{label}"


def miswritten_symbol(name: str) -> str | None:
    """Return the symbol of the element that a species name means but writes with other capitals, else None.

    Examples
    --------
    >>> miswritten_symbol("na"), miswritten_symbol("CU"), miswritten_symbol("Na"), miswritten_symbol("water")
    ('Na', 'Cu', None, None)
    """
    element = element_of(name)
    symbol = element.capitalize()
    return symbol if element not in ATOMIC_NUMBERS and symbol in ATOMIC_NUMBERS else None


def standard_mass(element: str) -> float:
    """Return the standard atomic weight [amu] of an element, 1 if the name is not an element.

    From `MASSES` if it contains the element, else from ASE.
    """
    number = ATOMIC_NUMBERS.get(element, 0)
    if element in MASSES or not number:
        return MASSES.get(element, 1.0)
    from ase.data import atomic_masses  # noqa: PLC0415  (ASE loads slowly, and few systems need it)

    return float(atomic_masses[number])


def natural_crystal(element: str) -> tuple[str, float] | None:
    """Return structure and lattice constant [Å] of the natural crystal of an element, None if it is not a simple one.

    From `MEASURED_CRYSTALS` if it contains the element (carbon is graphene, with its bond length), else from the
    ``reference_states`` of ASE.
    """
    if element in MEASURED_CRYSTALS:
        crystal = MEASURED_CRYSTALS[element]
        return crystal.structure, crystal.length
    from ase.data import reference_states  # noqa: PLC0415  (ASE loads slowly, and few systems need it)

    number = ATOMIC_NUMBERS.get(element, 0)
    state: dict[str, Any] = dict((reference_states[number] if number else None) or {})
    if state.get("symmetry") not in ("bcc", "fcc", "hcp", "diamond", "sc") or "a" not in state:
        return None
    return str(state["symmetry"]), float(state["a"])


def sodium_density(temperature: float) -> float:
    r"""Return the density [g/cm³] of liquid sodium at zero pressure, :math:`0.9453 - 2.2473\times10^{-4}\,t`, t in °C.

    Parameters
    ----------
    temperature : float [K]

    References
    ----------
    O. J. Foust (ed.), Sodium-NaK Engineering Handbook, vol. 1, Gordon & Breach (1972), eq. 1.5.
    """
    return 0.9453 - 2.2473e-4 * (temperature - _ICE_POINT)


def potassium_density(temperature: float) -> float:
    r"""Return the density [g/cm³] of liquid potassium at zero pressure; argument and source as for `sodium_density`.

    Equation 1.8, with t in °C:

    .. math:: \rho = 0.8415 - 2.172\times10^{-4}\,t - 2.7\times10^{-8}\,t^2 + 4.77\times10^{-12}\,t^3
    """
    t = temperature - _ICE_POINT
    return 0.8415 - 2.172e-4 * t - 2.7e-8 * t**2 + 4.77e-12 * t**3
