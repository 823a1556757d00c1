"""Analyses of frames that lack atoms of their run: equal to those of all frames, or refused."""

import dataclasses

import numpy as np
import pytest

from nakmd import analysis
from nakmd.analysis import FrameList, lacking_analyses, standard_analyses, unmeasured_quantities
from nakmd.analysis.pressure_tensor import refuse_wall
from nakmd.cell import Cell
from nakmd.errors import AnalysisError, InputError
from nakmd.io.frame_atoms import FrameAtoms
from nakmd.system import Frame, System

NAMES = ("C", "N:graphitic", "Na", "K")


def make_frames(n_frames=40, n=120, seed=4):
    """Return topology and frames of a random walk that drifts, in a cell that breathes and that atoms leave."""
    rng = np.random.default_rng(seed)
    species = np.repeat(np.arange(4), [40, 4, 38, 38])
    state = System(
        rng.random((n, 3)) * 24.0, species, NAMES, Cell([24.0] * 3),
        groups={"carbon": species < 2, "liquid": species >= 2, "few": np.arange(n) % 7 == 6},
    )  # fmt: skip
    frames, paths, velocities = [], state.positions.copy(), rng.normal(0.0, 3.0, (n, 3))
    for k in range(n_frames):
        paths = paths + rng.normal(0.0, 0.5, paths.shape) + [0.4, -0.2, 0.1]
        cell = Cell([24.0 + 0.2 * np.sin(k)] * 3)
        positions, images = cell.wrap(paths)
        velocities = 0.9 * velocities + rng.normal(0.1, 1.3, paths.shape)
        frames.append(Frame(k, 0.01 * k, positions, images, cell, velocities, stage="produce"))
    return state.topology, frames


@pytest.fixture(scope="module")
def sources():
    """Return the source of all atoms, and a function that keeps the atoms of some words."""
    topology, frames = make_frames()

    def part(*words):
        atoms = FrameAtoms.chosen(topology, topology.select_any(words))
        return FrameList(atoms.topology, [atoms.of(frame) for frame in frames])

    return FrameList(topology, frames), part


@pytest.mark.parametrize("drift", ["all", "liquid", None])
@pytest.mark.parametrize("measure", [analysis.diffusion, analysis.velocity_correlation])
def test_motion_is_that_in_all_frames_also_relative_to_all_atoms(sources, measure, drift):
    """The drift is read from the stored centre of mass: sums in another order."""
    whole, part = sources
    one, two = (measure(source, "K", drift=drift) for source in (whole, part("liquid")))
    assert one.value == pytest.approx(two.value, rel=1e-10)
    name = "msd" if measure is analysis.diffusion else "vacf"
    np.testing.assert_allclose(getattr(two, name), getattr(one, name), rtol=1e-10, atol=1e-12)
    if drift is None:
        with_drift = measure(whole, "K", drift="all")
        assert abs(with_drift.value - one.value) > 1e-3 * abs(one.value)  # the drift matters


def test_structure_is_that_in_all_frames(sources):
    whole, part = sources
    for a, b in (("Na", "K"), ("K", "K")):
        one, two = (analysis.rdf(source, a, b, r_max=8.0) for source in (whole, part("liquid")))
        assert np.array_equal(one[a, b].value, two[a, b].value)
    every = analysis.rdf(part("liquid"), r_max=8.0)
    assert set(every.pairs) == {("Na", "Na"), ("Na", "K"), ("K", "K")}
    one, two = (analysis.coordination(source, "N", "K", cutoff=5.0) for source in (whole, part("N", "K")))
    assert one.value == two.value


@pytest.mark.parametrize(
    ("words", "measure"),
    [
        (["liquid"], analysis.affinity),
        (["liquid"], analysis.density),
        (["liquid"], lambda s: analysis.residence(s, "K")),
        (["liquid"], lambda s: analysis.rdf(s, "C", "K")),
        (["liquid"], lambda s: analysis.coordination(s, "all", "K", cutoff=4.0)),
        (["K"], lambda s: analysis.diffusion(s, "K", drift="liquid")),
        (["few"], lambda s: analysis.diffusion(s, "K")),
        (["few"], analysis.rdf),
        (["K"], analysis.structure_factor),
        (["K"], analysis.short_range_order),
        (["liquid"], analysis.thermo),
    ],
)
def test_what_reads_lacking_atoms_is_refused(sources, words, measure):
    """A part of the potassium has neither its density nor its drift; a wall without carbon has no plane."""
    with pytest.raises(AnalysisError, match=r"the trajectory lacks: \d+ .*Store them with \[output\] atoms"):
        measure(sources[1](*words))


def test_the_stress_of_a_wall_that_is_not_stored_is_still_in_the_tensor(sources):
    with pytest.raises(AnalysisError, match="a wall of C, N:graphitic"):
        refuse_wall(sources[1]("liquid").topology, "Viscosity")  # of the thermo table, which is that of all atoms
    with pytest.raises(AnalysisError, match="no wall"):
        standard_analyses(sources[1]("liquid").topology, ["viscosity"])


def test_the_drift_of_all_atoms_is_not_that_of_some(sources):
    part = sources[1]("liquid")
    bare = FrameList(part.topology, [dataclasses.replace(f, center=None, center_velocity=None) for f in part])
    for measure in (analysis.diffusion, analysis.velocity_correlation):
        with pytest.raises(AnalysisError, match="no centre of mass"):
            measure(bare, "K")


def test_which_quantities_frames_allow(sources):
    whole, part = sources
    liquid, potassium = part("liquid").topology, part("K").topology
    assert list(standard_analyses(liquid)) == ["thermo", "rdf", "diffusion Na", "diffusion K"]
    assert unmeasured_quantities(whole.topology) == ()
    assert {"affinity", "density", "coordination"} <= set(unmeasured_quantities(liquid))
    assert "diffusion Na" in unmeasured_quantities(potassium)
    assert not {"diffusion", "diffusion K"} & set(unmeasured_quantities(potassium))
    assert list(standard_analyses(potassium, ["diffusion"])) == ["diffusion K"]
    assert list(lacking_analyses(potassium, ["diffusion"])) == ["diffusion Na"]
    with pytest.raises(AnalysisError, match="affinity reads atoms"):
        standard_analyses(liquid, ["rdf", "affinity"])


def test_one_refused_quantity_leaves_the_others(sources):
    found = analysis.analyze(sources[1]("K"), ["affinity", "diffusion"])
    assert isinstance(found["affinity"], AnalysisError)
    assert isinstance(found["diffusion Na"], AnalysisError)
    assert found["diffusion K"].value == analysis.diffusion(sources[1]("K"), "K").value


def test_a_part_of_a_part_and_words_for_lacking_atoms(sources):
    liquid = sources[1]("liquid").topology
    potassium = liquid.part(liquid.select("K"))
    assert np.array_equal(potassium.run_indices, np.flatnonzero(sources[0].topology.select("K")))
    assert potassium.whole is sources[0].topology
    assert potassium.lacking(["Na", "K"]) == {"Na": 38}
    with pytest.raises(InputError, match="lacks the atoms 'carbon' of its run"):
        liquid.select("carbon")
    with pytest.raises(InputError, match="No atoms are called 'lead'"):
        liquid.select("lead")
