"""The arrays of a checkpoint: positions, velocities, cell, forces and tethers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nakmd.errors import InputError
from nakmd.integrators import Mobility
from nakmd.system import Result, System


def pack_arrays(system: System, result: Result, mobility: Mobility | None) -> dict[str, Any]:
    """Return copies of all arrays that change from step to step.

    Forces, energies and virial are included, so that a resumed run does not evaluate the potential again. What the
    model does not have (energies of the atoms, a virial) is an empty array.
    """
    whole = {} if result.undivided is None else {"undivided": result.undivided}
    parked = {} if system.present is None else {"present": system.present.copy()}
    return {
        "positions": system.positions.copy(),
        "velocities": system.velocities.copy(),
        "cell": system.cell.matrix.copy(),
        "forces": result.forces.copy(),
        "energies": result.energies.copy() if result.undivided is None else np.zeros(0),
        **whole,
        **parked,
        "virial": np.zeros(0) if np.all(np.isnan(result.virial)) else result.virial.copy(),
        "tether_centres": mobility.tether_centres.copy() if mobility is not None else np.zeros((0, 3)),
        "tether_energy": mobility.tether_energy if mobility is not None else 0.0,
    }


def unpack_arrays(state: Mapping[str, Any], system: System, result: Result) -> None:
    """Copy the arrays of a checkpoint into a system and a result.

    Raises
    ------
    InputError
        If the number of atoms differs.
    """
    positions = np.asarray(state["positions"])
    if positions.shape != system.positions.shape:
        raise InputError(
            f"The checkpoint holds {len(positions)} atoms, the system has {system.n_atoms}. "
            "Resume with the deck of the checkpoint."
        )
    if ("present" in state) != (system.present is not None):
        raise InputError(
            f"The checkpoint is of a run {'with' if 'present' in state else 'without'} parked atoms, and this run is "
            "not. Resume with the deck of the checkpoint."
        )
    if system.present is not None:
        system.present[:] = state["present"]
    system.positions[:] = positions
    system.velocities[:] = state["velocities"]
    system.cell.matrix[:] = state["cell"]
    result.forces[:] = state["forces"]
    result.undivided = float(state["undivided"]) if "undivided" in state else None
    result.energies[:] = state["energies"] if result.undivided is None else np.nan
    result.virial[:] = state["virial"] if len(state["virial"]) else np.nan


def unpack_tethers(state: Mapping[str, Any], mobility: Mobility) -> None:
    """Copy the tether centres and the tether energy of a checkpoint."""
    mobility.tether_centres[:] = state["tether_centres"]
    mobility.tether_energy = float(state["tether_energy"])
