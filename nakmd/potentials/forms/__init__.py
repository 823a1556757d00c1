"""Forms of potentials: one file each."""
