"""Tables on a terminal of 80 columns: no line is longer, and no word is broken."""

import re

import pytest

from nakmd.cli import output

#: Characters of which rich draws the rules of a table.
RULES = re.compile("[┏┳┓━┃┡╇┩│├┼┤└┴┘─]")


@pytest.fixture
def terminal(monkeypatch):
    """Standard output is a terminal of 80 columns, without colours."""
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    for name, value in (("COLUMNS", "80"), ("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)


def table_lines(text):
    return [line for line in text.splitlines() if RULES.search(line)]


@pytest.mark.parametrize(
    "verb",
    [
        ("new",),
        ("doctor", "--quick"),
        ("potentials", "list"),
        ("potentials", "show", "nak-cn"),
        ("potentials", "show", "nak-2026"),
        ("claims", "list"),
        ("study",),
    ],
)
def test_the_tables_of_a_verb_fit(command, terminal, verb):
    code, out, _ = command(*verb)
    assert code == 0
    lines = table_lines(out)
    assert len(lines) > 3
    assert max(map(len, lines)) <= 80


def test_a_sentence_folds_between_words_and_numbers_do_not(capsys, terminal):
    sentence = "the quick brown fox jumps over the lazy dog and runs away through the high grass of the meadow"
    output.show_table(["quantity", "value [eV]", "note"], [["energy", "-1.25 ± 0.01", sentence]])
    lines = table_lines(capsys.readouterr().out)
    assert max(map(len, lines)) <= 80
    assert any("energy" in line and "-1.25 ± 0.01" in line for line in lines)
    cells = [[cell.strip() for cell in re.split("[┃│]", line)[1:-1]] for line in lines if "│" in line]
    assert " ".join(cell[2] for cell in cells) == sentence


def test_a_row_of_many_numbers_becomes_a_list(capsys, terminal):
    columns = [f"quantity_{k}" for k in range(9)]
    output.show_table(columns, [[f"{k}.123456789" for k in range(9)], ["x"] * 9])
    lines = table_lines(capsys.readouterr().out)
    assert max(map(len, lines)) <= 80
    for k, column in enumerate(columns):
        assert any(column in line and f"{k}.123456789" in line for line in lines)


def test_a_narrow_table_is_no_wider_than_its_cells(capsys, terminal):
    output.show_table(["a", "b"], [["1", "two words"]], title="Title")
    lines = table_lines(capsys.readouterr().out)
    assert {len(line) for line in lines} == {len("┃ a ┃ two words ┃")}
