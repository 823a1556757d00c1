"""Reading files of LAMMPS: text dumps and data files."""

from nakmd.io.lammps.data_file import DataConfiguration, read_data
from nakmd.io.lammps.dump_file import DumpFile, DumpSeries
from nakmd.io.lammps.lammps_frame import LammpsFrame

__all__ = ["DataConfiguration", "DumpFile", "DumpSeries", "LammpsFrame", "read_data"]
