"""The words of a deck: its tables, quantities with units, messages with lines, checks of the words alone."""
