"""``nakmd schema``: the JSON schema of decks and of sweep files, for editors."""

from __future__ import annotations

from typing import Annotated

import typer


def schema(
    sweep: Annotated[bool, typer.Option("--sweep", help="Print that of sweep files, in place of decks.")] = False,
) -> None:
    """Print the JSON schema of decks, for completion and validation in editors.

    Editors with Taplo read it from the first line of a deck: #:schema ./nakmd.schema.json

    Example: nakmd schema > nakmd.schema.json
    """
    from nakmd.cli.output import show_json
    from nakmd.deck.deck import Deck
    from nakmd.sweeps.sweep_tables import SweepTables

    described = SweepTables if sweep else Deck
    show_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **described.model_json_schema()})
