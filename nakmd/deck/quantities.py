"""Quantities of a deck: "1 fs", "450 K", "0.83 g/cm3" → a number in house units, and back.

A unit is a product of known symbols with integer powers: ``eV/Å²``, ``g/cm^3``, ``1/ps``, ``kJ/mol``. Mass and
energy count as independent dimensions, because the house units (eV, Å, amu, ps, K) are not coherent: a density in
amu/Å³ and a pressure in eV/Å³ are never combined in one quantity of a deck.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from nakmd import units
from nakmd.errors import nearest

#: Exponents of (energy, length, time, temperature, mass).
Dimension = tuple[int, int, int, int, int]

_JOULE = 1.0 / 1.602176634e-19
_GRAM = 1.0 / 1.66053906892e-24
_AVOGADRO = 6.02214076e23

#: Units by dimension, in multiples of the house unit.
_FACTORS: dict[Dimension, dict[str, float]] = {
    (1, 0, 0, 0, 0): {
        "eV": 1.0,
        "meV": 1e-3,
        "keV": 1e3,
        "J": _JOULE,
        "mJ": 1e-3 * _JOULE,
        "kJ": 1e3 * _JOULE,
        "cal": 4.184 * _JOULE,
        "kcal": 4184.0 * _JOULE,
    },
    (1, -1, 0, 0, 0): {"N": 1e-10 * _JOULE, "mN": 1e-13 * _JOULE, "nN": 1e-19 * _JOULE},
    (0, 1, 0, 0, 0): {
        "Å": 1.0, "A": 1.0, "angstrom": 1.0, "Angstrom": 1.0, "pm": 1e-2, "nm": 10.0, "µm": 1e4, "um": 1e4, "mm": 1e7,
        "cm": 1e8, "m": 1e10, "bohr": 0.529177210544,
    },
    (0, 0, 1, 0, 0): {
        "as": 1e-6, "fs": 1e-3, "ps": 1.0, "ns": 1e3, "µs": 1e6, "us": 1e6, "ms": 1e9, "s": 1e12,
    },
    (0, 0, 0, 1, 0): {"K": 1.0, "kK": 1e3, "mK": 1e-3},
    (1, -3, 0, 0, 0): {
        "Pa": 1e-5 / units.BAR_PER_EV_A3,
        "hPa": 1e-3 / units.BAR_PER_EV_A3,
        "kPa": 1e-2 / units.BAR_PER_EV_A3,
        "MPa": 1e1 / units.BAR_PER_EV_A3,
        "GPa": 1.0 / units.GPA_PER_EV_A3,
        "bar": 1.0 / units.BAR_PER_EV_A3,
        "kbar": 1e3 / units.BAR_PER_EV_A3,
        "Mbar": 1e6 / units.BAR_PER_EV_A3,
        "atm": 1.01325 / units.BAR_PER_EV_A3,
    },
    (0, 0, 0, 0, 1): {"amu": 1.0, "u": 1.0, "Da": 1.0, "g": _GRAM, "kg": 1e3 * _GRAM},
    (0, 0, 0, 0, 0): {"deg": 1.0, "°": 1.0, "rad": 180.0 / math.pi, "mol": _AVOGADRO, "atom": 1.0},
}  # fmt: skip
#: Units without dimension that stand only in products, such as kJ/mol.
_AMOUNTS = ("mol", "atom")
_UNITS = {symbol: (factor, dimension) for dimension, factors in _FACTORS.items() for symbol, factor in factors.items()}


@dataclass(frozen=True)
class Kind:
    """A physical dimension that a deck uses, and the units to write it in.

    Attributes
    ----------
    name : str
        ``"time"``; messages add the article.
    dimension : Dimension
    units : tuple of str
        Units to write it in, the preferred one first, the house unit (factor 1) last.
    example : str
        A valid value, shown in messages.
    """

    name: str
    dimension: Dimension
    units: tuple[str, ...]
    example: str

    @property
    def with_article(self) -> str:
        """The name with its article: ``"a time"``, ``"an energy"``."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


