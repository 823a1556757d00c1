"""The heat current of a configuration by element, and the names of the columns of the thermo table on flows of heat."""

from __future__ import annotations

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.kernels.current_sums import sum_currents
from nakmd.system import Topology
from nakmd.units import ACCELERATION

#: First words of the columns of the thermo table, followed by the direction and the element: ``heat_x_K``.
HEAT, FLOW = "heat", "flow"

DIRECTIONS = ("x", "y", "z")


class HeatCurrent:
    r"""Heat current and flow of atoms of every element, computed into arrays that are allocated once.

    .. math:: J_a = \sum_{i \in a} \left[ \left( \tfrac12 m_i v_i^2 + U_i \right) v_i + W_i v_i \right], \qquad
              \sum_a J_a = \frac{d}{dt} \sum_i r_i E_i

    Parameters
    ----------
    topology : Topology

    Attributes
    ----------
    elements : tuple of str
        Those with atoms.
    heat : (n_elements, 3) float64 [eV Å/ps]
    flow : (n_elements, 3) float64 [Å/ps]
        Sum of the velocities.
    """

    def __init__(self, topology: Topology) -> None:
        of_species = topology.elements
        present = {of_species[s] for s in np.unique(topology.species)}
        self.elements = tuple(dict.fromkeys(element for element in of_species if element in present))
        rows = np.array([self.elements.index(e) if e in present else -1 for e in of_species], dtype=np.int64)
        self._kinds = rows[topology.species]
        self._masses = topology.masses / ACCELERATION
        self.heat: FloatArray = np.zeros((len(self.elements), 3))
        self.flow: FloatArray = np.zeros((len(self.elements), 3))

    def compute(self, velocities: FloatArray, energies: FloatArray, virials: FloatArray) -> None:
        """Overwrite `heat` and `flow` with those of a configuration.

        Parameters
        ----------
        velocities : (n, 3) float64 [Å/ps]
        energies : (n,) float64 [eV]
        virials : (n, 3, 3) float64 [eV]
        """
        sum_currents(velocities, self._masses, energies, virials, self._kinds, self.heat, self.flow)

    def columns(self) -> dict[str, float]:
        """Return the components by the names of their columns in the thermo table."""
        return {
            name: float(values[row, c])
            for word, values in ((HEAT, self.heat), (FLOW, self.flow))
            for row, element in enumerate(self.elements)
            for c, name in enumerate(column_names(word, element))
        }


def column_names(word: str, element: str) -> tuple[str, ...]:
    """Return the names of the columns of one element along x, y, z; ``word`` is `HEAT` or `FLOW`."""
    return tuple(f"{word}_{direction}_{element}" for direction in DIRECTIONS)


def bath_column(group: str) -> str:
    """Return the name of the column with the work [eV] that the thermostat of a group has done."""
    return f"bath_work_{group}"


def heat_units(elements: tuple[str, ...]) -> dict[str, str]:
    """Return the units of all columns of these elements."""
    units = {HEAT: "eV Angstrom ps-1", FLOW: "Angstrom ps-1"}
    return {name: unit for word, unit in units.items() for e in elements for name in column_names(word, e)}
