"""Heat current of a Tersoff tube against LAMMPS, which has energies by atom and no current of many-body potentials."""

import importlib.util

import numpy as np
import pytest

from nakmd.resources import data_folder

SCRIPT = data_folder("examples").parent / "benchmarks" / "conductivity.py"


@pytest.fixture(scope="module")
def script():
    specification = importlib.util.spec_from_file_location("conductivity", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    import sys

    sys.modules["conductivity"] = module  # a dataclass looks its module up
    specification.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.lammps
def test_current_is_the_motion_of_the_energies_of_lammps(script):
    """0.4 ps from one state. Bonds are divided between their atoms in another way, which moves M by 1 eV Å at most.

    The integral of LAMMPS's ``heat/flux`` of ``stress/atom`` departs from both: the check would see such a current.
    """
    tube = script.equilibrated(1, 2000)
    ours, temperature = script.nakmd_moment(tube, 800)
    theirs, group_stress = script.lammps_moments(tube, 800)
    assert 400.0 < temperature < 900.0
    apart, apart_group = (np.std(other - other[0] - ours) for other in (theirs, group_stress))
    assert np.std(ours) > 5.0
    assert apart < 0.1 * np.std(ours)
    assert apart_group > 2.0 * apart


@pytest.mark.slow
@pytest.mark.lammps
def test_table_of_the_script(script, capsys):
    table = script.main(2, 2000, 4000)
    text = capsys.readouterr().out
    for way in script.WAYS:
        assert f"| {way} | " in text
        assert table[way].shape == (2, round(script.WINDOW / (script.EVERY * script.TIMESTEP)))
