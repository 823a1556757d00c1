"""Counter-based random numbers: published test vectors, distributions, and dependence on the counter only."""

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from nakmd.kernels import random

# With a fixed seed each p-value is one draw: a correct generator fails with probability 1/100, once and for all.
SMALLEST_P = 0.01

# Known answers of Random123 for philox4x32-10: counter (4), key (2), result (4).
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def noise(n, seed=1, stream=2, step=3, first=0):
    out = np.empty((3, n))
    random.fill_gaussians(seed, stream, step, first, n, np.empty((4, n), np.uint64), out)
    return out


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_philox_known_answers(counter, key, result):
    assert tuple(int(word) for word in random.philox_block(*counter, *key)) == result


def test_vector_and_scalar_versions_agree():
    seed, step, stream = (5 << 32) + 7, (3 << 32) + 11, 4
    for atom, row in enumerate(noise(9, seed, stream, step).T):
        words = random.philox_block(atom, step & 0xFFFFFFFF, step >> 32, stream, seed & 0xFFFFFFFF, seed >> 32)
        x, y = random.gaussian_pair(words[0], words[1])
        z, _ = random.gaussian_pair(words[2], words[3])
        assert np.array_equal(row, [x, y, z])


def test_noise_depends_on_the_atom_not_on_its_array_index():
    assert np.array_equal(noise(100)[:, 40:], noise(60, first=40))


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"seed": 1 + (1 << 32)}, {"stream": 3}, {"step": 4}, {"step": 3 + (1 << 32)}]
)
def test_every_part_of_the_counter_counts(change):
    # 30,000 products of independent Gaussians: mean 0, standard deviation below 1/170.
    a, b = noise(10000).ravel(), noise(10000, **change).ravel()
    assert abs(np.mean(a * b)) < 4.0 / 170.0
    assert not np.any(a == b)


def test_gaussians_are_gaussian():
    values = noise(50000)
    for row in values:
        assert stats.kstest(row, "norm").pvalue > SMALLEST_P
    assert stats.kurtosistest(values.ravel()).pvalue > SMALLEST_P
    # Three correlations of 50,000 pairs, each with standard deviation 1/sqrt(50,000).
    assert np.abs(np.corrcoef(values) - np.eye(3)).max() < 4.0 / np.sqrt(50000)


def test_directions_are_uniform_on_the_circle():
    words = np.random.default_rng(1).integers(0, 2**32, 20000, dtype=np.uint64)
    points = np.array([random.random_direction(word) for word in words])
    assert np.abs(np.hypot(*points.T) - 1.0).max() < 4e-16  # two roundings
    angles = np.arctan2(points[:, 1], points[:, 0]) / (2.0 * np.pi) + 0.5
    assert stats.kstest(angles, "uniform").pvalue > SMALLEST_P
    # The lower 30 bits give the angle within a quadrant, the upper two the quadrant.
    expected = (((words & np.uint64(0x3FFFFFFF)) + 0.5) / 2.0**30 - 0.5) / 4.0 + (words >> np.uint64(30)) / 4.0
    turned = np.exp(2j * np.pi * expected)
    assert np.abs(points[:, 0] + 1j * points[:, 1] - turned).max() < 1e-15


def test_logarithm_is_correct_to_the_last_place():
    rng = np.random.default_rng(2)
    for x in np.concatenate(
        [rng.uniform(0.0, 1.0, 2000), 10.0 ** rng.uniform(-10, 10, 2000), [2.0**-33, 0.5, 1.0 - 2.0**-33]]
    ):
        assert abs(random.natural_log(x) - np.log(x)) <= 1.5 * np.spacing(abs(np.log(x)))


def test_unit_interval_is_open():
    assert random.to_unit(np.uint64(0)) == 2.0**-33
    assert random.to_unit(np.uint64(0xFFFFFFFF)) == 1.0 - 2.0**-33


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.5, 300.0])
def test_gamma(shape):
    values = [random.gamma(shape, 9, 1, step, 0) for step in range(5000)]
    assert stats.kstest(values, stats.gamma(shape).cdf).pvalue > SMALLEST_P


def test_sum_of_squares_is_chi_squared():
    values = [random.sum_of_squares(7, 1, 1, step, 0) for step in range(5000)]
    assert stats.kstest(values, stats.chi2(7).cdf).pvalue > SMALLEST_P
    assert random.sum_of_squares(0, 1, 1, 1, 0) == 0.0


def test_uncompiled_noise_has_the_same_bits():
    script = (
        "import numpy as np; from nakmd.kernels import random as r; out = np.empty((3, 5));"
        "r.fill_gaussians(1, 2, 3, 0, 5, np.empty((4, 5), np.uint64), out);"
        "print(out.tobytes().hex(), r.gamma(3.0, 1, 2, 3, 0).hex())"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, "NUMBA_DISABLE_JIT": flag},
            capture_output=True, text=True, check=True,
        ).stdout
        for flag in ("0", "1")
    ]  # fmt: skip
    assert answers[0] == answers[1]
    assert answers[0].split()[0] == noise(5).tobytes().hex()