TIME = Kind("time", (0, 0, 1, 0, 0), ("fs", "ps"), "1 fs")
DURATION = Kind("time", (0, 0, 1, 0, 0), ("ps",), "50 ps")
LENGTH = Kind("length", (0, 1, 0, 0, 0), ("Å",), "50 Å")
TEMPERATURE = Kind("temperature", (0, 0, 0, 1, 0), ("K",), "450 K")
PRESSURE = Kind("pressure", (1, -3, 0, 0, 0), ("bar", "GPa", "eV/Å³"), "1 bar")
COMPRESSIBILITY = Kind("compressibility", (-1, 3, 0, 0, 0), ("1/GPa", "1/bar", "Å³/eV"), "0.2 1/GPa")
DENSITY = Kind("density", (0, -3, 0, 0, 1), ("g/cm³", "amu/Å³"), "0.83 g/cm3")
ENERGY = Kind("energy", (1, 0, 0, 0, 0), ("eV",), "0.05 eV")
FORCE = Kind("force", (1, -1, 0, 0, 0), ("eV/Å",), "0.01 eV/Å")
STIFFNESS = Kind("spring constant", (1, -2, 0, 0, 0), ("eV/Å²",), "2 eV/Å²")
SURFACE_ENERGY = Kind("surface energy", (1, -2, 0, 0, 0), ("J/m²", "mJ/m²", "eV/Å²"), "0.09 J/m²")
INVERSE_LENGTH = Kind("inverse length", (0, -1, 0, 0, 0), ("1/Å",), "1.8 1/Å")
ANGLE = Kind("angle", (0, 0, 0, 0, 0), ("deg",), "90 deg")

KINDS = (
    TIME, LENGTH, TEMPERATURE, PRESSURE, COMPRESSIBILITY, DENSITY, ENERGY, FORCE, STIFFNESS, INVERSE_LENGTH,
    ANGLE,
)  # fmt: skip


def kind_of(unit: str) -> Kind:
    """Return the kind of quantity whose house unit is a product of house units, such as ``"eV"`` or ``"eV Å⁶"``.

    Examples
    --------
    >>> kind_of("1/Å").name, kind_of("eV Å⁶").example
    ('inverse length', '1 eV Å⁶')
    """
    named = next((kind for kind in KINDS if kind.units[-1] == unit), None)
    if named is not None:
        return named
    unnamed = Kind("number", (0, 0, 0, 0, 0), (unit,), f"1 {unit}")
    return Kind(f"quantity in {unit}", parse_unit(unit, unnamed)[1], (unit,), f"1 {unit}")


def units_of(kind: Kind) -> tuple[str, ...]:
    """Return the units in which a quantity can be written, beside products of others: those that have a name, first.

    Examples
    --------
    >>> units_of(FORCE)
    ('eV/Å', 'N', 'mN', 'nN')
    """
    named = (unit for unit in _FACTORS.get(kind.dimension, ()) if unit not in _AMOUNTS)
    return tuple(dict.fromkeys((*kind.units, *named)))


_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$", re.DOTALL)
_FACTOR = re.compile(r"([^\d^/*·\s-]+|1)(?:\^?([+-]?\d+))?$")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_LARGEST_POWER = 9
_CELSIUS = ("°C", "degC", "celsius", "Celsius")
_ZERO_CELSIUS = 273.15


class QuantityError(ValueError):
    """A text is not a quantity of the expected kind; the message ends with a valid example."""


