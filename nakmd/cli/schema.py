"""``nakmd schema``: the JSON schema of the deck, for editors."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON schema of decks, for completion and validation in editors."""
    from nakmd.cli.output import show_json
    from nakmd.deck.deck import Deck

    show_json({"$schema": "https://json-schema.org/draft/2020-12/schema", **Deck.model_json_schema()})
