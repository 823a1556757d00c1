"""Tables of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nakmd.cli.guard import complain
from nakmd.cli.output import show_table

if TYPE_CHECKING:
    from nakmd.results.results import Results


def show_results(results: Results) -> None:
    """Print every result with its error bar, then the quantities that could not be measured and why."""
    rows = [[row.quantity, row.text, row.note] for row in results.rows()]
    if rows:
        show_table(["quantity", "value ± standard error", ""], rows)
    for name, reason in results.failures.items():
        complain(f"{name}: {reason}")
