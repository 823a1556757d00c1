"""Means and their errors, fits, correlations: numerical methods that know nothing of atoms."""
