"""Files: trajectories, checkpoints, structures, and their conversion."""

from nakmd.io.h5md import TrajectoryWriter
from nakmd.io.trajectory import Trajectory

__all__ = ["Trajectory", "TrajectoryWriter"]
