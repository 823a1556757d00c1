"""The simulation loop, its stages and its observers."""

from nakmd.simulation.deadline import Deadline
from nakmd.simulation.live_analysis import LiveAnalysis
from nakmd.simulation.loop import Simulation
from nakmd.simulation.model_faults import model_faults
from nakmd.simulation.observers import FrameWriter, Observer, ThermoLog, ThermoWriter
from nakmd.simulation.progress import Progress
from nakmd.simulation.readings import THERMO_UNITS
from nakmd.simulation.restraints import COORDINATES, MassCenterDistance, Restraint, SiteDistance, WallDistance
from nakmd.simulation.stages import Stage, StageReport, Status, stage_faults

__all__ = [
    "COORDINATES",
    "THERMO_UNITS",
    "Deadline",
    "FrameWriter",
    "LiveAnalysis",
    "MassCenterDistance",
    "Observer",
    "Progress",
    "Restraint",
    "Simulation",
    "SiteDistance",
    "Stage",
    "StageReport",
    "Status",
    "ThermoLog",
    "ThermoWriter",
    "WallDistance",
    "model_faults",
    "stage_faults",
]
