"""Arguments of the wrong kind, as one gives them on the first day: one message each."""

import numpy as np
import pytest
from ase.build import bulk

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.integrators import Bussi, Fire, VelocityVerlet
from nakmd.io import to_atoms
from nakmd.potentials import load
from nakmd.simulation import Observer, Simulation, Stage
from nakmd.structures import crystal
from nakmd.system import System

STAGE = Stage("melt", VelocityVerlet(0.001), steps=2, initial_temperature=100.0)


class Silent(Observer):
    """Observes nothing."""

    def observe(self, frame):
        """Do nothing."""


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"potential": "nak"}, r"not the text 'nak'. Load a set by its name: nakmd.potentials.load\('nak'\)"),
        ({"system": bulk("Na", cubic=True)}, "Convert atoms of ASE by nakmd.io.from_atoms"),
        ({"stages": STAGE}, r"also for one stage: \[stage\]"),
        ({"stages": []}, "at least one stage"),
        ({"observers": [print]}, "subclass of nakmd.simulation.Observer"),
        ({"observers": [Silent(1, stages=["melted"])]}, "called 'melted', and the run has none. Did you mean \"melt\""),
    ],
)
def test_a_simulation_names_what_it_needs(changed, message):
    given = {"system": crystal("Na", 2), "potential": load("nak"), "stages": [STAGE], "observers": []} | changed
    with pytest.raises(InputError, match=message):
        Simulation(**given)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Bussi("450 K"),
        lambda: Bussi((1.0, 2.0, 3.0)),
        lambda: VelocityVerlet("1 fs"),
        lambda: Bussi(450.0, "1 ps"),
        lambda: Fire(0.02, timestep="1 fs"),
    ],
)
def test_set_points_are_numbers_outside_a_deck(make):
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((3, 4)), [0] * 4), r"positions has the shape \(3, 4\)"),
        ((np.zeros(12), [0] * 4), r"positions has the shape \(12,\)"),
        ((np.zeros((4, 3)), ["K"] * 4), "species has the shape"),
        ((np.zeros((4, 3)), [0, 1, 2, 0]), "species holds 0 to 2"),
        ((np.zeros((4, 3)), []), "species has 0 rows, positions has 4"),
        (([["a", "b", "c"]], [0]), "must be numbers"),
    ],
)
def test_shapes_of_a_system(arguments, message):
    with pytest.raises(InputError, match=message):
        System(*arguments, ["Na", "K"], Cell([9.0, 9.0, 9.0]))


def test_velocities_have_the_shape_of_positions():
    with pytest.raises(InputError, match="velocities has the shape"):
        System(np.zeros((4, 3)), [0] * 4, ["Na"], Cell([9.0, 9.0, 9.0]), velocities=np.zeros((3, 4)))


def test_a_system_as_atoms_of_ase():
    sodium = crystal("Na", 2)
    sodium.positions[0] -= sodium.cell.matrix[0]
    atoms = to_atoms(sodium)
    assert np.allclose(atoms.positions + atoms.arrays["image"] @ atoms.cell, sodium.positions)
    assert "time" not in atoms.info
