"""Building and running a deck: system, potential and stages, the run and its folder."""
