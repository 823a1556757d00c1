"""A model that depends on the doping of the wall, given a doped wall and no doping."""

import warnings

import pytest
from ase import Atoms

from nakmd.ase import NakMD
from nakmd.errors import CoverageError, InputError, ModelWarning
from nakmd.potentials import load

DOPED = ["C", "N:graphitic", "Na", "K"]


def test_a_doped_wall_without_doping_is_warned_of():
    with pytest.warns(ModelWarning, match="nak-cn depends on the graphitic nitrogen"):
        load("nak-cn").bind(DOPED)


@pytest.mark.parametrize(
    ("model", "settings", "species"),
    [
        ("nak-cn", {"doping": 0.0}, DOPED),
        ("nak-cn", {"doping": 0.03}, DOPED),
        ("nak-cn", {}, ["C", "K"]),
        ("cn", {}, DOPED[:2]),
    ],
)
def test_no_warning_where_the_doping_is_given_or_does_not_matter(model, settings, species):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(model, **settings).bind(species)


def test_the_calculator_passes_settings_on():
    atoms = Atoms("CNK", positions=[[0, 0, 0], [1.42, 0, 0], [0, 0, 3.2]])
    energies = []
    for doping in (0.0, 0.03):
        atoms.calc = NakMD("nak-cn", labels=["", "graphitic", ""], doping=doping)
        energies.append(atoms.get_potential_energy())
        again = atoms.copy()
        again.calc = NakMD(load("nak-cn", doping=doping), labels=["", "graphitic", ""])
        assert again.get_potential_energy() == energies[-1]
    assert energies[0] != energies[1]


def test_unknown_settings_of_the_calculator_are_refused():
    with pytest.raises(InputError, match='Did you mean "doping"'):
        NakMD("nak-cn", dopping=0.03)
    with pytest.raises(InputError, match="give it to load"):
        NakMD(load("nak-cn"), doping=0.03)


def test_a_site_without_its_label_is_named():
    with pytest.raises(CoverageError, match="N has no site label; the model couples N:graphitic, N:pyridinic"):
        load("nak-cn").bind(["C", "N", "K"])
    with pytest.raises(CoverageError, match="It has no N:grafitic"):
        load("nak-cn").bind(["C", "N:grafitic", "K"])
    with pytest.raises(CoverageError) as failure:
        load("nak-cn").bind(["K", "Li"])
    assert "label" not in str(failure.value)
