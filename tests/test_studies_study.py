"""What every study shares: inputs with sources, stored points, figures with their errors apart, page and verb."""

import json
import os
import re
from functools import partial

import numpy as np
import pytest

from nakmd import studies
from nakmd.errors import FileFormatError, InputError, RunError
from nakmd.potentials import load
from nakmd.studies import Inputs, Study, StudyFigure, StudyPoint, load_inputs, study
from nakmd.studies.exchange_study import stability
from nakmd.studies.study import Figures, failure
from nakmd.studies.study_figures import tables_by_group, tables_by_model, with_model_error
from nakmd.studies.study_inputs import EVIDENCE, Input
from nakmd.studies.study_names import STUDIES, study_class
from nakmd.studies.workers import Task, compute_all

ENTRY = {"value": "1.0", "error": "0.2", "unit": '"eV"', "source": '"a paper"', "evidence": '"published"'}


def entry(**changes):
    """Return an entry of TOML; None leaves a line out."""
    lines = {**ENTRY, **changes}
    body = "\n".join(f"{key} = {value}" for key, value in lines.items() if value is not None)
    return f"\n[exchange.pbe_dipole_na_in_k]\n{body}\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": None}, r"pbe_dipole_na_in_k: has no source\."),
        ({"source": '" "'}, r"has no source\."),
        ({"error": "-0.1"}, r"error is -0\.1, but a standard deviation is not negative"),
        ({"eror": "0.1"}, r"unknown key 'eror'\. Did you mean \"error\"\?"),
        ({"evidence": None}, r"has no evidence\. Choose one of published"),
        ({"evidence": '"sure"'}, r"evidence is 'sure'\. Choose one of published"),
        ({"unit": None}, r"has no unit"),
        ({"unit": '"meV"'}, r"the unit is 'meV', but the study reads 'eV'\. Convert the numbers"),
        ({"value": "true"}, r"value is True, which is not a finite number"),
        ({"value": "nan"}, r"value is nan, which is not a finite number"),
        ({"source": "3"}, r"source is 3, which is not a text"),
        ({"value": None}, r"has error\. Give value, value and error, or low and high"),
        ({"low": "0.0"}, r"has error, low, value\."),
        ({"distribution": '"uniform"'}, r"the distribution uniform needs low and high, not error, value"),
        ({"distribution": '"gauss"'}, r"unknown distribution 'gauss'"),
        ({"value": None, "error": None, "low": "2.0", "high": "1.0"}, r"low is 2 and high is 1: low must be less"),
        (
            {"value": None, "error": None, "low": "0.0", "high": "1.0", "distribution": '"log-uniform"'},
            r"low is 0, but a log-uniform number is positive",
        ),
    ],
)
def test_a_wrong_input_is_one_message_with_its_line(tmp_path, changes, said):
    file = tmp_path / "own.toml"
    file.write_text(entry(**changes))
    with pytest.raises(FileFormatError, match=rf"own\.toml:2: .*{said}"):
        load_inputs(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            entry().replace("_dipole", "_dipol"),
            r"own\.toml:2: there is no input 'exchange\.pbe_dipol_na_in_k'\. Did you",
        ),
        ("exchange = 3", r"own\.toml:1: exchange is not in a table"),
        ("[exchange]\npbe_dipole_na_in_k = 3", r"own\.toml:2: exchange\.pbe_dipole_na_in_k: is no table"),
        ("[exchange", r"own\.toml: is no valid TOML"),
    ],
)
def test_a_wrong_file_of_inputs_is_one_message(tmp_path, text, said):
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(FileFormatError, match=said) as refused:
        load_inputs(file)
    assert refused.value.exit_code == 2