def parse_quantity(text: str, kind: Kind) -> float:
    """Return a quantity in house units.

    Parameters
    ----------
    text : str
        A number and a unit, such as ``"0.5 fs"``, ``"2 eV/Å^2"``, ``"177 °C"``.
    kind : Kind
        The expected kind.

    Raises
    ------
    QuantityError
        If there is no number or no unit, or the unit is unknown or of another dimension.

    Examples
    --------
    >>> parse_quantity("1 fs", TIME)
    0.001
    >>> round(parse_quantity("0.83 g/cm3", DENSITY), 6)
    0.499838
    """
    normal = text.replace("−", "-").replace("\u212b", "Å").replace("μ", "µ")  # minus sign, angstrom sign, Greek mu
    match = _NUMBER.match(normal)
    if match is None:
        raise QuantityError(f"this is not a number with a unit. {_request(kind)}")
    number, unit = float(match[1]), match[2]
    if not unit:
        raise QuantityError(f"the unit is missing. {_request(kind)}")
    if unit.startswith(","):
        raise QuantityError(f'use a decimal point, not a comma: "{text.replace(",", ".", 1).strip()}".')
    if unit in _CELSIUS and kind.dimension == TEMPERATURE.dimension:
        return number + _ZERO_CELSIUS
    factor, dimension = parse_unit(unit, kind)
    if dimension != kind.dimension:
        given = next((k.with_article for k in KINDS if k.dimension == dimension), None)
        fault = f"this is {given}, not {kind.with_article}" if given else f'"{unit}" is not a unit of {kind.name}'
        raise QuantityError(f"{fault}. {_request(kind)}")
    value = number * factor
    if not math.isfinite(value):
        raise QuantityError(f"the number is too large for a 64-bit float. {_request(kind)}")
    return value


def parse_unit(unit: str, kind: Kind) -> tuple[float, Dimension]:
    """Return the factor to house units and the dimension of a product of units; ``kind`` is for the message only."""
    factor = 1.0
    total = [0, 0, 0, 0, 0]
    sign = 1
    for part in re.split(r"(/)|[*·\s]+", unit.translate(_SUPERSCRIPTS)):
        if not part:
            continue
        if part == "/":
            sign = -1
            continue
        match = _FACTOR.match(part)
        symbol, power = (match[1], int(match[2] or 1)) if match else (part, 1)
        if abs(power) > _LARGEST_POWER:
            raise QuantityError(f'unknown unit "{unit}". {_request(kind)}')
        if symbol != "1":
            if symbol not in _UNITS:
                raise QuantityError(f'unknown unit "{unit}"{_suggest(symbol, kind)}')
            size, dimension = _UNITS[symbol]
            factor *= size ** (sign * power)
            total = [t + sign * power * d for t, d in zip(total, dimension, strict=True)]
        sign = 1
    if sign < 0:
        raise QuantityError(f'the unit "{unit}" ends in a slash. {_request(kind)}')
    return factor, (total[0], total[1], total[2], total[3], total[4])


def _suggest(symbol: str, kind: Kind) -> str:
    fitting = [known for known, (_, dimension) in _UNITS.items() if dimension == kind.dimension]
    # units of other kinds only with the same letters: the symbol may be part of a product such as "ev/Å"
    near = nearest(symbol, fitting, 0.5) or nearest(symbol, _UNITS, 1.0)
    hint = f'. Did you mean "{near}"?' if near else "."
    return f"{hint} {_request(kind)}"


def _request(kind: Kind) -> str:
    return f'Write {kind.with_article} with its unit, such as "{kind.example}".'


def format_quantity(value: float, kind: Kind) -> str:
    """Return a text that `parse_quantity` turns into exactly the same bits.

    Examples
    --------
    >>> format_quantity(0.0005, TIME)
    '0.5 fs'
    """
    candidates = []
    for unit in kind.units:
        factor, _ = parse_unit(unit, kind)
        for digits in (6, 12, 15, 17):
            text = f"{value / factor:.{digits}g} {unit}"
            if parse_quantity(text, kind) == value:
                candidates.append(text)
                break
    # of equally short texts the first unit is kept: "0.5 fs" and "1 bar", not "0.0005 ps" and "1e-04 GPa"
    return min(candidates, key=len)
