"""The alloy: one substitutional atom in a crystal, and the enthalpy of mixing of the liquid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nakmd.analysis.numerics.statistics import Measure
from nakmd.errors import NakmdError
from nakmd.potentials import Potential, evaluate
from nakmd.structures.crystal import crystal, substitute
from nakmd.studies.relaxation import relaxed
from nakmd.studies.static_crystals import energy_per_atom
from nakmd.studies.validation.cold import lattice_constant
from nakmd.studies.validation.findings import Finding, number
from nakmd.studies.validation.references import reference_for
from nakmd.units import K_B

#: Cubic cells along each direction of the crystal with the solute, and of a smaller one for the size error.
CELLS, FEWER_CELLS = 6, 5

MEV = 1e3


def measure(potential: Potential, params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the energy [eV] of one solute atom in a bcc crystal, relaxed at zero pressure, in two cells.

    ``params`` has ``"solute"`` and ``"host"``; ``seed`` is not used.

    Notes
    -----
    E(N - 1 host atoms and the solute) - (N - 1) E_host - E_solute, with energies per atom of the pure bcc crystals.
    The relaxation starts from the ideal sites and finds the nearest minimum; the cell scales isotropically.

    The elastic dipole is a third of the trace of W = -dE/dε with the atoms relaxed in the cell of the pure crystal:
    positive if the solute pushes outward.
    """
    solute, host = str(params["solute"]), str(params["host"])
    a = lattice_constant(potential, host)
    of_host = energy_per_atom(potential, crystal(host, 1, "bcc", a))
    of_solute = energy_per_atom(potential, crystal(solute, 1, "bcc", lattice_constant(potential, solute)))
    record: dict[str, Any] = {}
    for name, dipole, cells in (
        ("energy", "dipole", CELLS), ("energy in fewer cells", "dipole in fewer cells", FEWER_CELLS),
    ):  # fmt: skip
        system = substitute(crystal(host, cells, "bcc", a), host, solute, sites=[0])
        try:
            free, energy = relaxed(potential, system, free_volume=True)
            held = relaxed(potential, system)[0]
        except NakmdError as error:
            record[name], record["why"] = None, str(error)
            continue
        record[name] = energy - (system.n_atoms - 1) * of_host - of_solute
        record[dipole] = float(evaluate(potential, held).virial[:3].mean())
        if cells == CELLS:
            record["swelling"] = (free.cell.volume - system.cell.volume) / (system.cell.volume / system.n_atoms)
    return record


def findings(solute: str, host: str, result: Mapping[str, Any]) -> list[Finding]:
    """Return the energy of substitution with its reference."""
    failed = (str(result["why"]),) if "why" in result else ()
    of = f"{solute} in {host}"
    fewer = f"difference to {2 * FEWER_CELLS**3} atoms"
    value, dipole = number(result["energy"]), number(result.get("dipole"))
    rows = (
        (
            "substitution", value, abs(value - number(result["energy in fewer cells"])), fewer, "eV",
            f"{2 * CELLS**3} atoms and their volume relaxed from ideal sites",
        ),
        ("change of volume", number(result.get("swelling")), 0.0, "", "host atoms", "of the cell at zero pressure"),
        (
            "elastic dipole", dipole, abs(dipole - number(result.get("dipole in fewer cells"))), fewer, "eV",
            "a third of the trace at the volume of the pure crystal; positive: the solute pushes outward",
        ),
    )  # fmt: skip
    return [
        Finding(
            group="alloy", quantity=quantity, of=of, value=figure, error=0.0, size_error=size, size_note=size_note,
            unit=unit, reference=reference_for(quantity, of), notes=(note, *failed),
        )
        for quantity, figure, size, size_note, unit, note in rows
    ]  # fmt: skip


def mixing(energies: Mapping[float, Measure], x_K: float, temperature: float, atoms: int) -> Finding:
    """Return the enthalpy of mixing at zero pressure.

    Parameters
    ----------
    energies : mapping of float to Measure [eV/atom]
        Mean potential energies at x_K = 0, ``x_K`` and 1; kinetic energies cancel, and P V is zero.
    x_K : float
    temperature : float [K]
    atoms : int
        Atoms per cell.
    """
    parts = [(1.0, energies[x_K]), (x_K - 1.0, energies[0.0]), (-x_K, energies[1.0])]
    value = sum(factor * part.value for factor, part in parts)
    error = math.hypot(*(factor * part.error for factor, part in parts))
    return Finding(
        group="alloy",
        quantity="mixing enthalpy",
        of=f"NaK {x_K:g}",
        temperature=temperature,
        value=value * MEV,
        error=error * MEV,
        size_error=K_B * temperature / atoms * MEV,
        size_note="k_B T/N, the contribution of one degree of freedom",
        unit="meV/atom",
        reference=reference_for("mixing enthalpy", f"NaK {x_K:g}"),
        notes=("three cells at zero pressure; positive: endothermic mixing",),
    )
