"""No NumPy scalar reaches a file as ``np.float64(0.1)``: every writer is given NumPy numbers and read back."""

import dataclasses
import json
import tomllib

import lammps_oracle
import numpy as np
import pytest
from io_samples import frame, system
from made_tables import same, smooth_table

from nakmd import Deck
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.table_row import Row
from nakmd.cell import Cell
from nakmd.deck.source import write_toml
from nakmd.io.atomic import write_status
from nakmd.io.extxyz import read_extxyz, write_extxyz
from nakmd.potentials import EAM, LennardJones, Morse, evaluate
from nakmd.potentials.files.eam_files import format_eam_fs, format_setfl, read_eam
from nakmd.potentials.files.eam_table import EAMTable
from nakmd.potentials.files.lammps_commands import lammps_input
from nakmd.potentials.files.lammps_table import R_MIN, format_pair_table
from nakmd.potentials.files.tersoff_file import COLUMNS, TersoffParameters, format_tersoff, read_tersoff
from nakmd.system import System

TENTH = np.float64(0.1)


def assert_plain(text):
    """No name of NumPy is in a text; under NumPy 2 ``repr`` of its scalars holds one."""
    assert repr(TENTH) == "np.float64(0.1)", "this version of NumPy would hide the fault"
    assert "np." not in text
    assert "array(" not in text


def numpy_table(kind):
    """Return a table whose numbers are all NumPy scalars, and the same with those of Python."""
    plain = smooth_table(kind)
    values = {field.name: getattr(plain, field.name) for field in dataclasses.fields(EAMTable)}
    for name in ("d_rho", "d_r", "cutoff", "rho_max"):
        values[name] = np.float64(values[name])
    for name, make in {"atomic_numbers": np.int64, "masses": np.float64, "lattice_constants": np.float64}.items():
        values[name] = tuple(make(value) for value in values[name])
    values["elements"] = tuple(np.array(values["elements"]))
    return EAMTable(**values), plain


@pytest.mark.parametrize(("kind", "write"), [("alloy", format_setfl), ("fs", format_eam_fs)])
def test_tables(tmp_path, kind, write):
    given, plain = numpy_table(kind)
    text = write(given)
    assert_plain(text)
    assert text == write(plain)
    (tmp_path / "table").write_text(text)
    same(read_eam(tmp_path / "table"), plain)
    json.dumps(EAM(given).describe())


def test_tersoff(tmp_path):
    numbers = dict.fromkeys(COLUMNS, 1.0) | {"R": 2.0, "D": 0.1, "h": -0.93, "B": 430.0}
    arrays = {name: np.full((1, 1, 1), value) for name, value in numbers.items()}
    text = format_tersoff(TersoffParameters((np.str_("C"),), **arrays), np.str_("a comment"))
    assert_plain(text)
    (tmp_path / "t").write_text(text)
    again = read_tersoff(tmp_path / "t")
    assert {name: getattr(again, name).item() for name in COLUMNS} == numbers


def pair_model(kind, number):
    """Return a pair potential whose parameters are made by ``number``."""
    values = {
        Morse: {"depth": 0.1, "alpha": 1.5, "r_0": 3.0},
        LennardJones: {"epsilon": 0.1, "sigma": 3.0},
    }[kind]
    ending = {"cutoff": number(8.0), "cut": "smooth" if kind is Morse else "shift"}
    pairs = {("K", "K"): {name: number(value) for name, value in values.items()} | ending}
    return kind(pairs, scale=number(0.7))


@pytest.mark.parametrize("kind", [Morse, LennardJones])
def test_lammps_input_and_provenance(kind):
    given, plain = pair_model(kind, np.float64), pair_model(kind, float)
    ours, theirs = lammps_input(given, [np.str_("K")]), lammps_input(plain, ["K"])
    assert (ours.commands, ours.files) == (theirs.commands, theirs.files)
    for text in ours.texts().values():
        assert_plain(text)
    assert given.describe() == plain.describe()
    assert_plain(json.dumps(given.describe()))
    if lammps_oracle.executable() is not None:
        pair = System([[5.0, 5.0, 5.0], [5.0, 5.0, 8.4]], [0, 0], ("K",), Cell([30.0] * 3, [False] * 3))
        found = lammps_oracle.run(pair, ours.commands, ours.files)
        # a smooth pair is a table there, whose cubic splines agree to 1e-9 eV
        assert found.energies.sum() == pytest.approx(evaluate(plain, pair).energy, abs=1e-9)


def test_a_pair_table():
    text = format_pair_table("t", {("K", "K"): (np.float64(6.0), lambda r: (1.0 / r, -1.0 / r**2))}, n=5)
    assert_plain(text)
    rows = np.loadtxt([line for line in text.splitlines() if line[:1].isdigit()])
    assert np.array_equal(rows[:, 1], np.linspace(R_MIN, 6.0, 5))


def test_toml():
    given = {
        "a": TENTH, "b": np.int64(3), "c": np.bool_(True), "d": np.array([1.0, 0.1]), "e": [np.float32(0.5)],
        "f": np.str_("x"), "g": {"h": (TENTH, np.int32(2))}, "i": [{"j": np.float64(1e300)}],
    }  # fmt: skip
    text = write_toml(given)
    assert_plain(text)
    assert tomllib.loads(text) == {
        "a": 0.1, "b": 3, "c": True, "d": [1.0, 0.1], "e": [0.5], "f": "x", "g": {"h": [0.1, 2]}, "i": [{"j": 1e300}],
    }  # fmt: skip


def test_decks():
    made = [
        Deck(
            model={"potential": "nak-cn", "affinity": number(0.1)},
            structure={"liquid": {"x_K": number(0.67), "temperature": "450 K", "atoms": whole(500)}},
            stage=[{"kind": "relax"}],
            seed=whole(3),
        )
        for number, whole in ((np.float64, np.int64), (float, int))
    ]
    assert made[0] == made[1]
    assert_plain(made[0].to_toml())
    assert Deck.from_text(made[0].to_toml()) == made[1]


def test_json(tmp_path, capsys):
    from nakmd.cli.output import show_json

    given = {"a": TENTH, "b": np.int64(3), "c": [np.bool_(True)], "d": np.arange(2)}
    expected = {"a": 0.1, "b": 3, "c": [True], "d": [0, 1]}
    show_json(given)
    write_status(tmp_path / "status.json", given)
    for text in (capsys.readouterr().out, (tmp_path / "status.json").read_text()):
        assert_plain(text)
        assert json.loads(text) == expected


def test_extended_xyz(tmp_path):
    state = system(5)
    given = frame(state, 1)
    given.time, given.step = np.float64(0.5), np.int64(10)
    given.potential_energy = np.float64(-1.25)
    path = tmp_path / "a.xyz"
    write_extxyz(path, [given], state.topology)
    assert_plain(path.read_text())
    (again,) = read_extxyz(path)
    # written with eight decimals, on paths through the periodic faces
    unwrapped = given.positions + given.images @ given.cell.matrix
    assert np.allclose(again.positions, unwrapped, rtol=0, atol=1e-8)


def test_rows_of_results():
    row = Row.of("D", Measure(np.float64(0.125), np.float64(0.5), "Å²/ps", np.float64(20.0)))
    assert_plain(row.text)
