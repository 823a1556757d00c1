"""Means and their errors, fits, correlations: numbers without knowledge of atoms."""
