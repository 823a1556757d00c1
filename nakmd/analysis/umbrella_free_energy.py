"""Free energy along a coordinate from harmonic windows, and what follows from it: depth of a well and occupancy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nakmd.analysis.numerics.jackknife import jackknife, merged
from nakmd.analysis.numerics.statistics import Measure, mean_with_error
from nakmd.analysis.numerics.umbrella_weights import UmbrellaWeights, independent, window_overlap
from nakmd.analysis.umbrella_record import UmbrellaRecord
from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import AnalysisError
from nakmd.units import K_B

#: Least overlap that joins two windows (0.5 for equal distributions): below, the free energy between them is a guess.
LEAST_OVERLAP = 0.03

#: Least number of samples of a window.
LEAST_SAMPLES = 10

#: Independent samples of a window below which a note names it.
FEW_SAMPLES = 20

#: Blocks of the free frames for the jackknife.
BLOCKS = 20


def umbrella_free_energy(
    centres: Sequence[float],
    springs: float | Sequence[float],
    series: Sequence[ArrayLike],
    temperature: float,
    bulk: tuple[float, float],
    *,
    volume: Callable[[FloatArray], FloatArray] | None = None,
    well: tuple[float, float] | None = None,
    free: Sequence[ArrayLike] | None = None,
    width: float = 0.1,
    coordinate: str = "ξ",
    resamples: int = 100,
) -> UmbrellaRecord:
    r"""Return the free energy along a coordinate from windows with harmonic restraints, by MBAR.

    .. math:: F(\xi) = -k_B T \ln \frac{P(\xi) / V'(\xi)}{P_b / V_b}, \qquad
              n_\mathrm{well} = \langle N_b \rangle \frac{\int_\mathrm{well} P \, d\xi}{\int_\mathrm{bulk} P \, d\xi}

    Parameters
    ----------
    centres : sequence of float [Å]
        ξ₀ of each window, at least two.
    springs : float or sequence of float [eV/Å²]
        k in U = k/2 (ξ - ξ₀)².
    series : sequence of (n,) array_like [Å]
        ξ in each window, in time, after equilibration.
    temperature : float [K]
    bulk : (float, float) [Å]
        Range in which F has the mean zero; the windows must reach it.
    volume : callable, optional
        V'(ξ), the volume at each value of the coordinate, up to a factor: 1 for the distance from a plane (default),
        R + ξ around a tube, ξ² for the distance from a point. It is divided out of P, so that F of an ideal gas is
        zero. Its term in the free energy is -kT ln V': with ξ², -2 kT ln ξ.
    well : (float, float) [Å], optional
        Default: from the first bin to the highest bin between the minimum of F and the bulk.
    free : sequence of (m,) array_like [Å], optional
        ξ of all such atoms in each frame of a run without restraints. They give ⟨N_b⟩, hence the occupancy, and the
        same free energy where atoms were seen.
    width : float [Å]
        Of the bins.
    coordinate : str
    resamples : int
        Number of bootstrap samples.

    Returns
    -------
    UmbrellaRecord

    Raises
    ------
    AnalysisError
        If there are fewer than two windows, too few samples, windows that no overlap joins, or no samples
        in well or bulk.

    Notes
    -----
    Errors are standard deviations over bootstrap samples: windows are thinned by their statistical inefficiency and
    drawn with replacement. They do not know motions that no window has seen, such as the slow exchange of other atoms
    at the site; a note names the windows with few independent samples.

    F is the work to bring one given atom to ξ at equilibrium of everything else. All atoms of a species have the same
    distribution, so it is also -kT ln of their density (`FreeEnergyProfile`) as far as the density depends on ξ alone.

    The occupancy counts atoms of the species in the well. ``transfer`` = -kT ln(occupancy) is the standard free energy
    of a site: the state of reference is the liquid itself, as much of it as contains one such atom. For the layer of a
    whole wall the occupancy grows with the area, and ``transfer`` means nothing. Near a wall, part of each sphere
    around a site is inside the wall: V' = ξ² does not know that, but ratio and occupancy do not depend on V'.

    References
    ----------
    MBAR: Shirts & Chodera, J. Chem. Phys. 129, 124105 (2008). doi:10.1063/1.2978177
    Umbrella sampling: Torrie & Valleau, J. Comput. Phys. 23, 187 (1977). doi:10.1016/0021-9991(77)90121-8

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd.analysis import umbrella_free_energy
    >>> from nakmd.units import K_B
    >>> random, kT = np.random.default_rng(1), K_B * 450.0
    >>> centres = np.arange(3.0, 8.1, 0.5)  # a spring alone, without a wall: no free energy
    >>> series = [random.normal(centre, np.sqrt(kT / 0.5), 300) for centre in centres]
    >>> result = umbrella_free_energy(centres, 0.5, series, 450.0, bulk=(6.0, 8.0), width=0.5)
    >>> result.value.round(2).tolist()
    [0.01, -0.01, -0.0, 0.0, 0.01, 0.01, 0.01, 0.01, 0.0, 0.0, -0.0, -0.0, 0.0, 0.01, -0.06]
    """
    if not (math.isfinite(temperature) and temperature > 0.0):
        raise AnalysisError(f"A free energy needs the temperature of the windows in K, above 0, got {temperature}.")
    places, stiffness, samples = _in_order(centres, springs, series)
    beta = 1.0 / (K_B * temperature)
    overlaps = _links(places, samples)
    first, last = min(x.min() for x in samples), max(x.max() for x in samples)
    edges = width * np.arange(math.floor(first / width), math.ceil(last / width) + 1)
    distance = 0.5 * (edges[1:] + edges[:-1])
    in_bulk = _bins(distance, bulk, "bulk")
    space = np.ones(len(distance)) if volume is None else np.asarray(volume(distance), dtype=np.float64)
    thinned = [independent(x) for x in samples]
    weights = UmbrellaWeights(places, stiffness, thinned, beta, edges, resamples)

    def free_energies(p: FloatArray, volumes: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = -np.log(p / volumes * (volumes[in_bulk].sum() / p[..., in_bulk].sum(axis=-1, keepdims=True))) / beta
        return np.asarray(np.where(np.isfinite(found), found, np.nan))

    value, error = _with_error(weights, lambda p: free_energies(p, space))
    flat, flat_error = _with_error(weights, lambda p: free_energies(p, np.ones(len(distance))))
    well = _default_well(distance, value, in_bulk) if well is None else well
    in_well = _bins(distance, well, "well")
    lowest = int(np.nanargmin(np.where(in_well, value, np.nan)))
    total = float(sum(len(x) for x in thinned))
    depth = Measure(-float(value[lowest]), float(error[lowest]), "eV", total)

    def ratio_of(p: FloatArray) -> FloatArray:
        return np.asarray(p[..., in_well].sum(axis=-1) / p[..., in_bulk].sum(axis=-1))

    found, spread = _with_error(weights, ratio_of)
    ratio = Measure(float(found), float(spread), "", total)
    notes = [
        f"{len(places)} windows at {temperature:g} K, {total:.0f} independent samples, joined by overlaps of "
        f"{overlaps.min():.2f} or more",
        *_poor(places, thinned),
    ]
    record = UmbrellaRecord(
        quantity=f"free energy along the distance of {coordinate}",
        value=value,
        error=error,
        unit="eV",
        n_effective=total,
        notes=tuple(notes),
        coordinate=coordinate,
        distance=distance,
        temperature=float(temperature),
        with_volume=flat,
        with_volume_error=flat_error,
        centres=places,
        springs=stiffness,
        samples=np.array([float(len(x)) for x in thinned]),
        overlaps=overlaps,
        bulk=(float(bulk[0]), float(bulk[1])),
        well=(float(well[0]), float(well[1])),
        depth=depth,
        ratio=ratio,
    )
    if free is None:
        return record
    counts = np.array([np.histogram(np.asarray(frame), edges)[0] for frame in free], dtype=np.float64)
    blocks = merged(counts, BLOCKS) if len(counts) >= BLOCKS else counts
    numbers, numbers_in_well = (mean_with_error(counts[:, bins].sum(axis=1), "") for bins in (in_bulk, in_well))
    occupancy = _product(ratio, numbers)
    return replace(
        record,
        in_bulk=numbers,
        occupancy=occupancy,
        transfer=_transfer(occupancy, beta),
        free=free_energies(counts.mean(axis=0), space),
        free_error=jackknife(blocks, lambda mean: free_energies(mean, space))[0],
        free_occupancy=numbers_in_well,
    )


def _in_order(
    centres: Sequence[float], springs: float | Sequence[float], series: Sequence[ArrayLike]
) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
    """Validate windows and return them in the order of their means, which may differ from that of the centres."""
    places = np.array([float(c) for c in centres])
    stiffness = np.broadcast_to(np.asarray(springs, dtype=np.float64), places.shape)
    samples = [np.asarray(x, dtype=np.float64).reshape(-1) for x in series]
    if len(places) < 2 or len(places) != len(samples):
        raise AnalysisError(f"A free energy needs two or more windows, got {len(places)}, with {len(samples)} series.")
    if len(np.unique(places)) < len(places) or not np.all(stiffness > 0.0):
        raise AnalysisError("The windows need different centres and positive springs.")
    for centre, x in zip(places, samples):
        if len(x) < LEAST_SAMPLES or not np.all(np.isfinite(x)):
            raise AnalysisError(
                f"The window at {centre:g} Å has {len(x)} samples, {int(np.isfinite(x).sum())} of them finite; at "
                f"least {LEAST_SAMPLES} are needed. Run longer, or write the thermo table more often."
            )
    order = np.argsort([x.mean() for x in samples])
    return places[order], stiffness[order], [samples[k] for k in order]


def _links(places: FloatArray, samples: list[FloatArray]) -> FloatArray:
    """Return the overlaps of the k - 1 links that join all windows, choosing those with the largest overlap.

    With springs that differ, or on a barrier, windows need not overlap in the order of their centres.

    Raises
    ------
    AnalysisError
        With all links that overlap too little, and what to do.
    """
    joined, left = [0], list(range(1, len(samples)))
    overlaps = {
        (i, j): (window_overlap(samples[i], samples[j]), -abs(samples[i].mean() - samples[j].mean()))
        for i in range(len(samples))
        for j in range(len(samples))
        if i < j
    }
    found, gaps, middles = [], [], []
    while left:
        i, j = max(((i, j) for i in joined for j in left), key=lambda pair: overlaps[min(pair), max(pair)])
        joined.append(j)
        left.remove(j)
        low, high = min(i, j), max(i, j)
        found.append(overlaps[low, high][0])
        if found[-1] < LEAST_OVERLAP:
            means, widths = ([float(f(samples[k])) for k in (low, high)] for f in (np.mean, np.std))
            gaps.append(
                f"{places[low]:g} and {places[high]:g} Å overlap by {found[-1]:.2g} (means {means[0]:.2f} and "
                f"{means[1]:.2f} Å, standard deviations {widths[0]:.2f} and {widths[1]:.2f} Å)"
            )
            middles.append(f"{0.5 * sum(means):.1f}")
    if gaps:
        raise AnalysisError(
            f"Windows must overlap by {LEAST_OVERLAP:g} to be joined, but those at {'; '.join(gaps)}. Add windows at "
            f"{', '.join(middles)} Å, at the end of the list so that finished ones are kept: with stiffer springs if "
            "there is a barrier, which pushes atoms away from the centre."
        )
    return np.array(found)


def _bins(distance: FloatArray, limits: tuple[float, float], what: str) -> BoolArray:
    """Return the bins whose middle is within limits."""
    inside = (distance >= limits[0]) & (distance <= limits[1])
    if not np.any(inside):
        raise AnalysisError(
            f"The {what} goes from {limits[0]:g} to {limits[1]:g} Å, but the windows have seen {distance[0]:.2f} to "
            f"{distance[-1]:.2f} Å. Choose a range inside, or add windows."
        )
    return np.asarray(inside)


def _default_well(distance: FloatArray, value: FloatArray, in_bulk: BoolArray) -> tuple[float, float]:
    """Return the range from the first bin to the barrier between the minimum and the bulk."""
    lowest = int(np.nanargmin(value))
    bulk = np.flatnonzero(in_bulk)
    between = value[lowest : max(int(bulk[0]), lowest + 1)] if lowest < bulk[-1] else value[lowest:]
    top = lowest + int(np.nanargmax(between))
    return float(distance[0]), float(distance[max(top, lowest)])


def _with_error(
    weights: UmbrellaWeights, estimate: Callable[[FloatArray], FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return an estimate and its standard deviation over the bootstrap samples; NaN where a sample has no value."""
    value = estimate(weights.probabilities)
    if len(weights.resampled) < 2:
        return value, np.full(np.shape(value), np.nan)
    return value, np.asarray(np.std(estimate(weights.resampled), axis=0, ddof=1))


def _poor(places: FloatArray, thinned: list[FloatArray]) -> list[str]:
    """Return a note on windows with few independent samples, if there are any."""
    poor = [f"{centre:g} Å ({len(x)})" for centre, x in zip(places, thinned) if len(x) < FEW_SAMPLES]
    if not poor:
        return []
    return [
        f"fewer than {FEW_SAMPLES} independent samples in the windows at {', '.join(poor)}: something slow moves "
        "there, such as the exchange of other atoms at a site, and the errors are uncertain; run longer"
    ]


def _product(ratio: Measure, number: Measure) -> Measure:
    """Return the product of two independent measures."""
    value = ratio.value * number.value
    error = math.hypot(ratio.error * number.value, ratio.value * number.error)
    return Measure(value, error, "", min(ratio.n_effective, number.n_effective))


def _transfer(occupancy: Measure, beta: float) -> Measure | None:
    """Return -kT ln(occupancy); None without atoms in the bulk."""
    if not occupancy.value > 0.0:
        return None
    value, error = -math.log(occupancy.value) / beta, occupancy.error / occupancy.value / beta
    return Measure(value, error, "eV", occupancy.n_effective)
