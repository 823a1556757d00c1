"""Tables of the report, and the view of the last frame."""

import numpy as np
import pytest
from small_decks import small

import nakmd
from nakmd.analysis import Measure
from nakmd.report import scene, tables
from nakmd.system import Frame, Topology

# Numbers of the tables


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        # Student's t of 9 degrees of freedom is 2.262
        (Measure(450.0, 1.0, "K", 10.0), "447.7 … 452.3"),
        (Measure(-810.0, 40.0, "bar", 10.0), "−900 … −720"),
        (Measure(2e-9, 1e-10, "", 10.0), "1.77e−09 … 2.23e−09"),
        (Measure(1.0, 0.0, "", 10.0), ""),
        (Measure(0.2340868703580145, 8e-17, "Å²/ps", 10.0), ""),  # equal samples, with the rounding of their mean
        (Measure(1.0, float("nan"), "", 1.0), ""),
    ],
)
def test_intervals(measure, text):
    assert tables.interval_text(measure) == text


def drifting(slope, noise, deck_stage):
    """Return the row of a stage whose energy drifts at a given rate [kT/ns/dof]."""
    n_atoms, temperature, kb = 100, 450.0, 8.617333262e-5
    time = np.linspace(0.0, 100.0, 1001)
    kinetic = np.full(1001, 1.5 * n_atoms * kb * temperature)
    energy = slope * 3 * n_atoms * kb * temperature * 1e-3 * time
    energy = energy + noise * np.random.default_rng(2).normal(size=1001)
    thermo = {
        "time": time,
        "stage": np.array(["produce"] * 1001),
        "temperature": np.full(1001, temperature),
        "kinetic_energy": kinetic,
        "conserved": energy,
    }
    (line,) = tables.stage_lines(small(**deck_stage), ["produce"], thermo, n_atoms, ["produce"])
    return line


@pytest.mark.parametrize(
    ("slope", "noise", "verdict", "good"),
    [
        (2e-6, 1e-9, "within 1e-05", True),
        (-2e-6, 1e-9, "within 1e-05", True),
        (3e-5, 1e-9, "exceeds 1e-05", False),
        (-3e-5, 1e-9, "exceeds 1e-05", False),
        (2e-6, 1e-2, "too uncertain", None),
    ],
)
def test_drift_at_constant_energy_against_its_limit(slope, noise, verdict, good):
    line = drifting(slope, noise, {"ensemble": "nve", "temperature": None})
    assert verdict in line.verdict
    assert line.good is good
    assert line.ensemble == "NVE"
    low, high = (float(bound.replace("−", "-")) for bound in line.interval.split(" … "))
    # a line through 100 ps with noise of 1e-9 eV is known far better than that
    assert noise > 1e-6 or 0.5 * (low + high) == pytest.approx(slope, rel=0.01)


def test_no_limit_with_a_thermostat():
    line = drifting(3e-5, 1e-9, {"ensemble": "bussi"})
    assert line.good is None
    assert "no limit" in line.verdict
    assert "Bussi, 450 K" in line.ensemble


# The view


def test_thinning_says_so_and_keeps_the_wall():
    n = 9000
    species = np.repeat([0, 1], [500, n - 500])
    topology = Topology(("C", "K"), species, np.ones(n), np.array([True] * 3))
    places = np.random.default_rng(3).uniform(0.0, 60.0, (n, 3))
    frame = Frame(0, 0.0, places, np.zeros((n, 3), dtype=np.int32), nakmd.Cell([60.0] * 3))
    made = scene.make_scene(topology, frame)
    assert {name: len(points) for name, points in made.species.items()} == {"C": 500, "K": scene.MOST_OTHERS}
    assert made.note.startswith("4,500 of 9,000 atoms")
    assert list(made.species) == ["K", "C"]


def test_a_wall_across_the_face_is_brought_to_the_middle():
    carbon = np.array([[0.5, 10.0, 10.0], [19.5, 10.0, 10.0]])
    topology = Topology(("C", "K"), np.array([0, 0, 1]), np.ones(3), np.array([True] * 3))
    places = np.vstack([carbon, [[10.0, 10.0, 10.0]]])
    frame = Frame(0, 0.0, places, np.zeros((3, 3), dtype=np.int32), nakmd.Cell([20.0] * 3))
    made = scene.make_scene(topology, frame)
    np.testing.assert_allclose(np.sort(made.species["C"][:, 0]), [9.5, 10.5], atol=1e-9)  # rounding of 20 Å
    assert made.bonds.shape == (1, 2, 3)
    assert made.edges.shape == (12, 2, 3)
