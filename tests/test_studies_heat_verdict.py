"""The study of heat as a whole: wrong inputs, verdicts, storage and page."""

import json

import numpy as np
import pytest

from nakmd.studies import load_inputs, study
from nakmd.studies.heat_study import heat_sentences, routes
from nakmd.studies.heat_study.heat import Heat
from nakmd.studies.study import Figures

HEAD = 'unit = "{unit}"\nsource = "here"\nevidence = "assumed"\n'


@pytest.mark.parametrize(
    ("key", "unit", "numbers", "said"),
    [
        ("mass", "g", "value = 0.1\nerror = 0.05", "heat.mass reaches -0.1 g, but must be above 0"),
        ("mass", "mg", "value = 100.0", "the unit is 'mg', but the study reads 'g'"),
        ("kc8_share", "1", "low = 0.0\nhigh = 1.5", "heat.kc8_share reaches 1.5, but is a share between 0 and 1"),
        ("covered", "1", "low = -0.1\nhigh = 0.5", "heat.covered reaches -0.1, but is a share between 0 and 1"),
        ("start", "K", "value = 298.0\nerror = 1.0", "heat.start is 298.0 ± 1.0 K, but the study uses one exact"),
        ("measured_time", "s", "value = 11.0", "heat.measured_time is 11 s without an error"),
        (
            "release_tim",
            "s",
            "value = 11.0",
            "there is no input 'heat.release_tim'. Did you mean \"heat.release_time\"?",
        ),
    ],
)
def test_a_wrong_input_is_one_message(command, tmp_path, key, unit, numbers, said):
    file = tmp_path / "own.toml"
    file.write_text(f"[heat.{key}]\n{HEAD.format(unit=unit)}{numbers}\n")
    code, _, error = command("study", "heat", "--quick", "--inputs", str(file), "-o", str(tmp_path / "out"))
    assert code == 2
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def made(monkeypatch, inputs, samples=8000, **more):
    monkeypatch.setattr("nakmd.studies.heat_study.heat.QUICK_SAMPLES", samples)
    return study("heat", quick=True, inputs=inputs, **{"threads": 1, **more})


def test_the_verdict_follows_from_the_figures(monkeypatch):
    known = load_inputs()
    result = made(monkeypatch, known)
    assert result.answers[0].endswith("IR alone cannot assign the heat to graphitic N.")
    assert "It is not the main source" in result.answers[0]
    assert "sign of the heat of wetting of a graphitic wall is open" in " ".join(result.answers)
    assert result["heat.wetting (pristine)"].value > 0.0
    assert result["by model.wetting (graphitic)", "nak-2026, surface measured"].value < 0.0
    systematic = result["by model.wetting (pristine)", "nak-2026, surface measured"].model_error
    assert systematic == pytest.approx(7.0, rel=0.2)  # half of 175 m²/g × 0.08 J/m²
    # without any other source of heat, all of it is the nitrogen's
    alone = known.changed(
        heat__kc8_share=0.0,
        common__oxygen=1e-6,
        common__water=1e-6,
        common__specific_surface=1e-3,
        heat__replacement=3.0,
    )
    assert "main source of heat for these inputs" in made(monkeypatch, alone).answers[0]
    # a release that is much too quick for the measured time: its figures are missing, with the reason
    late = made(monkeypatch, known.changed(heat__support=0.02, heat__release_time=0.001))
    assert late["inverse.heat"].value is None
    assert "was not evaluated: Too few samples" in " ".join(late.answers)


def test_page_tables_and_storage(monkeypatch, tmp_path):
    known = load_inputs()
    first = made(monkeypatch, known, directory=tmp_path / "heat")
    again = made(monkeypatch, known, directory=tmp_path / "heat")
    assert [f.to_dict() for f in again.figures] == [f.to_dict() for f in first.figures]
    page = (tmp_path / "heat" / "study.html").read_text()
    for text in ("IR alone cannot assign", "made up", "recalled-low", "data:image/png", "10.1364/AO.50.001850"):
        assert text in page
    stored = json.loads((tmp_path / "heat" / "study.json").read_text())
    assert stored["inputs"]["heat.kc8"]["evidence"] == "published"
    assert [row[0] for row in first.tables[0].rows] == list(routes.ROUTES)
    other = made(monkeypatch, known, seed=1)
    figure = first["peak.KC8"]
    # two independent medians: four standard errors
    assert abs(other["peak.KC8"].value - figure.value) < 4.0 * np.sqrt(2.0) * figure.statistical


def test_the_verdict_follows_from_the_widths(monkeypatch):
    """The sentence on the camera's use changes with the width that a measurement leaves."""
    result = made(monkeypatch, load_inputs())
    figures = [
        f if f.key not in ("camera.narrowing", "calorimeter.narrowing") else type(f)(**{**f.__dict__, "value": 0.2})
        for f in result.figures
    ]
    told = next(heat_sentences.sentences(Figures(figures), result.study.inputs))
    assert told.endswith("For these inputs the measurement tells how much it is.")
    assert isinstance(result.study, Heat)
