"""Data of the elements compared with the tables of ASE and handbooks, and the time step of FIRE."""

import pytest
from ase.data import atomic_masses, atomic_numbers, chemical_symbols, covalent_radii, reference_states

from nakmd import elements
from nakmd.fire_pace import FirePace


def test_symbols_are_in_the_order_of_their_numbers():
    assert list(elements.SYMBOLS) == chemical_symbols
    assert atomic_numbers == elements.ATOMIC_NUMBERS


@pytest.mark.parametrize("element", elements.MASSES)
def test_masses_are_standard(element):
    # ASE has IUPAC 2016, where aluminium differs by 1e-7 amu
    assert elements.standard_mass(element) == pytest.approx(atomic_masses[atomic_numbers[element]], abs=2e-7)


def test_masses_beyond_the_table_are_those_of_ase():
    assert elements.standard_mass("Fe") == atomic_masses[26]
    assert elements.standard_mass("X") == elements.standard_mass("no element") == 1.0


@pytest.mark.parametrize("element", elements.COVALENT_RADII)
def test_radii_are_those_of_cordero(element):
    assert elements.COVALENT_RADII[element] == covalent_radii[atomic_numbers[element]]


def test_every_metal_and_wall_element_has_a_mass_and_a_radius():
    known = set(elements.METALS) | set(elements.WALL)
    assert known <= set(elements.MASSES)
    assert known <= set(elements.COVALENT_RADII)
    # IUPAC 2021, conventional values
    assert (elements.MASSES["Li"], elements.MASSES["Cs"]) == (6.94, 132.90545196)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("na", "Na"), ("CU", "Cu"), ("k", "K"), ("n:graphitic", "N"), ("Na", None), ("C:edge", None), ("water", None)],
)
def test_symbols_with_wrong_capitals(name, symbol):
    assert elements.miswritten_symbol(name) == symbol


def test_metal_and_wall_are_disjoint():
    assert not set(elements.METALS) & set(elements.WALL)
    assert elements.element_of("N:graphitic") in elements.WALL


@pytest.mark.parametrize("element", sorted(set(elements.MEASURED_CRYSTALS) - {"C"}))
def test_measured_crystals_are_those_of_other_tables(element):
    crystal, state = elements.MEASURED_CRYSTALS[element], reference_states[atomic_numbers[element]]
    assert elements.natural_crystal(element) == (crystal.structure, crystal.length)
    assert crystal.structure == state["symmetry"]
    assert crystal.length == pytest.approx(state["a"], abs=0.01)  # ASE gives two decimals, some at other temperatures


def test_crystals_beyond_the_table_and_none():
    assert elements.natural_crystal("Li") == ("bcc", 3.49)
    assert elements.natural_crystal("C") == ("graphene", 1.42)
    assert elements.natural_crystal("O") is elements.natural_crystal("no element") is None


def test_liquid_densities_at_the_melting_points():
    # CRC Handbook of Chemistry and Physics, recalled: 0.927 g/cm³ for Na at 371 K, 0.828 g/cm³ for K at 337 K
    assert elements.sodium_density(371.0) == pytest.approx(0.927, abs=0.005)
    assert elements.potassium_density(337.0) == pytest.approx(0.828, abs=0.005)


def test_fire_accelerates_after_its_delay_and_restarts_when_moving_uphill():
    pace = FirePace(timestep=1.0, shortest=0.4, longest=1.15, first_mixing=0.2, delay=2)
    for _ in range(2):
        pace.go_downhill()
    assert (pace.timestep, pace.mixing) == (1.0, 0.2)
    for _ in range(2):
        pace.go_downhill()
    assert pace.timestep == 1.15  # 1.1², limited by the longest time step
    assert pace.mixing == pytest.approx(0.2 * 0.99**2, rel=1e-15)  # two roundings
    for _ in range(2):
        pace.turn_back()
    assert (pace.timestep, pace.mixing, pace.downhill) == (0.4, 0.2, 0)
