"""How atoms move: velocity Verlet with thermostats and barostats, relaxation, and exchanges.

>>> from nakmd.integrators import CellRescaling, Langevin, VelocityVerlet
>>> VelocityVerlet(0.001, Langevin((300.0, 450.0)), CellRescaling(pressure=0.0, axes="z")).is_stationary
False
"""

from nakmd.integrators.andersen import Andersen
from nakmd.integrators.barostat import Barostat
from nakmd.integrators.base import Integrator, Minimiser, Span, initialize_velocities, remove_momentum
from nakmd.integrators.bath_region import BathRegion
from nakmd.integrators.bussi import Bussi
from nakmd.integrators.cell_rescaling import CellRescaling
from nakmd.integrators.deposit import SIDES, Deposit, Side, atoms_to_come, check_deposit
from nakmd.integrators.fire import Fire
from nakmd.integrators.groups import Mobility
from nakmd.integrators.langevin import Langevin
from nakmd.integrators.move import Move
from nakmd.integrators.mtk import MTK
from nakmd.integrators.nose_hoover import NoseHoover
from nakmd.integrators.option import Option
from nakmd.integrators.ramps import Ramp, as_ramp
from nakmd.integrators.registry import BAROSTATS, MINIMISERS, MOVES, THERMOSTATS
from nakmd.integrators.respa import Respa
from nakmd.integrators.stiff_forces import StiffForces
from nakmd.integrators.swap import Swap
from nakmd.integrators.thermostat import Thermostat
from nakmd.integrators.transmutation import Transmutation
from nakmd.integrators.velocity_verlet import VelocityVerlet

__all__ = [
    "BAROSTATS",
    "MINIMISERS",
    "MOVES",
    "MTK",
    "SIDES",
    "THERMOSTATS",
    "Andersen",
    "Barostat",
    "BathRegion",
    "Bussi",
    "CellRescaling",
    "Deposit",
    "Fire",
    "Integrator",
    "Langevin",
    "Minimiser",
    "Mobility",
    "Move",
    "NoseHoover",
    "Option",
    "Ramp",
    "Respa",
    "Side",
    "Span",
    "StiffForces",
    "Swap",
    "Thermostat",
    "Transmutation",
    "VelocityVerlet",
    "as_ramp",
    "atoms_to_come",
    "check_deposit",
    "initialize_velocities",
    "remove_momentum",
]
