"""Files: trajectories, checkpoints, structures, and their conversion."""

from nakmd.io.ase_atoms import from_atoms, system_of, to_atoms
from nakmd.io.atomic import write_status
from nakmd.io.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from nakmd.io.convert import FORMATS, Conversion, convert
from nakmd.io.extxyz import read_extxyz, write_extxyz
from nakmd.io.h5md import TrajectoryWriter
from nakmd.io.storage import Storage
from nakmd.io.structure_file import read_structure
from nakmd.io.trajectory import Trajectory
from nakmd.io.trajectory_frame import TrajectoryFrame
from nakmd.io.trajectory_part import TrajectoryPart

__all__ = [
    "FORMATS",
    "Checkpoint",
    "Conversion",
    "Storage",
    "Trajectory",
    "TrajectoryFrame",
    "TrajectoryPart",
    "TrajectoryWriter",
    "convert",
    "from_atoms",
    "read_checkpoint",
    "read_extxyz",
    "read_structure",
    "system_of",
    "to_atoms",
    "write_checkpoint",
    "write_extxyz",
    "write_status",
]
