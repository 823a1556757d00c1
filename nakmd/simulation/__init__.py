"""The simulation loop, its stages and its observers."""

from nakmd.simulation.arrivals import arrival_faults
from nakmd.simulation.deadline import Deadline
from nakmd.simulation.exchanges import move_faults
from nakmd.simulation.live_analysis import LiveAnalysis
from nakmd.simulation.loop import Simulation
from nakmd.simulation.observers import FrameWriter, Observer, ThermoLog, ThermoWriter
from nakmd.simulation.progress import Progress
from nakmd.simulation.readings import THERMO_UNITS
from nakmd.simulation.stages import Stage, StageReport, Status, stage_faults

__all__ = [
    "THERMO_UNITS",
    "Deadline",
    "FrameWriter",
    "LiveAnalysis",
    "Observer",
    "Progress",
    "Simulation",
    "Stage",
    "StageReport",
    "Status",
    "ThermoLog",
    "ThermoWriter",
    "arrival_faults",
    "move_faults",
    "stage_faults",
]
