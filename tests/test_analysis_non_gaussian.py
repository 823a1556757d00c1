"""The non-Gaussian parameter, on walks whose parameter is known."""

import numpy as np
import pytest
from synthetic import frame, random_walk, topology

from nakmd.analysis import FrameList, NonGaussian, non_gaussian
from nakmd.cell import Cell
from nakmd.errors import AnalysisError


def two_kinds(seed, n_atoms, n_frames, fast=0.5, slow=0.05):
    """Brownian atoms, every other one with a small diffusion coefficient, and the parameter of their mixture."""
    rng = np.random.default_rng(seed)
    d = np.where(np.arange(n_atoms) % 2, fast, slow)
    paths = np.cumsum(rng.normal(size=(n_frames, n_atoms, 3)) * np.sqrt(0.2 * d)[:, None], axis=0)
    cell = Cell([30.0] * 3)
    frames = [frame(cell, x, step, 0.1 * step) for step, x in enumerate(paths)]
    # <Δr⁴> of a Gaussian is 5/3 <Δr²>², so of a mixture it is 5/3 <D²>/<D>² of the mean square
    return FrameList(topology(["K"], np.zeros(n_atoms)), frames), np.mean(d**2) / np.mean(d) ** 2 - 1.0


def test_brownian_motion_is_gaussian():
    record = non_gaussian(random_walk(1, 400, 400)[0])
    # 16 groups: Student's t at 99.9 % is 4.1, and the first lags are the best known
    assert np.all(np.abs(record.alpha[:8]) < 4.1 * record.alpha_error[:8])
    assert np.all(record.alpha_error[:8] < 0.02)  # 400 atoms x 400 origins of kurtosis: sqrt(8/15/160000) = 0.002


def test_fast_and_slow_atoms_give_the_parameter_of_their_mixture():
    source, expected = two_kinds(2, 600, 300)
    record = non_gaussian(source)
    assert expected > 0.6
    # as above; atoms of either kind are in every group alike
    assert np.all(np.abs(record.alpha[:8] - expected) < 4.1 * record.alpha_error[:8])
    assert np.all(record.alpha_error[:8] < 0.05 * expected)


def test_one_jump_of_some_atoms_gives_a_peak_that_can_be_counted():
    jumping, n_atoms = 20, 200
    cell = Cell([30.0] * 3)
    rng = np.random.default_rng(3)
    sites = rng.uniform(0.0, 30.0, (n_atoms, 3))
    ways = rng.normal(size=(jumping, 3))
    ways /= np.linalg.norm(ways, axis=1)[:, None]
    ways = np.concatenate([ways, -ways])  # the centre of mass stays
    frames = []
    for step in range(40):
        positions = sites.copy()
        positions[: 2 * jumping] += ways * (step >= 20)
        frames.append(frame(cell, positions, step, float(step)))
    record = non_gaussian(FrameList(topology(["K"], np.zeros(n_atoms)), frames))
    # at lag t, a share p = t/(40 - t) of the origins and 40 of 200 atoms see a displacement of 1 Å:
    # <Δr²> = <Δr⁴> = p/5, so α₂ = 3/(p) - 1
    share = record.lag / (40.0 - record.lag)
    np.testing.assert_allclose(record.alpha, 3.0 / share - 1.0, rtol=1e-9)  # rounding of positions in the cell
    assert record.peak == 1.0
    assert record.value == pytest.approx(3.0 * 39.0 - 1.0, rel=1e-9)  # as above


def test_what_it_cannot_do_it_says():
    few, _ = random_walk(1, 8, 40)
    with pytest.raises(AnalysisError, match=r"needs at least 16 atoms .* K has 8"):
        non_gaussian(few)
    with pytest.raises(AnalysisError, match="needs at least 16 frames"):
        non_gaussian(random_walk(1, 32, 10)[0])
    sites = np.random.default_rng(1).uniform(0.0, 20.0, (32, 3))
    analysis = NonGaussian("K")
    analysis.prepare(topology(["K"], np.zeros(32)))
    for step in range(20):
        analysis.update(frame(Cell([20.0] * 3), sites, step, float(step)))
    with pytest.raises(AnalysisError, match="no atom of K moves"):
        analysis.result()
