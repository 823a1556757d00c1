"""From the words of a deck to objects, runs and results."""
