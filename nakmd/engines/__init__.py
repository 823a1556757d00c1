"""Other engines on the same atoms, to be measured against: LAMMPS.

>>> from nakmd.engines import Setting
>>> Setting("opt", processes=2, skin=1.0).words
'opt, 2 processes, skin 1.0 Å'
"""

from nakmd.engines.lammps import LAMMPS, LoopReport, Setting, read_report
from nakmd.engines.lammps_build import LAMMPSBuild, find_lammps, potential_file

__all__ = ["LAMMPS", "LAMMPSBuild", "LoopReport", "Setting", "find_lammps", "potential_file", "read_report"]
