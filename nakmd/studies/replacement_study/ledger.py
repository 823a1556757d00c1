"""Energies and free energies of the reactions, with the errors of all inputs, and what an input would have to be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.studies.replacement_study import harmonic
from nakmd.studies.replacement_study.reactions import CALORIE, MASS_OF_8C, Reaction
from nakmd.studies.study_inputs import Input, Inputs
from nakmd.units import K_B, KJ_PER_MOL_PER_EV

#: Samples of the inputs.
SAMPLES = 20_000

#: eV per unit of energies, eV/K per unit of entropies, and the unit of activities.
ENERGY_UNITS: Mapping[str, float] = {
    "eV": 1.0,
    "kJ/mol": 1.0 / KJ_PER_MOL_PER_EV,
    "cal/g C": 1e-3 * CALORIE * MASS_OF_8C / KJ_PER_MOL_PER_EV,
}
ENTROPY_UNITS: Mapping[str, float] = {"J/mol/K": 1e-3 / KJ_PER_MOL_PER_EV}
ACTIVITY = "1"


@dataclass(frozen=True)
class Contribution:
    """What one input adds to ΔG.

    Attributes
    ----------
    entry : Input
    factor : float
        How often it enters.
    in_energy : bool
        Whether it is a part of ΔE.
    half : float [eV]
        Half the change of ΔG when the input goes from one standard deviation below its middle to one above.
    """

    entry: Input
    factor: float
    in_energy: bool
    half: float


class Ledger:
    r"""Energies of the reactions from stated inputs.

    .. math:: \Delta G = \Delta E + \Delta E_\mathrm{vib} - T \Delta S + n k_B T \ln(1/a_K)

    Parameters
    ----------
    inputs : Inputs
        With keys ``replacement.…``.
    quanta : mapping of str to sequence of float [eV]
        Quanta ħω of a K atom at each site. Vibrations of a site without them are left out.
    seed : int

    Notes
    -----
    All inputs are drawn independently; one that several reactions share has the same samples in all of them.
    """

    def __init__(self, inputs: Inputs, quanta: Mapping[str, list[float]], seed: int = 0) -> None:
        self._inputs, self._quanta, self._seed = inputs, quanta, seed
        self.temperature = inputs["replacement.temperature"].middle

    def energy(self, reaction: Reaction) -> tuple[float, float]:
        """Return ΔE and its standard deviation [eV]."""
        parts = self._sums(reaction.energy)
        return self._at_middle(reaction.energy), float(np.std(parts))

    def free_energy(self, reaction: Reaction) -> float:
        """Return ΔG at the middle of all inputs [eV]."""
        return self._at_middle({**reaction.energy, **reaction.thermal}) + self.vibrations(reaction)

    def samples(self, reaction: Reaction) -> FloatArray:
        """Return samples of ΔG, (n,) [eV]."""
        return self._sums({**reaction.energy, **reaction.thermal}) + self.vibrations(reaction)

    def vibrations(self, reaction: Reaction) -> float:
        """Return what the vibrations of K at its site add to ΔG [eV]; 0 without a site, or without its quanta."""
        quanta = self._quanta.get(reaction.site)
        if not quanta:
            return 0.0
        if reaction.enthalpy:
            return -self.temperature * harmonic.entropy(quanta, self.temperature)
        return harmonic.free_energy(quanta, self.temperature)

    def contributions(self, reaction: Reaction) -> list[Contribution]:
        """Return what the inputs add, the one whose error matters most first: the tornado."""
        found = []
        for name, factor in {**reaction.energy, **reaction.thermal}.items():
            entry = self._inputs[f"replacement.{name}"]
            ends = [entry.middle + sign * entry.deviation for sign in (-1.0, 1.0)]
            low, high = (self._in_ev(entry, np.array([end]))[0] for end in ends)
            found.append(Contribution(entry, factor, name in reaction.energy, 0.5 * factor * float(high - low)))
        return sorted(found, key=lambda c: -abs(c.half))

    def needed(self, reaction: Reaction, contribution: Contribution, of_energy: bool = False) -> float:
        """Return the value of one input for which ΔG (or ΔE) is zero while all others keep their middle.

        NaN if the input does not enter ΔE and that is asked for.
        """
        entry = contribution.entry
        if of_energy and not contribution.in_energy:
            return math.nan
        total = self.energy(reaction)[0] if of_energy else self.free_energy(reaction)
        now = float(self._in_ev(entry, np.array([entry.middle]))[0])
        return self._from_ev(entry, now - total / contribution.factor)

    def _at_middle(self, factors: Mapping[str, float]) -> float:
        entries = [(self._inputs[f"replacement.{name}"], factor) for name, factor in factors.items()]
        return sum(factor * float(self._in_ev(entry, np.array([entry.middle]))[0]) for entry, factor in entries)

    def _sums(self, factors: Mapping[str, float]) -> FloatArray:
        total = np.zeros(SAMPLES)
        for name, factor in factors.items():
            entry = self._inputs[f"replacement.{name}"]
            total += factor * self._in_ev(entry, entry.draw(SAMPLES, self._seed))
        return total

    def _in_ev(self, entry: Input, values: FloatArray) -> FloatArray:
        """Return what values of an input are in a free energy [eV]: entropies as -TS, activities as kT ln a."""
        if entry.unit == ACTIVITY:
            return np.asarray(K_B * self.temperature * np.log(values))
        return np.asarray(values * self._scale(entry.unit))

    def _from_ev(self, entry: Input, value: float) -> float:
        if entry.unit == ACTIVITY:
            return math.exp(value / (K_B * self.temperature))
        return value / self._scale(entry.unit)

    def _scale(self, unit: str) -> float:
        """Return eV per unit."""
        return -self.temperature * ENTROPY_UNITS[unit] if unit in ENTROPY_UNITS else ENERGY_UNITS[unit]
