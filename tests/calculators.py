"""ASE calculators for tests, as a module beside a deck would have them."""

import numpy as np
from ase.calculators.calculator import Calculator
from ase.calculators.morse import MorsePotential

#: A sodium of Morse pairs in eV and Å; the cutoff is 1.8 to 2.1 of the distance of the minimum.
SODIUM = {"epsilon": 0.06, "rho0": 4.4, "r0": 3.7, "rcut1": 1.8, "rcut2": 2.1}


class Counted(MorsePotential):
    """Counts its calls, and knows what it was asked for."""

    asked: list = []  # noqa: RUF012  (shared by all, so that a run can be looked into)

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        self.asked.append(tuple(properties))
        super().calculate(atoms, properties, system_changes)


class Bare(MorsePotential):
    """Has energy and forces alone, and fails at a call: by an error, a NaN, a wrong shape, words or nothing."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, fails_at=10**9, how="error", once=False, **parameters):
        super().__init__(**parameters)
        self.fails_at, self.how, self.once, self.calls = fails_at, how, once, 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        self.calls += 1
        super().calculate(atoms, ["energy", "forces"], system_changes)
        self.results = {"energy": self.results["energy"], "forces": self.results["forces"]}
        if self.calls < self.fails_at or (self.once and self.calls > self.fails_at):
            return
        if self.how == "error":
            raise ValueError("SCF not converged in 250 cycles")
        self.results["forces"] = {
            "nan": np.full((len(self.atoms), 3), np.nan), "shape": np.zeros((2, 3)), "words": "none", "nothing": None,
        }[self.how]  # fmt: skip


class Matrix(MorsePotential):
    """Gives its stress as a matrix, as CHGNet does, or as words of that shape."""

    def __init__(self, words=False, **parameters):
        super().__init__(**parameters)
        self.words = words

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        super().calculate(atoms, properties, system_changes)
        xx, yy, zz, yz, xz, xy = self.results["stress"]
        matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        self.results["stress"] = np.full((3, 3), "none") if self.words else matrix


class Spring(Calculator):
    """The first atom on a spring: a correction, without stress and energies of the atoms."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, stiffness=1.0):
        super().__init__()
        self.stiffness = stiffness

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        super().calculate(atoms, properties, system_changes)
        forces = np.zeros((len(self.atoms), 3))
        forces[0] = -self.stiffness * self.atoms.positions[0]
        self.results = {
            "energy": 0.5 * self.stiffness * float(np.sum(self.atoms.positions[0] ** 2)), "forces": forces,
        }  # fmt: skip


class WithMemory(MorsePotential):
    """Starts from its last result, as a self-consistent field does: what it finds depends on its past."""

    past = 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        super().calculate(atoms, properties, system_changes)
        self.past += 1
        self.results["forces"] = self.results["forces"] * (1.0 + 1e-9 * self.past)


def no_calculator():
    return 3
