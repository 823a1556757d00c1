"""The deck: its tables, quantities with units, messages with line numbers, and the checks that need no built system."""
