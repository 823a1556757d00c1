"""Decks with two time steps: words, messages, the guard against resonance, runs that are stopped and resumed."""

import numpy as np
import pytest
from small_decks import frames_of, sheet_in_metal, small
from test_deck_run import interrupt_at

import nakmd
from nakmd.cell import Cell
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource, write_toml
from nakmd.errors import DeckError
from nakmd.potentials import load
from nakmd.runs.estimate import estimate
from nakmd.runs.fastest_vibration import fastest_vibration
from nakmd.runs.plan import make_plan
from nakmd.simulation import loop
from nakmd.system import System
from nakmd.units import ACCELERATION

TWO = {"bonds": "0.5 fs", "rest": "4 fs"}


def text(timestep, **more):
    """Return the text of a deck of a bare sheet with one stage of dynamics."""
    stage = {"kind": "produce", "temperature": "450 K", "duration": "0.2 ps", "timestep": timestep, **more}
    return write_toml(
        {
            "model": {"potential": "nak-cn"},
            "structure": {"carbon": {"kind": "graphene", "size": ["21 Å", "21 Å"]}},
            "stage": [stage],
        }
    )


def test_steps_are_counted_in_the_long_one():
    stage = Deck.from_text(text(TWO)).stage[0]
    assert (stage.inner_step, stage.outer_step, stage.timestep.inner_steps) == (0.0005, 0.004, 8)
    assert stage.n_steps == 50
    again = Deck.from_text(Deck.from_text(text(TWO)).to_toml())
    assert again.stage[0] == stage
    one = Deck.from_text(text("1 fs")).stage[0]
    assert (one.timestep, one.inner_step, one.outer_step, one.n_steps) == (0.001, 0.001, 0.001, 200)


@pytest.mark.parametrize(
    ("timestep", "message"),
    [
        ({"bonds": "0.5 fs", "rest": "4.2 fs"}, 'must be a whole multiple: write rest = "4 fs"'),
        ({"bonds": "4 fs", "rest": "0.5 fs"}, "bonds = 4 fs longer than rest = 0.5 fs"),
        ({"bonds": "0.5 fs"}, 'timestep: the key "rest" is missing'),
        ({"bonds": 0.5, "rest": "4 fs"}, "timestep bonds = 0.5: the unit is missing"),
        ({"bond": "0.5 fs", "rest": "4 fs"}, 'unknown key "bond" .* Did you mean "bonds"'),
        ({"bonds": "-1 fs", "rest": "4 fs"}, 'timestep bonds = "-1 fs" must be greater than 0'),
        ("-1 fs", 'timestep = "-1 fs" must be greater than 0'),
        (True, "timestep = true: this is not a time"),
    ],
)
def test_one_message_for_each_fault(timestep, message):
    with pytest.raises(DeckError, match=message) as caught:
        Deck.from_text(text(timestep))
    assert len(caught.value.problems) == 1


def test_the_limits_are_those_of_bonds_and_of_the_metal():
    plan = make_plan(DeckSource.parse(text({"bonds": "2 fs", "rest": "8 fs"})))
    assert any("timestep bonds of 2 fs is long: C-C bonds vibrate" in warning for warning in plan.warnings)
    plan = make_plan(DeckSource.parse(text({"bonds": "6 fs", "rest": "24 fs"})))
    assert any("timestep bonds of 6 fs is too long" in fault for fault in plan.faults)
    assert any("timestep rest of 24 fs is too long" in fault for fault in plan.faults)


# ------------------------------------------------------------------------------------------ resonance
def graphene(n=2):
    """Return a sheet of 8 n² atoms."""
    bond = 1.4388
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 1 / 6, 0], [0, 2 / 3, 0]])
    corners = np.stack(np.meshgrid(range(2 * n), range(n), [0], indexing="ij"), axis=-1).reshape(-1, 1, 3)
    lengths = np.array([np.sqrt(3.0) * bond, 3.0 * bond, 20.0])
    positions = (corners + basis).reshape(-1, 3) * lengths
    cell = Cell(lengths * [2 * n, n, 1], [True, True, False])
    return System(positions, np.zeros(len(positions), dtype=int), ["C"], cell)


