"""The spread of results over the members of an ensemble."""

import math

import numpy as np
import pytest

import nakmd
from nakmd.errors import AnalysisError, InputError
from nakmd.studies import member_spread, run_members


def liquid(potential):
    return nakmd.Deck(
        model={"potential": potential},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 96}},
        stage=[{"kind": "produce", "temperature": "450 K", "steps": 40}],
        output={"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 40},
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return run_members(liquid("nak"), tmp_path_factory.mktemp("members"), [1, 2, 5])


def test_every_member_has_its_run_and_finished_ones_are_kept(runs):
    assert [folder.name for folder in runs] == ["member-1", "member-2", "member-5"]
    assert [nakmd.Run(folder).deck.model.member for folder in runs] == [1, 2, 5]
    before = [(folder / "trajectory.h5md").stat().st_mtime_ns for folder in runs]
    assert run_members(liquid("nak"), runs[0].parent, [1, 2, 5]) == runs
    assert [(folder / "trajectory.h5md").stat().st_mtime_ns for folder in runs] == before
    with pytest.raises(InputError, match="another deck"):
        run_members(liquid("nak-2026"), runs[0].parent, [1])


def test_statistical_and_model_error_are_apart(runs):
    figures = {figure.quantity: figure for figure in member_spread(runs)}
    pressures = [next(r for r in nakmd.Run(f).results.rows() if r.quantity == "pressure").measured for f in runs]
    values, errors = np.array([p.value for p in pressures]), np.array([p.error for p in pressures])
    figure = figures["pressure"]
    assert figure.value == pytest.approx(values.mean(), rel=1e-12)
    assert figure.error == pytest.approx(math.sqrt((errors**2).sum()) / 3.0, rel=1e-12)
    beyond = values.var(ddof=1) - (errors**2).mean()
    assert figure.model_error == pytest.approx(math.sqrt(max(0.0, beyond)), rel=1e-12)
    assert (figure.members, figure.unit) == (3, pressures[0].unit)


def test_what_has_no_spread_is_refused(runs, tmp_path):
    with pytest.raises(AnalysisError, match="two runs or more, got 1"):
        member_spread(runs[:1])
    with pytest.raises(InputError, match="no ensemble"):
        run_members(liquid("nak-2016"), tmp_path, [1])
