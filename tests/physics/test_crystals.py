"""Static properties of the metals and of carbon: physics.md A.1, B and G, to the digits given there."""

from functools import cache

import configurations as made
import numpy as np
import pytest
from reference import strained
from scipy.optimize import minimize_scalar

from nakmd.cell import Cell
from nakmd.potentials import evaluate, load
from nakmd.studies.relaxation import relaxed
from nakmd.system import System
from nakmd.units import BAR_PER_EV_A3, GPA_PER_EV_A3

#: a [Å], E_coh [eV], C11, C12, C44, B [GPa], unrelaxed vacancy [eV], fcc - bcc [eV].
METALS = {
    "Na": (4.2906, -1.1090, 8.20, 6.70, 5.53, 7.20, 0.365, -3.2e-3),
    "K": (5.3280, -0.9230, 4.15, 3.40, 2.85, 3.65, 0.320, -9.5e-3),
}


def crystal_energy(element, a, kind="bcc"):
    """Return the energy per atom [eV] of a perfect crystal."""
    return evaluate(load("nak-2016"), made.crystal(kind, a, 1, (element,), 1)).energies.mean()


@cache
def ground(element, kind="bcc"):
    """Return a [Å] and the energy per atom [eV] at the minimum."""
    guess = METALS[element][0] * (1.0 if kind == "bcc" else 2.0 ** (1.0 / 3.0))
    bracket = (0.98 * guess, 1.02 * guess)
    minimum = minimize_scalar(lambda a: crystal_energy(element, a, kind), bracket=bracket, tol=1e-10)
    return minimum.x, minimum.fun


@pytest.mark.parametrize("element", METALS)
def test_lattice_and_cohesion(element):
    a, energy = ground(element)
    assert a == pytest.approx(METALS[element][0], abs=5e-5)
    assert energy == pytest.approx(METALS[element][1], abs=5e-5)


@pytest.mark.parametrize("element", METALS)
def test_elastic_constants(element):
    """dσ/dε from strains of ±1e-4; the table is rounded to 0.005 GPa. Stress is -W/V."""
    system, h = made.crystal("bcc", ground(element)[0], 1, (element,), 1), 1e-4

    def stress(strain):
        moved = strained(system, strain)
        return -evaluate(load("nak-2016"), moved).virial / moved.cell.volume * GPA_PER_EV_A3

    along, shear = np.zeros((3, 3)), np.zeros((3, 3))
    along[0, 0] = h
    shear[1, 2] = shear[2, 1] = 0.5 * h
    c11, c12, c13, *_ = (stress(along) - stress(-along)) / (2 * h)
    c44 = ((stress(shear) - stress(-shear)) / (2 * h))[3]
    assert c12 == pytest.approx(c13, abs=1e-9)
    assert [c11, c12, c44, (c11 + 2 * c12) / 3] == pytest.approx(METALS[element][2:6], abs=5.5e-3)


@pytest.mark.parametrize("element", METALS)
def test_unrelaxed_vacancy(element):
    """The bcc cell with a vacancy relaxes to close packing: only the unrelaxed energy is meaningful."""
    a, energy = ground(element)
    full = made.crystal("bcc", a, 4, (element,), 1)
    missing = System(full.positions[1:], full.species[1:], full.species_names, full.cell)
    formation = evaluate(load("nak-2016"), missing).energy - missing.n_atoms * energy
    assert formation == pytest.approx(METALS[element][6], abs=5e-4)


@pytest.mark.parametrize("element", METALS)
def test_fcc_lies_below_bcc(element):
    assert ground(element, "fcc")[1] - ground(element)[1] == pytest.approx(METALS[element][7], abs=5e-5)


@pytest.mark.parametrize(
    ("solute", "host", "energy", "volume", "pressure_bar"),
    [("Na", "K", 0.014, 0.33, 24.0), ("K", "Na", 0.147, 1.86, 288.0)],
)
def test_substitution(solute, host, energy, volume, pressure_bar):
    """One solute in 432 atoms: at zero pressure its energy and volume [host atoms], at fixed cell the pressure."""
    a, e_host = ground(host)
    crystal = made.crystal("bcc", a, 6, (host,), 1)
    inside, _ = crystal.cell.wrap(crystal.positions)
    species = np.zeros(crystal.n_atoms, int)
    species[0] = 1
    system = System(inside, species, (host, solute), crystal.cell)
    free, total = relaxed(load("nak-2016"), system, free_volume=True)
    substitution = total - (system.n_atoms - 1) * e_host - ground(solute)[1]
    assert substitution == pytest.approx(energy, abs=5e-4)
    swelling = (free.cell.volume - system.cell.volume) / (system.cell.volume / system.n_atoms)
    assert swelling == pytest.approx(volume, abs=5e-3)
    virial = evaluate(load("nak-2016"), relaxed(load("nak-2016"), system)[0]).virial
    pressure = virial[:3].mean() / system.cell.volume * BAR_PER_EV_A3
    assert pressure == pytest.approx(pressure_bar, abs=0.5)


# ------------------------------------------------------------------------------------------ carbon
def sheet(bond, repeats=(2, 2)):
    """Return perfect graphene."""
    return made.sheet(repeats, seed=1, shake=0.0, strain=0.0, fraction=0.0, bond=bond)


@cache
def graphene(name):
    """Return bond [Å] and energy per atom [eV] at the minimum."""
    minimum = minimize_scalar(
        lambda bond: evaluate(load(name), made.only(sheet(bond), ("C",))).energies.mean(),
        bracket=(1.42, 1.47),
        tol=1e-10,
    )
    return minimum.x, minimum.fun


@pytest.mark.parametrize(
    ("name", "bond", "energy", "digits"), [("cn", 1.4388, -7.9777, 5e-5), ("tersoff-1989-c", 1.4606, -7.393, 5e-4)]
)
def test_graphene(name, bond, energy, digits):
    length, cohesive = graphene(name)
    assert length == pytest.approx(bond, abs=5e-5)
    assert cohesive == pytest.approx(energy, abs=digits)


def test_carbon_nitrogen_bond():
    """One nitrogen in 160 atoms, relaxed in the cell of graphene: three equal bonds."""
    doped = sheet(graphene("cn")[0], (10, 8))
    doped.species[37] = 1
    free, _ = relaxed(load("cn"), doped)
    away = free.cell.minimum_image(free.positions - free.positions[37])
    bonds = np.sort(np.linalg.norm(away, axis=1))[1:4]
    assert bonds == pytest.approx([1.4346] * 3, abs=5e-5)


def test_vacancy_of_graphene_in_this_model():
    """4.63 eV unrelaxed and 0.53 relaxed: a known deviation from the 7.5 of DFT."""
    bond, energy = graphene("cn")
    full = sheet(bond, (10, 8))
    keep = np.arange(full.n_atoms) != 37
    missing = System(full.positions[keep], full.species[keep], full.species_names, full.cell)
    assert evaluate(load("cn"), missing).energy - 159 * energy == pytest.approx(4.63, abs=5e-3)
    assert relaxed(load("cn"), missing)[1] - 159 * energy == pytest.approx(0.53, abs=5e-3)


def test_nitrogen_dimer_has_no_repulsion():
    """With A < B the bare N-N bond of this set is attractive at every distance: N2 is outside its scope."""
    energies = []
    for r in (0.05, 0.6, 1.1, 1.6):
        dimer = System([[0.0, 0.0, 0.0], [r, 0.0, 0.0]], [0, 0], ("N",), Cell([20.0] * 3, (False,) * 3))
        energies.append(evaluate(load("cn"), dimer).energy)
    assert np.all(np.diff(energies) > 0.0)
