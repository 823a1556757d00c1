"""Tables of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nakmd.cli.guard import complain
from nakmd.cli.output import say, show_table

if TYPE_CHECKING:
    from nakmd.results.results import Results


def show_results(results: Results) -> None:
    """Print every result with its error bar and frames, the notes, and what could not be measured and why."""
    rows = [
        [row.quantity, row.text, "" if row.quantity.startswith(" ") else row.frames, row.note] for row in results.rows()
    ]
    if rows:
        show_table(["quantity", "value ± standard error", "measured in", ""], rows)
    for note in results.notes:
        say(f"note  {note}")
    for name, reason in results.failures.items():
        complain(f"{name}: {reason}")
