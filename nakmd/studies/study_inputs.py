"""The inputs of studies: numbers with errors, distributions and sources, from ``data/inputs.toml``.

No number of a study is in code. Heats that an analysis needs as well are in ``nakmd/reaction_heats.toml``, in the same
form. An entry is a table whose name is its key, ``study.name``:

.. code-block:: toml

    [heat.convection]
    low = 5.0                    # or value with error (one standard deviation), or value alone
    high = 15.0
    unit = "W/m²/K"
    distribution = "uniform"     # normal, uniform, log-uniform; default: what value, error, low, high say
    source = "textbook: free convection in a gas"
    doi = ""                     # optional, without "https://doi.org/"
    evidence = "assumed"         # published, measured, computed, fitted, recalled-high|medium|low, proposed,
                                 # assumed
    note = "glove box"           # optional

>>> inputs = load_inputs()
>>> inputs["exchange.pbe_substitution_na_in_k"].unit
'eV'
>>> inputs["exchange.pbe_substitution_na_in_k"].draw(1000, seed=0).shape
(1000,)
"""

from __future__ import annotations

import math
import tomllib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.analysis.numerics.statistics import format_measure
from nakmd.arrays import FloatArray
from nakmd.errors import FileFormatError, InputError, did_you_mean
from nakmd.potentials.files.texts import read_text
from nakmd.reaction_heats import HEATS_FILE
from nakmd.toml_lines import LineMap

#: Words for the reliability of a number: those of ``potentials/README.md``, what somebody measured for
#: the study, and what this project computed or assumes.
EVIDENCE = (
    "published", "measured", "computed", "fitted", "recalled-high", "recalled-medium", "recalled-low", "proposed",
    "assumed",
)  # fmt: skip

#: Numbers that each distribution needs.
DISTRIBUTIONS: Mapping[str, tuple[str, str]] = {
    "normal": ("value", "error"),
    "uniform": ("low", "high"),
    "log-uniform": ("low", "high"),
}

_NUMBERS = ("value", "error", "low", "high")
_TEXTS = ("unit", "distribution", "source", "doi", "evidence", "note")


@dataclass(frozen=True, kw_only=True)
class Input:
    """One number with its uncertainty and source.

    Attributes
    ----------
    key : str
        ``"study.name"``.
    value, error, low, high : float or None
        Value and standard deviation, or the ends of a range. A value alone is taken as exact.
    unit : str
    distribution : {"exact", "normal", "uniform", "log-uniform"}
    source, doi, evidence, note : str

    Examples
    --------
    >>> from nakmd.studies import load_inputs
    >>> x = next(iter(load_inputs().values()))
    >>> x.key, x.text, x.distribution, x.draw(3, seed=1).shape
    ('exchange.radius_error', '0.05 eV', 'exact', (3,))
    """

    key: str
    value: float | None = None
    error: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str
    distribution: str
    source: str
    evidence: str
    doi: str = ""
    note: str = ""

    @property
    def middle(self) -> float:
        """The value, or the median of the distribution."""
        if self.value is not None:
            return self.value
        assert self.low is not None and self.high is not None  # noqa: PT018  (checked when read)
        return math.sqrt(self.low * self.high) if self.distribution == "log-uniform" else 0.5 * (self.low + self.high)

    @property
    def deviation(self) -> float:
        """Standard deviation of the distribution [unit]; 0 for an exact number."""
        if self.distribution in ("exact", "normal"):
            return self.error or 0.0
        assert self.low is not None and self.high is not None  # noqa: PT018
        if self.distribution == "uniform":
            return (self.high - self.low) / math.sqrt(12.0)
        width = math.log(self.high / self.low)
        mean = (self.high - self.low) / width
        return math.sqrt((self.high**2 - self.low**2) / (2.0 * width) - mean * mean)

    @property
    def text(self) -> str:
        """Value or range with unit."""
        if self.value is None:
            return f"{self.low:g} … {self.high:g} {self.unit}".strip()
        return (
            format_measure(self.value, self.error, self.unit) if self.error else f"{self.value:g} {self.unit}".strip()
        )

    def draw(self, n: int, seed: int) -> FloatArray:
        """Return n samples, (n,). They depend on seed and key only, not on the other inputs that are drawn."""
        rng = np.random.default_rng([seed, zlib.crc32(self.key.encode())])
        if self.distribution in ("exact", "normal"):
            return self.middle + (self.error or 0.0) * rng.standard_normal(n)
        assert self.low is not None and self.high is not None  # noqa: PT018
        if self.distribution == "uniform":
            return rng.uniform(self.low, self.high, n)
        return np.exp(rng.uniform(math.log(self.low), math.log(self.high), n))

    def to_dict(self) -> dict[str, Any]:
        """Return what the entry contains."""
        return {name: entry for name, entry in asdict(self).items() if entry not in (None, "")}


