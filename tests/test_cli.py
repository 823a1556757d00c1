"""The command line: output and exit codes of every verb, and no tracebacks."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_decks import LIQUID

from nakmd.cli import guard
from nakmd.cli.app import app
from nakmd.resources import data_folder
from nakmd.simulation.signals import WARNINGS

DATA = Path(__file__).parent / "data" / "decks"
SMALL = f"""
title = "small"
{LIQUID}
[[stage]]
kind = "equilibrate"
steps = 10
temperature = "450 K"
[[stage]]
kind = "produce"
steps = {{steps}}
temperature = "450 K"
ensemble = "bussi"
[output]
trajectory_every = 2
thermo_every = 1
checkpoint_every = 10
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL.format(steps=30))
    return path


def test_help_imports_no_slow_packages():
    program = (
        "import sys\nsys.argv = ['nakmd', '--help']\n"
        "from nakmd.cli.app import app\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'numpy', 'numba', 'scipy', 'ase', 'h5py', 'matplotlib', 'pydantic', 'jinja2', 'plotly'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for verb in (
        "new",
        "check",
        "run",
        "resume",
        "analyze",
        "report",
        "potentials",
        "convert",
        "schema",
        "warmup",
        "doctor",
        "bench",
        "study",
        "claims",
    ):
        assert re.search(rf"\b{verb}\b", done.stdout)


