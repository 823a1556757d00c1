"""The exact distribution of the volume of an ideal gas under a barostat."""

import numpy as np
import pytest
from fakes import drive, gas
from scipy import stats

from nakmd.integrators import VelocityVerlet, initialize_velocities
from nakmd.units import K_B

TEMPERATURE = 300.0
N = 8
PRESSURE = N * K_B * TEMPERATURE / 20.0**3


def assert_volume_has_its_gamma_distribution(thermostat, barostat, steps):
    """Compare mean, variance and distribution over a run of N atoms at `TEMPERATURE` and `PRESSURE`.

    P(V) ~ V^N exp(-P V / kT): mean (N+1) kT/P and variance (N+1) (kT/P)², also where momentum is conserved. The
    tolerance of the mean separates N + 1 from N and N + 2, which wrong measures give; the caller says why the run is
    long enough for it.
    """
    system = gas(N)
    initialize_velocities(system, TEMPERATURE, seed=1)
    volumes = []
    drive(
        system, VelocityVerlet(0.002, thermostat, barostat), steps,
        each=lambda step, r: volumes.append(system.cell.volume) if step > 500 else None,
    )  # fmt: skip
    scaled = np.array(volumes) * PRESSURE / (K_B * TEMPERATURE)
    assert scaled.mean() == pytest.approx(N + 1, abs=0.6)
    assert scaled.var() == pytest.approx(N + 1, rel=0.35)
    assert stats.kstest(scaled[::200], stats.gamma(N + 1).cdf).pvalue > 0.01