def test_own_inputs_replace_those_of_nakmd(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(entry())
    inputs, before = load_inputs(file), load_inputs()
    assert (inputs["exchange.pbe_dipole_na_in_k"].value, inputs["exchange.pbe_dipole_na_in_k"].error) == (1.0, 0.2)
    assert inputs["exchange.pbe_dipole_k_in_na"] == before["exchange.pbe_dipole_k_in_na"]
    assert set(inputs) == set(before)
    assert set(inputs.of("heat", "common")).isdisjoint(inputs.of("exchange"))
    assert inputs.changed(exchange__pbe_dipole_na_in_k=3.0)["exchange.pbe_dipole_na_in_k"].middle == 3.0
    with pytest.raises(InputError, match=r"no input 'exchange\.pbe'"):
        inputs["exchange.pbe"]


def test_samples_have_the_distribution_and_depend_on_the_key_alone():
    common = {"unit": "1", "source": "here", "evidence": "assumed"}
    normal = Input(key="a.x", value=2.0, error=0.5, distribution="normal", **common)
    uniform = Input(key="a.y", low=1.0, high=4.0, distribution="uniform", **common)
    wide = Input(key="a.z", low=0.01, high=1.0, distribution="log-uniform", **common)
    n = 20_000
    for one in (normal, uniform, wide):
        drawn = one.draw(n, seed=3)
        # four standard errors of a median: 1.75 deviations over √n for a flat distribution, less for the others
        assert np.std(drawn) == pytest.approx(one.deviation, rel=0.03)
        assert np.median(drawn) == pytest.approx(one.middle, abs=4.0 * 1.75 * one.deviation / np.sqrt(n))
        assert np.array_equal(drawn, one.draw(n, seed=3))
        assert not np.array_equal(drawn, one.draw(n, seed=4))
    assert abs(np.corrcoef(normal.draw(n, 3), uniform.draw(n, 3))[0, 1]) < 4.0 / np.sqrt(n)


def test_every_input_of_nakmd_is_used_by_a_study_and_has_a_known_evidence():
    for key, one in load_inputs().items():
        assert key.partition(".")[0] in {*STUDIES, "common"}
        assert one.evidence in EVIDENCE


CALLS = []


def half(of, inputs):
    CALLS.append(of)
    if of < 0.0:
        raise RunError("half of a negative number is not wanted")
    return {"half": np.float64(0.5 * of), "undefined": float("nan"), "inputs": len(inputs)}


class Halves(Study):
    """Half of some numbers.

    References
    ----------
    Halving: Euclid, Elements, book VII.
    """

    title = "Halves"
    question = "What is half?"
    limits = ("Only numbers.",)

    def points(self):
        numbers = (4.0, -1.0) if self.quick else (4.0, -1.0, 6.0)
        return [StudyPoint(f"half/{n:g}", half, {"of": n, "inputs": self.inputs.to_dict()}) for n in numbers]

    def figures(self, results):
        return [
            StudyFigure(
                key=key, title=key, value=found.get("half"), unit="1", statistical=0.3, numerical=0.4,
                notes=failure(found),
            )
            for key, found in results.items()
        ]  # fmt: skip

    def answers(self, figures):
        return (f"Half of 4 is {figures['half/4'].value:g} & more.",)


@pytest.fixture
def halves(monkeypatch):
    monkeypatch.setattr("nakmd.studies.study_run.study_class", lambda name: Halves)
    CALLS.clear()


def test_a_study_continues_where_it_was_stopped(halves, tmp_path, monkeypatch):
    folder, seen = tmp_path / "study", []
    result = study("halves", quick=True, threads=1, directory=folder, progress=seen.append)
    assert [CALLS, result["half/4"].value, result["half/-1"].value] == [[4.0, -1.0], 2.0, None]
    assert result["half/-1"].notes == ("half of a negative number is not wanted",)
    assert result.failures == {"half/-1": "half of a negative number is not wanted"}
    assert result.results["half/4"]["undefined"] is None
    assert [(p.done, p.total, p.key) for p in seen] == [(0, 2, ""), (1, 2, "half/4"), (2, 2, "half/-1")]
    again = study("halves", quick=True, threads=1, directory=folder)
    assert CALLS == [4.0, -1.0]  # nothing is computed again, failures included
    assert [figure.to_dict() for figure in again.figures] == [figure.to_dict() for figure in result.figures]
    # one point is lost, one has other settings
    (folder / "points" / "half_4.json").unlink()
    study("halves", quick=True, threads=1, directory=folder)
    assert CALLS == [4.0, -1.0, 4.0]
    own = tmp_path / "own.toml"
    own.write_text(entry())
    monkeypatch.setattr("nakmd.studies.study_run.Inputs.of", lambda self, *names: self)
    study("halves", quick=True, threads=1, directory=folder, inputs=own)
    assert CALLS == [4.0, -1.0, 4.0, 4.0, -1.0]
    with pytest.raises(InputError, match="holds a study with seed 0, not 1"):
        study("halves", quick=True, threads=1, directory=folder, seed=1)
    with pytest.raises(InputError, match="uses no parameter set, but was given nak"):
        study("halves", ["nak"])


def test_the_page_and_the_file_hold_the_figures(halves, tmp_path):
    study("halves", threads=1, directory=tmp_path / "study")
    page = (tmp_path / "study" / "study.html").read_text()
    for text in ("What is half?", "Half of 4 is 2 &amp; more.", "not wanted", "Only numbers.", "Euclid, Elements"):
        assert text in page
    assert not re.search(r'(src|href)="(?!data:|#|https://doi\.org/)', page)  # nothing is loaded from elsewhere
    stored = json.loads((tmp_path / "study" / "study.json").read_text())
    assert [figure["value"] for figure in stored["figures"]] == [2.0, None, 3.0]
    assert stored["provenance"]["seconds"].keys() == {"half/4", "half/-1", "half/6"}


def figure(key, model, value, **more):
    return StudyFigure(key=key, title=f"{key}!", model=model, value=value, unit="eV", **more)


def test_errors_stay_apart():
    one = figure("E", "a", 1.0, statistical=0.3, numerical=0.4)
    assert one.error == pytest.approx(0.5)
    assert figure("E", "a", 1.0).error is None
    assert figure("E", "a", float("nan")).value is None
    assert figure("E", "a", None).text == "not measured"
    # half the range over the models; a figure alone, or without a model, has none
    found = with_model_error([one, figure("E", "b", 1.6), figure("E", "c", None), figure("F", "a", 2.0)])
    assert [f.model_error for f in found] == [pytest.approx(0.3), pytest.approx(0.3), None, None]
    figures = Figures(found)
    assert figures["E", "b"].value == 1.6
    assert figures["F"].value == 2.0
    assert set(figures.of("E")) == {"a", "b", "c"}
    for unknown in ("G", ("E", "d"), "E"):  # E has three models: which one is not said
        with pytest.raises(InputError, match="no figure"):
            figures[unknown]
    with pytest.raises(InputError, match="Two figures of a study have the key 'E' and the model 'a'"):
        Figures([one, one])
    assert tables_by_group(found)[0].rows[0][:7] == ("E!", "a", "1", "eV", "0.3", "0.4", "0.3")
    table = tables_by_model(found)[0]
    assert table.columns == ("quantity", "unit", "a", "b", "c", "model error")
    assert table.rows[0] == ("E!", "eV", "1.0 ± 0.5", "1.6", "–", "0.3")


def test_every_study_is_listed_and_describes_itself(command):
    for name in STUDIES:
        kind = study_class(name)
        assert kind.title
        assert kind.question.endswith("?")
        assert kind.limits
        assert callable(getattr(studies, name))
    code, out, _ = command("study", "--json")
    assert code == 0
    assert [one["name"] for one in json.loads(out)] == list(STUDIES)
    with pytest.raises(AttributeError, match="no attribute 'exchanges'"):
        studies.exchanges  # noqa: B018


def test_faults_of_the_verb_end_with_exit_code_2(command, tmp_path):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(entry(source=None))
    for arguments, said in (
        (("exchang",), "no study 'exchang'. Did you mean \"exchange\"?"),
        (("exchange", "--inputs", str(wrong)), "has no source"),
        (("exchange", "--inputs", "missing.toml"), "missing.toml"),
        (("exchange", "--model", "nak-1915"), "nak-1915"),
        (("exchange", "--model", "rb"), "rb: No term couples"),
    ):
        code, _, error = command("study", *arguments, "-o", str(tmp_path / "out"))
        assert code == 2, error
        assert said in error
        assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_inputs_are_a_mapping():
    inputs = load_inputs()
    assert isinstance(inputs, Inputs)
    assert len(inputs) == len(list(inputs))
    assert inputs["exchange.pbe_dipole_k_in_na"].text == "1.6 ± 0.2 eV"


def test_points_in_several_processes_are_those_of_one():
    """Functions of the package in two processes; a failure in one of them is a result, its end is an error."""
    model = load("nak-2026")
    tasks = [
        Task("K", 1.0, partial(stability.energies_of, model, "K", "Na", 2)),
        Task("Na", 2.0, partial(stability.energies_of, model, "Na", "K", 2)),
        Task("bad", 3.0, partial(stability.energies_of, load("cn"), "Na", "K", 2)),
    ]
    parallel = {key: result for key, result, _ in compute_all(tasks, 2)}
    assert parallel == {key: result for key, result, _ in compute_all(tasks, 1)}
    assert parallel["K"]["atoms"] == 16
    assert "Na" in parallel["bad"]["failed"]
    with pytest.raises(RunError, match=r"ended with code 3\. Finished points are stored"):
        list(compute_all([Task("end", 1.0, partial(os._exit, 3)), tasks[0]], 2))
