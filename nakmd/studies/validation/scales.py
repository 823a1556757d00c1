"""Sizes, lengths and states of the runs of a validation, quick and full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Temperature [K] of the enthalpy of mixing, the surfaces and the cells of several sizes.
MIXING_TEMPERATURE = 400.0

#: Compositions: the pure metals, and the alloy of the batteries.
SODIUM, POTASSIUM, EUTECTIC = 0.0, 1.0, 0.67

#: Compositions of the mixing enthalpy and of more densities.
MIXTURES = (0.3, 0.5, 0.7)


#: Compositions of the fluctuations of concentration: rich in Na and rich in K.
WAVES = (0.3, 0.7)


@dataclass(frozen=True)
class Scale:
    """Sizes and lengths of all runs.

    Attributes
    ----------
    temperatures : mapping of float to tuple of float [K]
        Temperatures of the liquid by composition.
    atoms, settle, npt, nvt : int, float [ps]
        Liquid: atoms, and times of equilibration, at zero pressure, at constant volume.
    seeds : int
        Number of independent runs per state.
    film_atoms, film_settle, film_time : int, float [ps]
    hot : mapping of float to tuple of float [K]
        Further temperatures by composition, for the density alone.
    films : mapping of float to tuple of float [K]
        Temperatures of the films by composition.
    crystal_cells, crystal_time : int, float [ps]
        bcc crystals at finite temperature: cubic cells along each direction, and time at zero pressure.
    melting_cells, melting_time : (int, int, int), float [ps]
        Crystal beside melt: cubic cells, and time at each temperature.
    waves : mapping of float to float [K]
        Temperature of the fluctuations of concentration, by composition.
    wave_atoms, wave_settle, wave_npt, wave_time : tuple of int, float [ps]
        Their cells, the largest first, and the times of a run.
    mixed : tuple of float
        Compositions at which the free energy of mixing has its chemical potentials.
    mixed_atoms, mixed_settle, mixed_time : int, float [ps]
    sizes : tuple of int
        Atoms of additional cells of NaK at 400 K.
    """

    temperatures: Mapping[float, tuple[float, ...]]
    atoms: int
    settle: float
    npt: float
    nvt: float
    seeds: int
    film_atoms: int
    film_settle: float
    film_time: float
    hot: Mapping[float, tuple[float, ...]] = field(default_factory=dict)
    films: Mapping[float, tuple[float, ...]] = field(
        default_factory=lambda: {x: (MIXING_TEMPERATURE,) for x in (SODIUM, POTASSIUM, EUTECTIC)}
    )
    crystal_cells: int = 6
    crystal_time: float = 60.0
    melting_cells: tuple[int, int, int] = (5, 5, 24)
    melting_time: float = 50.0
    waves: Mapping[float, float] = field(default_factory=lambda: dict.fromkeys(WAVES, MIXING_TEMPERATURE))
    wave_atoms: tuple[int, ...] = (864, 432)
    wave_settle: float = 10.0
    wave_npt: float = 20.0
    wave_time: float = 100.0
    mixed: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    mixed_atoms: int = 432
    mixed_settle: float = 5.0
    mixed_time: float = 60.0
    sizes: tuple[int, ...] = ()

    def compositions(self) -> tuple[float, ...]:
        """Return all compositions of the liquid, those with more than the density first."""
        return tuple(dict.fromkeys([*self.temperatures, *self.hot, *MIXTURES]))

    def densities(self, x_K: float) -> tuple[float, ...]:
        """Return all temperatures [K] at which the density of a composition is measured, in ascending order."""
        mixed = (MIXING_TEMPERATURE,) if x_K in MIXTURES else ()
        return tuple(sorted({*self.temperatures.get(x_K, ()), *self.hot.get(x_K, ()), *mixed}))


#: Temperatures of the two films of the alloy: the slope of the excess of K needs both.
_FILMS = {SODIUM: (400.0,), POTASSIUM: (400.0,), EUTECTIC: (400.0, 573.0)}

QUICK = Scale(
    temperatures={
        SODIUM: (373.0, 400.0, 573.0),
        POTASSIUM: (338.0, 400.0, 573.0),
        EUTECTIC: (300.0, 400.0, 573.0),
    },
    atoms=250, settle=10.0, npt=60.0, nvt=120.0, seeds=1,
    film_atoms=700, film_settle=30.0, film_time=100.0,
    hot={SODIUM: (1000.0,), POTASSIUM: (1000.0,)}, films=_FILMS,
    wave_atoms=(432,), wave_settle=5.0, wave_npt=10.0, wave_time=40.0,
    mixed=(0.1, 0.3, 0.5, 0.7, 0.9), mixed_atoms=250, mixed_settle=2.0, mixed_time=10.0,
    crystal_cells=5, crystal_time=20.0, melting_cells=(5, 5, 16), melting_time=20.0,
)  # fmt: skip

FULL = Scale(
    temperatures={
        SODIUM: (373.0, 400.0, 573.0),
        POTASSIUM: (338.0, 373.0, 400.0, 573.0),
        EUTECTIC: (300.0, 400.0, 573.0),
    },
    atoms=432, settle=15.0, npt=150.0, nvt=300.0, seeds=2,
    film_atoms=1000, film_settle=50.0, film_time=300.0,
    hot={SODIUM: (1000.0,), POTASSIUM: (1000.0,), EUTECTIC: (700.0,)}, films=_FILMS,
    sizes=(250, 1024),
)  # fmt: skip
