"""Pages of the manual that are made from the package: every key of a deck, every command of the shell."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest
import typer

from nakmd.cli.analyze import AnalyzeCommand
from nakmd.cli.app import app
from nakmd.cli.guard import EXIT_CODES
from nakmd.deck.deck import Deck
from nakmd.deck.key_facts import describe_keys, tables_below
from nakmd.sweeps.sweep_tables import SweepTables

HOOKS = Path(__file__).parents[1] / "docs" / "hooks"


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, HOOKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DECK_HOOK = loaded("deck_reference")
DECK_PAGES = DECK_HOOK.deck_reference()
SHELL_HOOK = loaded("shell_reference")
SHELL_PAGES = SHELL_HOOK.shell_reference()
PAGES = DECK_PAGES | SHELL_PAGES


def commands():
    """Yield the path of every command, and the command."""
    main = typer.main.get_command(app)

    def walk(command, context, path):
        for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
            inner = command.get_command(context, name)
            if isinstance(inner, AnalyzeCommand):
                inner.list_quantities()
            inside = inner.context_class(inner, info_name=name, parent=context)
            yield (*path, name), inner
            yield from walk(inner, inside, (*path, name))

    yield from walk(main, main.context_class(main, info_name="nakmd"), ())


COMMANDS = {" ".join(path): command for path, command in commands()}


def rows(page):
    return [line for line in page.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_whole(name):
    page = PAGES[name]
    assert page.startswith("# ")
    width = 0
    for line in page.splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = re.sub(r"`[^`]*`", "", line).count("|")
        width = width or cells
        assert cells == width, line
    for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page):
        where = f"{Path(name).parent}/{target}" if target else name
        assert where in PAGES
        if anchor:
            assert f'id="{anchor}"' in PAGES[where] or f"{{ #{anchor} }}" in PAGES[where], anchor


@pytest.mark.parametrize("name", PAGES)
def test_anchors_are_unique(name):
    anchors = re.findall(r'id="([^"]+)"|\{ #(\S+) \}', PAGES[name])
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize("root", [Deck, SweepTables])
def test_every_key_has_a_row(root):
    text = "\n".join(DECK_PAGES.values()) if root is Deck else DECK_PAGES["reference/deck/sweep.md"]
    listed = {}
    for row in rows(text):
        name, description, value, default, example = (
            (cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:6]) if (row.count("|") == 6) else ("",) * 5
        )
        listed.setdefault(re.sub(r"<a[^>]*></a>|`", "", name), []).append((description, value, default, example))
    for table in tables_below(root):
        for key in describe_keys(table):
            start = DECK_HOOK.as_text(key.description)
            fitting = [row for row in listed[key.name] if row[0].startswith(start)]
            assert fitting, f"{table.__name__}.{key.name}"
            assert all(row[1] and row[2] and row[3] for row in fitting)
            assert all((row[2] == "required") == key.required for row in fitting)
            for meaning in key.choices.values() if key.has_words else ():
                assert DECK_HOOK.as_text(meaning) in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_options(name):
    command = COMMANDS[name]
    page = SHELL_PAGES[f"reference/shell/{name.split()[0]}.md"]
    assert f"# `nakmd {name}`" in page
    for parameter in command.params:
        assert parameter.help, f"{name} {parameter.name} has no help"
        names = [parameter.metavar] if parameter.metavar and "--" not in parameter.opts[0] else parameter.opts
        meaning = SHELL_HOOK.as_text(SHELL_HOOK.DEFAULT.sub("", parameter.help))
        assert [row for row in rows(page) if names[-1] in row and meaning in row], parameter.name


@pytest.mark.parametrize("name", [name for name in COMMANDS if not hasattr(COMMANDS[name], "list_commands")])
def test_every_command_has_an_example_that_its_parser_accepts(name):
    command = COMMANDS[name]
    found = re.findall(rf"Example: (nakmd {name}\b.*)", command.help)
    assert found
    for line in found:
        words = shlex.split(line.partition(" > ")[0])
        command.make_context(words[1], words[1 + len(name.split()) :])  # raises a usage error
        assert f"\n{line}\n" in SHELL_PAGES[f"reference/shell/{name.split()[0]}.md"]


def test_exit_codes_are_listed():
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning} |" in SHELL_PAGES["reference/shell/index.md"]
