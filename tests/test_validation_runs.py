"""Runs of `nakmd validate`: interrupted and resumed, in parallel, from the shell; and the stored results."""

import json
import math
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from nakmd.cli.app import app
from nakmd.errors import ExplosionError
from nakmd.potentials import load
from nakmd.resources import data_folder
from nakmd.studies import LIQUID_QUICK, validate
from nakmd.studies.validation import campaign, markdown, wanted
from nakmd.studies.validation.point_kinds import KINDS
from nakmd.studies.validation.points import Point
from nakmd.studies.validation.scales import POTASSIUM, QUICK, SODIUM, Scale
from nakmd.studies.validation.written_page import write_page

pytestmark = pytest.mark.draws

#: A few picoseconds instead of hundreds: large errors, but every quantity is computed.
TINY = Scale(
    temperatures={SODIUM: (400.0,), POTASSIUM: (400.0,)},
    atoms=120, settle=0.1, npt=0.4, nvt=1.2, seeds=1, film_atoms=300, film_settle=0.1, film_time=1.1,
)  # fmt: skip


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(campaign, "QUICK", TINY)


# -------------------------------------------------------------------------------- interruption and resumption
def figures(validation):
    return [finding.to_dict() for finding in validation.findings]


def test_killed_and_resumed_is_bit_equal(tiny, tmp_path, monkeypatch):
    asked = ["density", "diffusion", "mixing", "carbon"]
    whole = validate("nak-cn", asked, quick=True, seed=5, threads=1)

    def stop(now):
        if now.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate("nak-cn", asked, quick=True, seed=5, threads=1, directory=tmp_path, progress=stop)
    computed = []
    original = campaign.compute

    def counted(point, *rest):
        computed.append(point.key)
        return original(point, *rest)

    monkeypatch.setattr(campaign, "compute", counted)
    resumed = validate("nak-cn", asked, quick=True, seed=5, threads=1, directory=tmp_path)
    assert len(computed) == len(whole.results) - 2
    assert figures(resumed) == figures(whole)
    assert resumed.results == whole.results
    # finished: nothing is recomputed, and the file has the same findings
    validate("nak-cn", asked, quick=True, seed=5, threads=1, directory=tmp_path)
    assert len(computed) == len(whole.results) - 2
    stored = json.loads((tmp_path / "validation.json").read_text())
    assert stored["findings"] == figures(whole)
    assert stored["provenance"]["potential"]["files"].keys() >= {"nak-cn", "nak-2026"}
    other_seed = validate("nak-cn", asked, quick=True, seed=6, threads=1)
    assert other_seed["density", "Na", 400].value != whole["density", "Na", 400].value


def test_parallel_and_serial_are_bit_equal(tiny):
    """Static points and liquids in two processes, from a potential object instead of a name."""
    asked = ["density@400", "carbon"]
    serial = validate("nak-cn", asked, quick=True, threads=1)
    potential = load("nak-cn")
    parallel = validate(potential, asked, quick=True, threads=2)
    assert figures(parallel) == figures(serial)


def test_a_model_that_explodes_is_not_measured(tiny, monkeypatch):
    def explode(potential, params, seed):
        raise ExplosionError("Step 7: an atom has left.")

    monkeypatch.setitem(campaign.KINDS, "liquid", replace(KINDS["liquid"], measure=explode))
    validation = validate("nak", ["density", "mixing"], quick=True, threads=1)
    assert validation.counts["not measured"] == len(validation.findings) == 5
    assert "an atom has left" in validation.findings[0].notes[0]


def test_surface_and_page(tiny, tmp_path):
    """All liquid and surface quantities of a metal model, with plots; the page shows the misses."""
    validation = validate("nak", ["surface", "liquid", "adsorption"], quick=True, threads=1, directory=tmp_path)
    assert any("adsorption" in point for point in validation.skipped)
    tension = validation["surface tension", "K", 400]
    assert math.isfinite(tension.value)
    assert tension.size_error > 0.0
    files = write_page(validation, tmp_path)
    assert {path.name for path in files} >= {"validation.md", "liquid.png", "rdf.png", "film.png"}
    assert all(path.stat().st_size > 5000 for path in files if path.suffix == ".png")
    page = (tmp_path / "validation.md").read_text()
    for row in markdown.rows_of(validation.findings):
        assert f"| {row[0]} | {row[1]} |" in page
    assert sum(f.verdict == "misses" for f in validation.findings) == page.count("off by")
    aims = markdown.target_rows(validation.findings)
    assert {row[0] for row in aims} >= {"surface tension, K, 400 K", "diffusion of Na, Na, 400 K"}
    assert all(f"| {row[0]} | {row[1]} | {row[2]} | {row[3]} | {row[4]} | {row[5]} |" in page for row in aims)


