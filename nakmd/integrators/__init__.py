"""How atoms move: velocity Verlet with thermostats and a barostat, and relaxation.

>>> from nakmd.integrators import CellRescaling, Langevin, VelocityVerlet
>>> VelocityVerlet(0.001, Langevin((300.0, 450.0)), CellRescaling(pressure=0.0, axes="z")).is_stationary
False
"""

from nakmd.integrators.base import Integrator, Span, Thermostat, initialize_velocities, remove_momentum
from nakmd.integrators.bussi import Bussi
from nakmd.integrators.cell_rescaling import CellRescaling
from nakmd.integrators.fire import Fire
from nakmd.integrators.groups import Mobility
from nakmd.integrators.langevin import Langevin
from nakmd.integrators.ramps import Ramp, as_ramp
from nakmd.integrators.velocity_verlet import VelocityVerlet

__all__ = [
    "Bussi",
    "CellRescaling",
    "Fire",
    "Integrator",
    "Langevin",
    "Mobility",
    "Ramp",
    "Span",
    "Thermostat",
    "VelocityVerlet",
    "as_ramp",
    "initialize_velocities",
    "remove_momentum",
]
