"""The version of nakmd."""

__version__ = "0.1.0"
