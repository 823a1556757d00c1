"""Consistency of surface tension, contact angle and work of adhesion by the Young-Dupré equation."""

from __future__ import annotations

import math

from nakmd.analysis.base import Record
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.surface_figures import SurfaceOrigin
from nakmd.errors import AnalysisError
from nakmd.units import J_PER_M2_PER_EV_A2

#: Units of tensions and of works per area, in mJ/m².
UNITS = {"mN/m": 1.0, "mJ/m²": 1.0, "N/m": 1e3, "J/m²": 1e3, "eV/Å²": 1e3 * J_PER_M2_PER_EV_A2}


class YoungDupreRecord(Record):
    """Result of the check; ``value`` is W - γ (1 + cos θ), which is zero if the three agree.

    Attributes
    ----------
    expected_adhesion : Measure [mJ/m²]
        γ (1 + cos θ).
    adhesion : Measure [mJ/m²]
        The given work of adhesion.
    expected_angle : Measure [degree]
        arccos(W/γ - 1); 0 with zero error if W exceeds 2γ, so that the liquid should spread.
    angle : Measure [degree]
    deviation : float
        ``value`` in standard errors.
    tension : Measure [mN/m]
        The tension used.
    """

    expected_adhesion: Measure
    adhesion: Measure
    expected_angle: Measure
    angle: Measure
    deviation: float
    tension: Measure

    def __str__(self) -> str:
        return (
            f"work of adhesion {self.adhesion.text}, from tension and angle {self.expected_adhesion.text}: "
            f"{abs(self.deviation):.1f} standard errors apart"
        )


def adhesion_from_angle(tension: Measure, angle: Measure) -> Measure:
    """Return the work of adhesion γ (1 + cos θ) [mJ/m²] from a surface tension and a contact angle [degree]."""
    gamma = _in_mj(tension)
    theta, spread = math.radians(angle.value), math.radians(angle.error)
    work = gamma.value * (1.0 + math.cos(theta))
    error = math.hypot(gamma.error * (1.0 + math.cos(theta)), gamma.value * math.sin(theta) * spread)
    return Measure(work, error, "mJ/m²", min(gamma.n_effective, angle.n_effective))


def angle_from_adhesion(tension: Measure, adhesion: Measure) -> Measure:
    """Return the contact angle arccos(W/γ - 1) [degree]; 0 if W > 2γ (spreading), 180 if W < 0 (no contact)."""
    gamma, work = _in_mj(tension), _in_mj(adhesion)
    cosine = work.value / gamma.value - 1.0
    independent = min(gamma.n_effective, work.n_effective)
    if not -1.0 < cosine < 1.0:
        return Measure(0.0 if cosine >= 1.0 else 180.0, 0.0, "degree", independent)
    spread = math.hypot(work.error / gamma.value, work.value * gamma.error / gamma.value**2)
    error = math.degrees(spread / math.sqrt(1.0 - cosine * cosine))
    return Measure(math.degrees(math.acos(cosine)), error, "degree", independent)


def young_dupre(
    angle: Measure | Record,
    adhesion: Measure,
    tension: Measure | SurfaceOrigin = "model",
) -> YoungDupreRecord:
    r"""Compare a work of adhesion with surface tension and contact angle.

    .. math:: W = \gamma_{lv} (1 + \cos\theta)

    Parameters
    ----------
    angle : Measure [degree] or ContactAngleRecord
        From `contact_angle`.
    adhesion : Measure [mJ/m², J/m² or eV/Å²]
        Work of adhesion per area, a free energy; an interaction energy (`affinity`) exceeds it by the cost of
        the contact to wall and liquid.
    tension : Measure [mN/m, J/m² or eV/Å²] or {"model", "experiment"}
        Surface tension of the liquid. ``"model"`` and ``"experiment"`` take that of the record of the angle, at the
        composition and the temperature of its frames; a measure is best of the same potential (`surface_tension`).

    Returns
    -------
    YoungDupreRecord
        What the other tension of the record would give is among its notes.

    Raises
    ------
    AnalysisError
        If the record of the angle has no such tension, or a unit is not one of these.

    Notes
    -----
    The three are taken as independent. For nanometre droplets the angle differs from that of a large drop by the line
    tension, and γ by the Tolman length.

    Examples
    --------
    >>> gamma, theta = Measure(70.0, 2.0, "mN/m", 50.0), Measure(90.0, 1.0, "degree", 20.0)
    >>> young_dupre(theta, Measure(0.072, 0.003, "J/m²", 30.0), gamma).expected_adhesion.text
    '70 ± 2 mJ/m²'
    """
    known = getattr(angle, "tensions", {})
    measured = Measure(float(angle.value), float(angle.error), "degree", angle.n_effective)
    if isinstance(tension, Measure):
        gamma, notes = tension, []
    elif tension in known:
        gamma, notes = known[tension], [f"tension of the {tension}: {known[tension].text}"]
    else:
        raise AnalysisError(
            f"The tension of the {tension} is not known with this angle"
            + (f"; that of the {' and the '.join(known)} is" if known else "")
            + ". Pass tension= as a Measure in mN/m, from `surface_tension` or of experiment."
        )
    for origin, other in known.items():
        if other is not gamma:
            work = adhesion_from_angle(other, measured).text
            notes.append(f"with the tension of the {origin}, {other.text}, the angle gives {work}")
    expected, given = adhesion_from_angle(gamma, measured), _in_mj(adhesion)
    difference = given.value - expected.value
    error = math.hypot(given.error, expected.error)
    return YoungDupreRecord(
        quantity="work of adhesion beyond Young-Dupré",
        value=difference,
        error=error,
        unit="mJ/m²",
        n_effective=min(given.n_effective, expected.n_effective),
        notes=("tension, angle and work taken as independent", *notes),
        expected_adhesion=expected,
        adhesion=given,
        expected_angle=angle_from_adhesion(gamma, adhesion),
        angle=measured,
        tension=_in_mj(gamma).scaled(1.0, "mN/m"),
        deviation=difference / error if error > 0.0 else math.nan,
    )


def _in_mj(measure: Measure) -> Measure:
    if measure.unit not in UNITS:
        raise AnalysisError(f"A tension or a work per area must be in {', '.join(UNITS)}, not in {measure.unit!r}.")
    return measure.scaled(UNITS[measure.unit], "mJ/m²")
