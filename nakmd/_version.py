"""The version of nakmd, and of the numbers that it computes."""

__version__ = "0.1.0"

#: Raised when the same deck gives another trajectory than before: points of a sweep are then computed anew.
NUMBERS = 2
