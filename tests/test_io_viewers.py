"""Names and elements in other programs: MDAnalysis and OVITO."""

import warnings

import numpy as np
import pytest

from nakmd.elements import element_of
from nakmd.io import convert
from tests import io_samples as samples
from tests.test_io_foreign import write_foreign


def names_of(state) -> list[str]:
    return [element_of(state.species_names[row]) for row in state.species]


@pytest.fixture
def state():
    return samples.system(n=40)


def universe_of(*paths):
    mda = pytest.importorskip("MDAnalysis")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within MDAnalysis
        return mda.Universe(*map(str, paths))


def test_mdanalysis_selects_by_name_element_and_species(tmp_path, state):
    pytest.importorskip("MDAnalysis")
    import nakmd.io.mdanalysis  # noqa: F401  (registers the parser)

    universe = universe_of(samples.write(tmp_path / "t.h5md", state, range(4)))
    names = names_of(state)
    assert universe.atoms.names.tolist() == names
    assert universe.atoms.elements.tolist() == names
    for element in ("K", "N", "C", "Na"):
        expected = [k for k, name in enumerate(names) if name == element]
        assert expected
        assert universe.select_atoms(f"name {element}").indices.tolist() == expected
        assert universe.select_atoms(f"element {element}").indices.tolist() == expected
    graphitic = np.flatnonzero(state.species == state.species_names.index("N:graphitic"))
    assert universe.select_atoms("type N:graphitic").indices.tolist() == graphitic.tolist()
    np.testing.assert_allclose(universe.atoms.masses, state.masses)
    near = universe.select_atoms("name K and around 4 element C")
    assert 0 < len(near) < names.count("K")
    assert len(universe.trajectory) == 4


def test_mdanalysis_gets_the_names_of_other_programs(tmp_path):
    pytest.importorskip("MDAnalysis")
    from nakmd.io.mdanalysis import H5MDParser

    topology = H5MDParser(str(write_foreign(tmp_path / "f.h5md"))).parse()
    assert topology.names.values.tolist() == topology.elements.values.tolist() == ["K", "C"]


def test_mdanalysis_with_a_converted_frame(tmp_path, state):
    """Without the parser: the frame tells the names, the trajectory the motion."""
    path = samples.write(tmp_path / "t.h5md", state, range(4))
    convert(path, tmp_path / "atoms.xyz", frames=0)
    universe = universe_of(tmp_path / "atoms.xyz", path)
    assert universe.atoms.names.tolist() == names_of(state)
    assert len(universe.trajectory) == 4


@pytest.mark.parametrize("suffix", ["xyz", "dump"])
def test_ovito_opens_what_is_converted(tmp_path, state, suffix):
    """OVITO has no reader of H5MD; it reads extended XYZ, and dumps with velocities and images."""
    io = pytest.importorskip("ovito.io")
    convert(samples.write(tmp_path / "t.h5md", state, range(4)), tmp_path / f"t.{suffix}")
    pipeline = io.import_file(str(tmp_path / f"t.{suffix}"))
    assert pipeline.source.num_frames == 4
    frame, data = samples.frame(state, 3), pipeline.compute(3)
    types = {kind.id: kind.name for kind in data.particles.particle_types.types}
    assert [types[k] for k in data.particles.particle_types] == names_of(state)
    # eight decimals in extended XYZ, ten digits in a dump
    np.testing.assert_allclose(data.particles.positions, frame.positions, atol=1e-8)
    np.testing.assert_allclose(data.cell[:, :3].T, frame.cell.matrix, rtol=1e-12, atol=1e-12)
    assert tuple(data.cell.pbc) == tuple(state.cell.periodic)
    if suffix == "dump":
        np.testing.assert_allclose(data.particles["Velocity"], frame.velocities, rtol=1e-9)
        assert np.array_equal(data.particles["Periodic Image"], frame.images)
