"""Pages of the manual that list every command of the shell, made from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from nakmd.cli.analyze import AnalyzeCommand
from nakmd.cli.app import app
from nakmd.cli.guard import EXIT_CODES

#: Folder of the pages, below that of the manual.
FOLDER = "reference/shell"

#: What begins the paragraph of a help text that is a command line.
EXAMPLE = "Example: "

#: The sentence in the help of a parameter that says what holds where it is left out.
DEFAULT = re.compile(r" Default: (.*?)\.(?=\s|$)")


def shell_reference() -> dict[str, str]:
    """Return the pages: path below the folder of the manual → Markdown.

    The Markdown needs the extension ``tables``.
    """
    main = typer.main.get_command(app)
    context: Any = main.context_class(main, info_name=app.info.name)
    verbs = [(name, main.get_command(context, name)) for name in main.list_commands(context)]
    lines = ["# Commands of the shell", "", *_help(main, context), "| verb | what it does |", "| --- | --- |"]
    lines += [f"| [`nakmd {name}`]({name}.md) | {as_text(_paragraphs(verb)[0])} |" for name, verb in verbs]
    lines += ["", "Before the verb, and `--help` behind each:", "", *_parameters(main.get_params(context), context)]
    lines += ["## Exit codes", "", "| code | meaning |", "| --- | --- |"]
    lines += [f"| {code} | {as_text(meaning)} |" for code, meaning in EXIT_CODES.items()]
    pages = {f"{FOLDER}/index.md": "\n".join([*lines, ""])}
    for name, verb in verbs:
        pages[f"{FOLDER}/{name}.md"] = "\n".join(_command(verb, context, name, 1))
    return pages


def _command(command: Any, parent: Any, name: str, level: int) -> list[str]:
    """Return the section of a command, and of the commands in it."""
    if isinstance(command, AnalyzeCommand):
        command.list_quantities()
    context = command.context_class(command, info_name=name, parent=parent)
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = [f"{'#' * level} `{context.command_path}`", "", *_help(command, context)]
    lines += ["```text", " ".join(usage.split()), "```", "", *_parameters(command.params, context)]
    if command.epilog:
        lines += [f"- {as_text(' '.join(part.split()))}" for part in command.epilog.split("\n\n")] + [""]
    for inner in _commands_in(command, context):
        lines += _command(command.get_command(context, inner), context, inner, level + 1)
    return lines


def _commands_in(command: Any, context: Any) -> list[str]:
    return list(command.list_commands(context)) if hasattr(command, "list_commands") else []


def _paragraphs(command: Any) -> list[str]:
    return [" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n") if paragraph.strip()]


def _help(command: Any, context: Any) -> Iterator[str]:
    """Yield the help text, its examples as console lines."""
    for paragraph in _paragraphs(command):
        if paragraph.startswith(EXAMPLE):
            yield from ("```bash", paragraph.removeprefix(EXAMPLE), "```", "")
        else:
            yield from (as_text(paragraph), "")


def _parameters(parameters: Sequence[Any], context: Any) -> list[str]:
    """Return the tables of arguments and options."""
    lines: list[str] = []
    for kind in ("argument", "option"):
        rows = [_row(p, context) for p in parameters if p.param_type_name == kind and not p.hidden]
        if rows:
            lines += [f"| {kind} | meaning | default |", "| --- | --- | --- |", *rows, ""]
    return lines


def _row(parameter: Any, context: Any) -> str:
    name, _ = parameter.get_help_record(context)
    said = DEFAULT.search(parameter.help or "")
    default = as_text(said[1]) if said else _default(parameter)
    return f"| `{name}` | {as_text(DEFAULT.sub('', parameter.help or ''))} | {default} |"


def _default(parameter: Any) -> str:
    """Return what holds where a parameter is left out, if its help does not say it."""
    if parameter.required:
        return "required"
    if parameter.default is None:
        return ""
    return "off" if parameter.default is False else f"`{parameter.default}`"


def as_text(text: str) -> str:
    """Return words that Markdown shows as they are, also in a table; code in backticks stays code."""
    for letter in "*<|":
        text = text.replace(letter, f"&#{ord(letter)};")
    return text
