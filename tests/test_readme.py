"""The decks and snippets of the README are executed."""

import re
from pathlib import Path

import pytest
from test_examples import EXAMPLES, shortened

import nakmd
from nakmd.deck.source import DeckSource
from nakmd.runs.plan import make_plan

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_twelve_lines_are_a_deck_without_faults(tmp_path):
    (text,) = blocks("toml")
    assert len(text.splitlines()) == 12
    path = tmp_path / "wet.toml"
    path.write_text(text, encoding="utf-8")
    plan = make_plan(DeckSource.read(path))
    assert plan.faults == []


def test_python_snippets(capsys, monkeypatch, tmp_path):
    run_snippet, ase_snippet = blocks("python")
    full = nakmd.run

    def quick(deck, directory, threads):
        assert (EXAMPLES.parent / deck).is_file()
        return full(shortened(Path(deck).name), tmp_path / directory, threads=threads)

    monkeypatch.setattr(nakmd, "run", quick)
    exec(compile(run_snippet, "README", "exec"), {})
    value, error, unit = capsys.readouterr().out.split(maxsplit=2)
    assert float(error) > 0.0
    assert float(value) == pytest.approx(0.0, abs=100.0)  # 20 steps: only that it is a finite number
    assert unit.strip() == "Å²/ps"

    exec(compile(ase_snippet, "README", "exec"), {})
    shown = re.search(r"# (-[\d.]+) eV", ase_snippet).group(1)
    half_a_digit = 0.5 * 10.0 ** -len(shown.partition(".")[2])
    assert float(capsys.readouterr().out) == pytest.approx(float(shown), abs=half_a_digit)
