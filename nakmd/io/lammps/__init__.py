"""Reading files of LAMMPS: text dumps and data files."""

from nakmd.io.lammps.data_file import DataConfiguration, read_data
from nakmd.io.lammps.dump_file import DumpFile, DumpFrame, DumpSeries

__all__ = ["DataConfiguration", "DumpFile", "DumpFrame", "DumpSeries", "read_data"]
