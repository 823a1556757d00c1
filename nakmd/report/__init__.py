"""One self-contained HTML page of a run: input, results and the references of its methods."""

from nakmd.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