def test_checking_a_deck_imports_no_slow_parts_of_scipy():
    # the analyses of a deck are validated before the run: scipy.signal and stats would delay step 1 by 0.3 s
    program = (
        "import sys, nakmd.analysis\n"
        "slow = {'scipy.signal', 'scipy.stats', 'matplotlib', 'pandas', 'pymbar', 'freud', 'plotly', 'nakmd.report'}\n"
        "assert not slow & set(sys.modules), slow & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_version(command):
    assert command("--version") == (0, "nakmd 0.1.0\n", "")


@pytest.mark.parametrize(
    "arguments",
    [("rum",), ("run",), ("run", "a.toml", "--treads", "2"), ("run", "a.toml", "--threads", "zero"), ("check",)],
)
def test_usage_errors_are_exit_code_2(command, arguments):
    code, _, error = command(*arguments)
    assert code == 2
    assert error


def test_new(command, tmp_path):
    code, out, _ = command("new")
    assert code == 0
    assert "flagship" in out
    code, out, _ = command("new", "--json")
    names = [entry["name"] for entry in json.loads(out)]
    assert {"flagship", "nak-liquid", "na-in-k", "droplet-on-graphene", "nve", "npt", "k-on-graphene"} <= set(names)
    assert command("new", "nak_liquid", "-o", "mine.toml")[0] == 0
    assert (tmp_path / "mine.toml").read_text() == (data_folder("examples") / "nak_liquid.toml").read_text()
    code, _, error = command("new", "nak-liquid", "-o", "mine.toml")
    assert code == 2
    assert "--force" in error
    assert command("new", "nak-liquid", "-o", "mine.toml", "--force")[0] == 0
    code, _, error = command("new", "flagshp")
    assert code == 2
    assert 'Did you mean "flagship"?' in error


def test_check(command, small):
    code, out, _ = command("check", small)
    assert code == 0
    for word in ("60 atoms", "nichol-ackland-2016", "Na-K", "memory", "wall time", "trajectory", "is valid"):
        assert word in out
    code, out, _ = command("check", small, "--json")
    output = json.loads(out)
    assert output["ok"]
    assert output["n_atoms"] == 60
    assert output["species"] == {"Na": 20, "K": 40}
    assert not Path("runs").exists()


def test_check_of_a_faulty_deck(command):
    code, _, error = command("check", DATA / "ten_faults.toml")
    assert code == 2
    assert error.count("ten_faults.toml:") == 10
    code, out, _ = command("check", DATA / "ten_faults.toml", "--json")
    assert code == 2
    assert len(json.loads(out)["faults"]) == 10
    code, _, error = command("run", DATA / "ten_faults.toml", "-o", "run")
    assert code == 2
    assert error.count("ten_faults.toml:") == 10
    assert not Path("run").exists()


def test_check_of_no_deck(command, small):
    code, _, error = command("check", "smal.toml")
    assert code == 2
    assert 'Did you mean "small.toml"?' in error


def test_a_run_from_deck_to_plots(command, small, tmp_path):
    code, out, error = command("run", small, "-o", "run", "--threads", 1)
    assert code == 0
    assert "temperature" in out
    assert "±" in out
    assert "trajectory.h5md" in out
    assert "produce: step" in error

    code, _, error = command("run", small, "-o", "run")
    assert code == 2
    assert "nakmd resume run" in error

    code, out, _ = command("resume", "run", "--steps", 6, "--threads", 1, "--json")
    assert code == 0
    output = json.loads(out)
    assert output["step"] == 46
    assert output["status"] == "finished"
    assert {row["quantity"] for row in output["table"]} >= {"temperature", "pressure", "diffusion of K"}

    code, out, _ = command("analyze", "run", "diffusion", "--plot", "plots", "--curves", "curves")
    assert code == 0
    table = out.partition("\nnote ")[0]
    assert "diffusion of K" in table
    assert "temperature" not in table
    assert {path.name for path in Path("plots").iterdir()} == {"diffusion-K.png", "diffusion-Na.png"}
    assert {path.name for path in Path("curves").iterdir()} == {"diffusion-K-msd.csv", "diffusion-Na-msd.csv"}
    assert Path("curves/diffusion-K-msd.csv").read_text().startswith("lag [ps],msd [Å²],error [Å²]\n0.0,0.0,")
    code, out, _ = command("analyze", "run/trajectory.h5md", "thermo", "--stage", "equilibrate", "--json")
    assert code == 0
    assert set(json.loads(out)["results"]) == {"thermo"}

    code, out, _ = command("convert", "run/trajectory.h5md", "out.extxyz", "--stage", "produce", "--frames", "::2")
    assert code == 0
    assert Path("out.extxyz").read_text().startswith("60\n")
    code, out, _ = command("convert", "run/trajectory.h5md", "out.data", "--json")
    assert code == 0
    assert json.loads(out)["format"] == "lammps-data"


def test_default_folder(command, small):
    for folder, seed in [("small-seed-1", 1), ("small-seed-1-2", 1), ("small-seed-9", 9)]:
        assert command("run", small, "--threads", 1, "--json", "--seed", seed)[0] == 0
        assert Path("runs", folder, "results.json").exists()


def test_overwrite_and_seed(command, small):
    first = command("run", small, "-o", "run", "--threads", 1, "--json")[1]
    second = command("run", small, "--directory", "run", "--overwrite", "--seed", 9, "--threads", 1, "--json")[1]
    assert json.loads(first)["results"]["thermo"]["value"] != json.loads(second)["results"]["thermo"]["value"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("analyze", "nothing.h5md"), "nothing.h5md"),
        (("analyze", "run", "difusion"), "No analysis is called 'difusion'"),
        (("analyze", "run", "affinity"), "both a wall"),
        (("analyze", "run", "--stage", "produced"), "produced"),
        (("resume", "nowhere"), "holds no run"),
        (("report", "nowhere"), "nowhere does not exist"),
        (("convert", "run/trajectory.h5md", "out.abc"), "unknown file extension"),
        (("convert", "run/trajectory.h5md", "out.xyz", "--frames", "x"), "start:stop"),
        (("potentials", "show", "nak-cm"), "nak-cn"),
        (("potentials", "check", "nowhere.tersoff"), "nowhere.tersoff"),
        (("potentials", "export", "nak", "--species", "Na,C", "-o", "out"), "Na"),
        (("bench", "nack"), 'Did you mean "nak"?'),
    ],
)
def test_bad_input_is_exit_code_2_with_one_message(command, small, arguments, message):
    if "run" in " ".join(arguments):
        command("run", small, "-o", "run", "--threads", 1, "--json")
    code, _, error = command(*arguments)
    assert code == 2
    assert message in error


