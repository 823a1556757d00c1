"""The same deck on other engines: LAMMPS, its input, and the check that it computes the same forces."""