def test_the_fastest_vibration_is_the_largest_eigenvalue_of_the_dynamical_matrix():
    """Against the whole matrix by differences, whose error of second order is 1e-5 here.

    The method stops at 1e-3 of ω², and adds the bound of its error, which is of that size.
    """
    system, potential = graphene(), load("cn")
    evaluator, n = potential.bind(system.species_names), 3 * system.n_atoms
    matrix = np.zeros((n, n))
    for row in range(n):
        for sign in (1.0, -1.0):
            moved = system.copy()
            moved.positions.reshape(-1)[row] += sign * 1e-3
            matrix[row] -= sign * evaluator.evaluate(moved).forces.reshape(-1) / 2e-3
    square = np.linalg.eigvalsh(0.5 * (matrix + matrix.T)).max() * ACCELERATION / system.masses[0]
    exact = np.sqrt(square) / (2.0 * np.pi)
    everywhere = np.ones(system.n_atoms, dtype=bool)
    assert exact * (1.0 - 1e-4) < fastest_vibration(potential, system, everywhere) < exact * (1.0 + 3e-3)
    assert fastest_vibration(potential, system, ~everywhere) == 0.0
    hot = system.copy()
    hot.positions += np.random.default_rng(1).normal(0.0, 0.04, hot.positions.shape)
    # relaxed until the largest force is 0.1 eV/Å: about 0.002 Å from the minimum
    assert fastest_vibration(potential, hot, everywhere) == pytest.approx(exact, rel=5e-3)


def test_long_steps_in_resonance_are_refused():
    """A sheet: 50.6 THz, so T/4 = 4.9 fs and T/2 = 9.9 fs."""
    allowed = make_plan(DeckSource.parse(text(TWO)))
    assert allowed.faults == []
    assert not any("timestep" in warning for warning in allowed.warnings)
    near = make_plan(DeckSource.parse(text({"bonds": "0.5 fs", "rest": "6 fs"})))
    assert near.faults == []
    assert any(
        "period of 19." in warning and "above a quarter of it" in warning and 'Write rest = "4.5 fs"' in warning
        for warning in near.warnings
    )
    beyond = make_plan(DeckSource.parse(text({"bonds": "0.5 fs", "rest": "10 fs"})))
    assert any("rest of 10 fs is too long: the fastest vibration of the wall" in fault for fault in beyond.faults)


def test_bonds_need_a_wall():
    (fault,) = make_plan(small(timestep=TWO)).faults
    assert "It has a time step for bonds, and no term of the model" in fault


# ------------------------------------------------------------------------------------------ runs
def deck():
    """Return a sheet in metal, relaxed and then moved with two time steps."""
    whole = sheet_in_metal(steps=20)
    data = whole.model_dump(exclude_defaults=True)
    data["model"] = {"potential": "nak-cn"}
    for stage in data["stage"]:
        if stage["kind"] != "relax":
            stage["timestep"] = {"bonds": "0.5 fs", "rest": "2 fs"}
    return nakmd.Deck(**data)


def test_a_stopped_run_resumes_with_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "PROGRESS_INTERVAL", 0.0)
    whole = nakmd.run(deck(), tmp_path / "whole", threads=1)
    assert whole.status == "finished"
    stopped = nakmd.run(deck(), tmp_path / "run", threads=2, progress=interrupt_at(47))
    assert stopped.status == "interrupted"
    assert nakmd.resume(tmp_path / "run", threads=1).status == "finished"
    assert frames_of(tmp_path / "run") == frames_of(tmp_path / "whole")


def test_the_estimate_names_both_time_steps():
    split = estimate(make_plan(DeckSource.parse(text(TWO))), timed=False)
    assert split.stages[0].steps == 50
    assert split.stages[0].what.endswith("4 fs (bonds 0.5 fs)")