def test_potentials(command):
    code, out, _ = command("potentials", "list")
    assert code == 0
    assert "nichol-ackland-2016" in out
    assert {s["name"] for s in json.loads(command("potentials", "list", "--json")[1])} >= {"nak", "cn", "nak-cn"}
    code, out, _ = command("potentials", "show", "nichol-ackland-2016")
    assert code == 0
    assert "10.1103/PhysRevB.93.184101" in out
    assert json.loads(command("potentials", "show", "nak-cn", "--json")[1])["form"] == "model"
    code, out, _ = command("potentials", "export", "nak-cn-pair", "-o", "lammps")
    assert code == 0
    assert "pair_style hybrid/overlay" in Path("lammps/potential.in").read_text()
    code, out, _ = command("potentials", "export", "nak", "--species", "Na,K", "-o", "lammps", "--json")
    assert json.loads(out)["species"] == ["Na", "K"]
    whole = Path("lammps/term_1.eam.fs").read_text()
    assert command("potentials", "export", "nak", "--member", 2, "-o", "lammps")[0] == 0
    other = Path("lammps/term_1.eam.fs").read_text()
    assert other.startswith("nak-2026, member 2: ChebyshevEAM")
    assert other.splitlines()[6:] != whole.splitlines()[6:]
    chosen = ("--species", "K,C", "--affinity", 1.2, "--doping", 0.02, "--screening", 0.5)
    code, out, _ = command("potentials", "export", "nak-cn", *chosen, "--plugin", "-o", "built")
    assert (code, "cmake --build build" in out) == (0, True)
    assert Path("built/potential.in").read_text().startswith("plugin load ./nakmdplugin.so\npair_style hybrid/overlay")
    assert {path.name for path in Path("built").iterdir()} >= {"CMakeLists.txt", "term_1.nakmd"}
    code, _, error = command("potentials", "export", "nak-cn", "--form", "eam.fs", "--plugin", "-o", "built")
    assert (code, "--plugin is for LAMMPS" in error) == (2, True)
    code, _, error = command("potentials", "export", "nak", "--plugin", "-o", "built")
    assert (code, "without the plugin" in error) == (2, True)
    code, _, error = command("potentials", "export", "nak-2016", "--member", 2, "-o", "lammps")
    assert (code, "nak-2016 has no ensemble" in error) == (2, True)


def test_potentials_check_reports_verdicts(command):
    code, out, _ = command("potentials", "check", "nak-cn", "morse-screened", "tersoff-1989-c", "--json")
    assert code == 0
    for output in json.loads(out):
        # error of central differences with a step of 1e-4 Å, for forces of some eV/Å
        assert output["force_error"] < 1e-6, output["name"]
        assert output["cutoff"] > 1.0
        assert {"forces", "cutoff", "core"} <= {verdict["check"] for verdict in output["verdicts"]}
    assert {f["name"]: f for f in json.loads(out)}["nak-cn"]["species"][:2] == ["Na", "K"]
    code, out, _ = command("potentials", "check", "rb")
    assert code == 0
    assert out.startswith("rb: ok (Rb; cutoff 7.261 Å)")
    assert "a = 5.5850 Å, E = -0.8400 eV" in out
    Path("notes.txt").write_text("Dear colleague,\nno table\nis here\nat all\n")
    code, out, error = command("potentials", "check", "rb", "notes.txt", "--json")
    assert code == 2
    assert [entry["level"] for entry in json.loads(out)] == ["ok", "fault"]
    assert "notes.txt:4: this is not an EAM table" in json.loads(out)[1]["fault"]
    assert error == ""


def test_potentials_show_prints_a_page(command):
    code, out, _ = command("potentials", "show", "johnson-oh-nak")
    assert code == 0
    for text in (
        "equation  E = Σ_i F(ρ_i)", "C44 [GPa]", "recalled-medium", "doi:10.1557/JMR.1989.1195", "licence   Original",
        "fcc less bcc", "Not for", "- heats of mixing",
    ):  # fmt: skip
        assert text in out, text
    # a model shows the papers, accuracy and limits of use of its sets
    out = command("potentials", "show", "nak-cn")[1]
    for text in (
        "10.1103/PhysRevB.86.115410", "Accuracy of metal-carbon-2026", "(kinaci-2012-cn)",
        "ensemble  [model] member = 1 to 8, of nak-2026",
    ):  # fmt: skip
        assert text in out, text


