"""What is said of the machine of a measurement, and which figures are refused."""

import pytest

from nakmd.bench.machine import MOST_OTHERS, Usage, describe_machine, read_usage, refuse_loaded
from nakmd.errors import RunError


def test_work_is_all_but_idle_and_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_CLK_TCK": 100}[name])
    (tmp_path / "stat").write_text("cpu  100 20 300 7777 8888 40 50 60 0 0\ncpu0 1 2 3\n")
    assert read_usage(tmp_path / "stat").all == pytest.approx(5.7)


@pytest.mark.parametrize("text", ["", "cpu one two\n", "cpu 1 2\n"])
def test_a_system_that_does_not_tell(tmp_path, text):
    (tmp_path / "stat").write_text(text)
    assert read_usage(tmp_path / "stat") is None
    assert read_usage(tmp_path / "none") is None


def test_others_are_what_is_neither_own_nor_idle():
    assert Usage(20.0, 100.0, 30.0).others_since(Usage(10.0, 85.0, 20.0)) == pytest.approx(0.5)
    assert Usage(20.0, 90.0, 30.0).others_since(Usage(10.0, 85.0, 20.0)) == 0.0  # clock ticks are coarse


def test_a_machine_is_described():
    machine = describe_machine(1, read_usage())
    assert machine["threads"] == 1
    assert {"date", "processor", "cpu", "mhz", "load", "others", "nakmd", "git"} <= set(machine)
    assert describe_machine(1, None)["others"] is None


def test_figures_of_a_loaded_machine_are_refused():
    refuse_loaded({"one": {"others": 0.0}, "two": {"others": MOST_OTHERS}})
    with pytest.raises(RunError, match=r"1\.25 during two\. Figures of a loaded machine are not stored"):
        refuse_loaded({"one": {"others": 0.0}, "two": {"others": 1.25}})
    with pytest.raises(RunError, match="not known"):
        refuse_loaded({"one": {"others": None}, "two": {"others": 0.0}})