class Inputs(Mapping[str, Input]):
    """Inputs by key; an unknown key is an `InputError`.

    Parameters
    ----------
    entries : mapping of str to Input

    Examples
    --------
    >>> from nakmd.studies import load_inputs
    >>> deposition = load_inputs().of("deposition")
    >>> {key: x.text for key, x in deposition.items() if key != "deposition.attempts"}
    {'deposition.current': '1 mA/cm²', 'deposition.temperature': '300 K', 'deposition.island_constant': '0.1 … 0.6 1'}
    """

    def __init__(self, entries: Mapping[str, Input]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, key: str) -> Input:
        if key not in self._entries:
            raise InputError(f"There is no input {key!r}. {did_you_mean(key, self._entries)}")
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, *studies: str) -> Inputs:
        """Return the inputs of some studies: those whose keys begin with their names."""
        return Inputs({key: entry for key, entry in self._entries.items() if key.partition(".")[0] in studies})

    def changed(self, **values: float) -> Inputs:
        """Return inputs with other values, as exact numbers; ``__`` stands for the dot of a key.

        >>> load_inputs().changed(exchange__pbe_substitution_na_in_k=0.2)["exchange.pbe_substitution_na_in_k"].middle
        0.2
        """
        entries = dict(self._entries)
        for name, value in values.items():
            old = self[name.replace("__", ".")]
            entries[old.key] = Input(
                key=old.key, value=float(value), unit=old.unit, distribution="exact", source="changed by the caller",
                evidence="proposed",
            )  # fmt: skip
        return Inputs(entries)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return all entries as plain numbers and strings: also what the digest of a point includes."""
        return {key: entry.to_dict() for key, entry in self._entries.items()}


def load_inputs(file: str | Path | None = None) -> Inputs:
    """Return the inputs of all studies.

    Parameters
    ----------
    file : path, optional
        TOML of the same form, whose entries replace those of nakmd.

    Raises
    ------
    FileFormatError
        Naming the first entry that is wrong, with its line: an unknown key or entry, another unit than that of nakmd,
        no source, a negative error, ends in the wrong order, a number that is not finite.

    Examples
    --------
    >>> from nakmd.studies import load_inputs
    >>> inputs = load_inputs()
    >>> len(inputs) > 10, next(iter(inputs))
    (True, 'exchange.radius_error')
    """
    known = _of_nakmd()
    if file is None:
        return Inputs(known)
    own = _read(Path(file), known)
    return Inputs({**known, **own})


@cache
def _of_nakmd() -> dict[str, Input]:
    files = (Path(__file__).with_name("data") / "inputs.toml", HEATS_FILE)
    return {key: entry for file in files for key, entry in _read(file, None).items()}


def _read(path: Path, known: Mapping[str, Input] | None) -> dict[str, Input]:
    """Return the entries of a file; with ``known``, other keys and other units than its are refused."""
    text = read_text(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(path, f"is no valid TOML: {error}.") from None
    lines = LineMap.of(text)
    entries: dict[str, Input] = {}
    for study, group in content.items():
        if not isinstance(group, dict):
            raise FileFormatError(
                path, f"{study} is not in a table.", "Write an input as [study.name] with value and source below.",
                lines.find((study,)),
            )  # fmt: skip
        for name, entry in group.items():
            key, line = f"{study}.{name}", lines.find((study, name))
            if known is not None and key not in known:
                raise FileFormatError(path, f"there is no input {key!r}.", did_you_mean(key, known), line)
            fault = fault_of_entry(entry)
            if fault is None and known is not None and entry["unit"] != known[key].unit:
                fault = f"the unit is {entry['unit']!r}, but the study reads {known[key].unit!r}. Convert the numbers."
            if fault is not None:
                raise FileFormatError(path, f"{key}: {fault}", "", line)
            entries[key] = Input(key=key, **filled_entry(entry))
    return entries


def fault_of_entry(entry: Any) -> str | None:
    """Return what is wrong with an entry and what to do; None if nothing is."""
    if not isinstance(entry, dict):
        return "is no table. Write [study.name] with value, unit, source and evidence below."
    for key in entry:
        if key not in (*_NUMBERS, *_TEXTS):
            return f"unknown key {key!r}. {did_you_mean(key, (*_NUMBERS, *_TEXTS))}"
    for key in _NUMBERS:
        number = entry.get(key, 0.0)
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            return f"{key} is {number!r}, which is not a finite number."
    for key in _TEXTS:
        if not isinstance(entry.get(key, ""), str):
            return f"{key} is {entry[key]!r}, which is not a text. Put it in quotation marks."
    if not entry.get("source", "").strip():
        return "has no source. Name the paper, data or assumption that the number comes from."
    if entry.get("evidence") not in EVIDENCE:
        said = f"evidence is {entry['evidence']!r}" if "evidence" in entry else "has no evidence"
        return f"{said}. Choose one of {', '.join(EVIDENCE)}."
    if "unit" not in entry:
        return 'has no unit. A pure number has unit = "1".'
    if entry.get("error", 0.0) < 0.0:
        return f"error is {entry['error']:g}, but a standard deviation is not negative."
    return _fault_of_range(entry)


def _fault_of_range(entry: Mapping[str, Any]) -> str | None:
    given = {key for key in _NUMBERS if key in entry}
    if given not in ({"value"}, {"value", "error"}, {"low", "high"}):
        return f"has {', '.join(sorted(given)) or 'no number'}. Give value, value and error, or low and high."
    word = entry.get("distribution")
    if word is not None and word not in DISTRIBUTIONS:
        return f"unknown distribution {word!r}. {did_you_mean(word, DISTRIBUTIONS)}"
    if word is not None and given != set(DISTRIBUTIONS[word]):
        return f"the distribution {word} needs {' and '.join(DISTRIBUTIONS[word])}, not {', '.join(sorted(given))}."
    if "low" in given and not entry["low"] < entry["high"]:
        return f"low is {entry['low']:g} and high is {entry['high']:g}: low must be less."
    if word == "log-uniform" and not entry["low"] > 0.0:
        return f"low is {entry['low']:g}, but a log-uniform number is positive."
    return None


def filled_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an input."""
    default = "uniform" if "low" in entry else "normal" if entry.get("error") else "exact"
    numbers = {key: float(entry[key]) for key in _NUMBERS if key in entry}
    return {"distribution": default, **dict(entry), **numbers}