def test_potentials_export_writes_the_form_asked_for(command):
    code, out, _ = command("potentials", "export", "johnson-oh-nak", "--form", "setfl", "-o", "out", "--json")
    assert code == 0
    assert [Path(name).name for name in json.loads(out)["files"]] == ["johnson-oh-nak.eam.alloy"]
    code, _, error = command("potentials", "export", "nak", "--form", "setfl", "-o", "out")
    assert code == 2
    assert "write eam.fs" in error
    code, out, _ = command("potentials", "export", "nak-cn", "--form", "tersoff", "-o", "out")
    assert code == 0
    assert "nak-cn.tersoff" in out


def test_schema(command):
    code, out, _ = command("schema")
    assert code == 0
    assert "stage" in json.loads(out)["properties"]
    code, out, _ = command("schema", "--sweep")
    assert code == 0
    assert "seeds" in json.loads(out)["properties"]


def test_doctor(command):
    code, out, _ = command("doctor", "--quick", "--json")
    assert code == 0
    output = json.loads(out)
    assert output["packages"]["numba"][0].isdigit()
    assert output["parameter sets"] >= 10
    assert "numba" in command("doctor", "--quick")[1]


def test_warmup(command, monkeypatch):
    from nakmd.runs import warm

    for name in [name for name in warm.TRIALS if name != "metal on tables"]:
        monkeypatch.delitem(warm.TRIALS, name)
    code, out, _ = command("warmup", "--json")
    assert code == 0
    assert set(json.loads(out)["seconds"]) == {"metal on tables"}


def test_a_diverging_run_is_exit_code_1(command, tmp_path):
    deck = SMALL.format(steps=500).replace('temperature = "450 K"\nensemble = "bussi"', 'ensemble = "nve"')
    deck = deck.replace("steps = 500\n", 'steps = 500\ntimestep = "20 fs"\nvelocities = "19000 K"\n')
    (tmp_path / "hot.toml").write_text(deck)
    code, _, error = command("run", "hot.toml", "-o", "run", "--threads", 1)
    assert code == 1
    assert "shorten the time step" in error
    assert "The files written so far are in run" in error
    assert command("analyze", "run", "thermo", "--stage", "all")[0] == 0


def test_an_internal_error_is_one_message_and_a_file(command, monkeypatch, tmp_path, capsys):
    from nakmd.deck import templates

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(templates, "templates", lambda: 1 / 0)
    code, _, error = command("new")
    assert code == 1
    assert "ZeroDivisionError" in error
    (saved,) = tmp_path.glob("nakmd-crash-*.txt")
    assert str(saved) in error
    assert "Traceback" in saved.read_text()
    with pytest.raises(SystemExit):
        app(["--debug", "new"], prog_name="nakmd")
    guard.settings.debug = False
    assert "Traceback" in capsys.readouterr().err


def test_a_full_disk_that_no_module_expects_is_one_message(command, monkeypatch, tmp_path):
    """For example that of the compiled kernels, which Numba writes."""
    monkeypatch.setattr(guard.tempfile, "tempdir", str(tmp_path))

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("nakmd.deck.templates.templates", full)
    code, _, error = command("new")
    assert code == 1
    assert error.startswith("A file cannot be written (No space left on device).")
    assert "NAKMD_CACHE_DIR" in error
    assert not list(tmp_path.glob("nakmd-crash-*"))


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, *(pytest.param(each, marks=pytest.mark.slow) for each in WARNINGS)]
)
def test_an_interruption_is_exit_code_3_and_resumable(tmp_path, number):
    (tmp_path / "long.toml").write_text(SMALL.format(steps=10**6))
    command = [sys.executable, "-m", "nakmd"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    process = subprocess.Popen(
        [*command, "run", "long.toml", "-o", "run", "--threads", "1"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120.0
    checkpoint = tmp_path / "run" / "checkpoint.h5"
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "nakmd resume run" in error
    assert json.loads((tmp_path / "run" / "status.json").read_text())["status"] == "interrupted"
