"""``nakmd new``: starter decks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    template: Annotated[
        str | None, typer.Argument(help="Name of the template. Without it, the templates are listed.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File or directory to write to. Default: the file name of the template."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="List the templates as JSON.")] = False,
) -> None:
    """Write a commented starter deck, or list the templates.

    Example: nakmd new flagship -o wet.toml
    """
    from nakmd.cli import output as out
    from nakmd.deck.templates import templates, write_template

    if template is None:
        available = templates()
        if as_json:
            out.show_json([{"name": t.name, "summary": t.summary} for t in available])
        else:
            out.show_table(["template", "what it shows"], [[t.name, t.summary] for t in available])
            out.say("\nnakmd new TEMPLATE -o FILE writes one.")
        return
    path = write_template(template, output, force)
    if as_json:
        out.show_json({"template": template, "path": str(path)})
    else:
        following = f"nakmd sweep {path}" if template == "sweep" else f"nakmd check {path}, then nakmd run {path}"
        out.say(f"Wrote {path}.\nNext: {following}")