# ----------------------------------------------------------------------------------------------- shell
def shell(*words):
    return CliRunner().invoke(app, ["validate", *map(str, words)])


def test_shell(tmp_path):
    done = shell("cn", "--only", "carbon", "-o", tmp_path, "--threads", 1)
    assert done.exit_code == 0, done.output
    assert "lattice constant, graphene" in done.output
    assert "off by +1.0 %" in done.output
    second = shell("cn", "--only", "carbon", "-o", tmp_path, "--threads", 1, "--json")
    assert json.loads(second.stdout)["counts"] == {"agrees": 1, "misses": 2, "no reference": 0, "not measured": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nak-cm"], 'Did you mean "nak-cn"'),
        (["cn", "--only", "carbn"], 'Did you mean "carbon"'),
        (["missing.toml"], "missing.toml"),
    ],
)
def test_bad_names_give_one_message(tmp_path, arguments, message):
    done = shell(*arguments, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_folders_with_other_settings_are_rejected(tmp_path):
    validate("cn", ["carbon"], directory=tmp_path)
    for arguments, message in ((["cn", "--seed", 1], "seed 0, not 1"), (["tersoff-1989-c"], "name 'cn'")):
        done = shell(*arguments, "--only", "carbon", "-o", tmp_path)
        assert done.exit_code == 2
        assert message in done.output
    (tmp_path / "points" / "carbon_graphene.json").write_text('{"digest": ')
    done = shell("cn", "--only", "carbon", "-o", tmp_path)
    assert done.exit_code == 2
    assert "Delete it" in done.output


# ------------------------------------------------------------------------------------------------ slow
@pytest.mark.slow
def test_liquid_of_the_set_of_2016():
    """Acceptance values for the quantities that a fit evaluates for each candidate."""
    validation = validate("nak-2016", LIQUID_QUICK, quick=True, seed=3)
    assert validation["density", "Na", 400].value == pytest.approx(0.917, abs=0.006)
    assert validation["density", "K", 400].value == pytest.approx(0.8145, abs=0.006)
    assert validation["density", "NaK 0.67", 400].value == pytest.approx(0.842, abs=0.008)
    assert 0.0 < validation["mixing enthalpy", "NaK 0.5", 400].value < 8.0
    for metal, low, high in (("Na", 0.30, 0.45), ("K", 0.38, 0.52)):
        raw = validation.results[f"liquid/{metal}/400/{QUICK.atoms}/0"]["diffusion"][metal]["raw"]["value"]
        assert low < raw < high
    assert validation["diffusion of Na", "Na", 400].verdict == "misses"


# ---------------------------------------------------------------------------------------- stored results
STORED = data_folder("potentials") / "validation"


def stored_run(name):
    """Return the stored findings of a set, as JSON."""
    return json.loads((STORED / name / "validation.json").read_text())


def test_the_readme_shows_the_stored_runs():
    """Every row of the table in potentials/README.md, of both metals."""
    new, old = (
        {finding["key"]: finding for name in names for finding in stored_run(name)["findings"]}
        for names in (("nak-2026", "nak-2026-free-energy"), ("nak-cn-2016", "nak-cn-2016-concentration"))
    )
    section = (STORED.parent / "README.md").read_text(encoding="utf-8").split("## Validation")[1].split("\n## ")[0]
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "| " in line][2:]
    assert len(shown) > 40
    for key, value, before, unit, reference in shown:
        assert (value, unit, reference) == (new[key]["text"], new[key]["unit"], new[key]["reference_text"])
        assert before == (old[key]["text"] if key in old else "–")


@pytest.mark.parametrize(("name", "absent"), [
    ("nak-2026", {"carbon", "adsorption"}),
    # groups younger than this run
    ("nak-cn-2016", {"solid", "forces", "extremes"}),
])  # fmt: skip
def test_stored_runs_are_complete_and_of_todays_metal(name, absent):
    stored = stored_run(name)
    assert {finding["group"] for finding in stored["findings"]} == set(wanted.GROUPS) - absent
    assert stored["scale"] == "full"
    assert stored["counts"]["not measured"] == 0
    # the metal is still that of the stored run; after a change run `make validate`
    file = json.loads(next((STORED / name / "points").glob("liquid_NaK-0.67_400_*.json")).read_text())
    point = Point(file["key"], "liquid", ("Na", "K"), file["params"])
    assert file["digest"] == point.digest(load(name), stored["provenance"]["seed"])


def test_the_stored_run_of_the_default_metal_meets_its_targets():
    """All but the lattice constant of Na at 0 K."""
    page = (STORED / "nak-2026" / "validation.md").read_text(encoding="utf-8")
    section = page.split("\n## Targets\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "| " in line][2:]
    assert len(rows) == 90
    assert [row[0] for row in rows if row[-1] not in ("met", "stretch met", "within errors")] == [
        "lattice constant, Na"
    ]
