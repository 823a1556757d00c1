"""Atoms deposited on the (110) faces of Na and K: sticking, and the mixing that tells the two metals apart."""

import pytest

from nakmd.analysis import Growth, Sticking
from nakmd.integrators import Deposit, Langevin, VelocityVerlet
from nakmd.potentials import load
from nakmd.potentials.library import warm_lattice
from nakmd.simulation import LiveAnalysis, Simulation, Stage
from nakmd.structures import crystal_slab, park

pytestmark = pytest.mark.slow

#: Rectangular cells along x and y (24 atoms in a layer), layers, arrivals, steps between two of 3 fs.
REPEATS, LAYERS, COUNT, EVERY = (4, 3), 7, 24, 800


def deposited(guest, host, temperature, seed):
    """Deposit a monolayer; return the records of growth and sticking."""
    a = warm_lattice("nak-2026", host, temperature)
    slab = crystal_slab(host, "110", REPEATS, LAYERS, a, vacuum=30.0, fixed_layers=2, bath_layers=3)
    system = park(slab, [guest] * COUNT)
    deposit = Deposit(COUNT, EVERY, energy=0.1)
    stages = [
        Stage(name, VelocityVerlet(0.003, Langevin(temperature, 1.0, group="bath")), steps, frozen=("fixed",), **more)
        for name, steps, more in (
            ("warm", 2000, {"initial_temperature": 2.0 * temperature}),
            ("deposit", deposit.steps, {"deposit": deposit}),
        )
    ]
    live = [LiveAnalysis(kind(), system.topology, EVERY, ["deposit"]) for kind in (Growth, Sticking)]
    Simulation(system, load("nak-2026"), stages, observers=live, seed=seed).run()
    return [analysis.result() for analysis in live]


def test_potassium_sticks_to_cold_potassium():
    film, stuck = deposited("K", "K", 200.0, 1)
    assert stuck.value == 1.0
    # every atom that arrived is in a layer or, the last one, still on its way
    assert round(film.theta[-1] * 24) + film.in_flight[-1] == COUNT


def test_sodium_goes_into_potassium_and_not_the_other_way_round():
    """At 300 K: the share of the deposited atoms below the first plane of the slab, two seeds."""
    films = {
        (guest, host): [deposited(guest, host, 300.0, seed)[0].mixing for seed in (1, 2)]
        for guest, host in (("Na", "K"), ("K", "Na"))
    }
    into_potassium, into_sodium = (sum(m.count for m in films[pair]) for pair in (("Na", "K"), ("K", "Na")))
    assert into_potassium > 3 * max(into_sodium, 1)
