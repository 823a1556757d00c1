"""Results of a finished run: every quantity with its error, as rows, curves, tables and figures."""

from nakmd.results.results import Results

__all__ = ["Results"]
