"""One self-contained HTML page of a run: what was run, what it gave, and whose methods it rests on."""

from nakmd.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
