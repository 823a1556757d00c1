"""How fast the kernels are: cases, timing, costs, roofline, and LAMMPS on the same atoms."""
