"""The check that LAMMPS computes the energies, forces and pressure of nakmd: written as an input that LAMMPS judges."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.engines.lammps_build import LAMMPSBuild, lammps_environment
from nakmd.engines.lammps_script import DATA, PARITY, InputParts
from nakmd.errors import RunError
from nakmd.potentials import Potential
from nakmd.system import System
from nakmd.units import BAR_PER_EV_A3

#: Largest differences: energy [eV/atom], force on an atom [eV/Å], component of the virial [eV/atom].
ENERGY_LIMIT, FORCE_LIMIT, VIRIAL_LIMIT = 1e-9, 1e-7, 1e-7

#: LAMMPS's own eV/Å³ in bar (``units metal``).
NKTV2P = 1.6021765e6

#: Components of ``compute pressure`` in the Voigt order of nakmd: xx yy zz yz xz xy.
_COMPONENTS = (1, 2, 3, 6, 5, 4)

#: Files with the forces of nakmd on each atom, by axis.
FORCES = tuple(f"forces_{axis}.txt" for axis in "xyz")

_COMPARED = re.compile(
    r"^nakmd parity: energy (\S+) eV/atom, force (\S+) eV/A, virial (\S+) eV/atom, compared$", re.MULTILINE
)


class SinglePoint(NamedTuple):
    """What nakmd computes for the atoms of the data file.

    Attributes
    ----------
    energy : float [eV]
    forces : (n, 3) float64 [eV/Å]
    virial : (6,) float64 [eV]
        Voigt order xx yy zz yz xz xy.
    volume : float [Å³]
    """

    energy: float
    forces: FloatArray
    virial: FloatArray
    volume: float

    def summary(self) -> dict[str, Any]:
        """Return energy, largest force and pressure for the manifest; the pressure is that of the virial alone."""
        return {
            "energy_eV": self.energy,
            "energy_per_atom_eV": self.energy / len(self.forces),
            "largest_force_eV_A": float(np.sqrt((self.forces**2).sum(axis=1).max())),
            "virial_eV": self.virial.tolist(),
            "pressure_bar": float(self.virial[:3].mean()) / self.volume * BAR_PER_EV_A3,
            "volume_A3": self.volume,
            "limits": {"energy_eV_atom": ENERGY_LIMIT, "force_eV_A": FORCE_LIMIT, "virial_eV_atom": VIRIAL_LIMIT},
        }

    def files(self) -> dict[str, str]:
        """Return name and text of the files with the forces, which LAMMPS reads as ``variable atomfile``."""
        n = len(self.forces)
        return {
            name: f"{n}\n" + "".join(f"{k} {f!r}\n" for k, f in enumerate(self.forces[:, axis].tolist(), start=1))
            for axis, name in enumerate(FORCES)
        }


class Parity(NamedTuple):
    """Differences between both engines.

    Attributes
    ----------
    energy : float [eV/atom]
    force : float [eV/Å]
        Largest over the atoms.
    virial : float [eV/atom]
        Largest of a component.
    pressure : float [bar]
        What `virial` is as a pressure.
    passed : bool
    program : str
        Version of LAMMPS.
    """

    energy: float
    force: float
    virial: float
    pressure: float
    passed: bool
    program: str

    @property
    def text(self) -> str:
        """The differences in words."""
        return (
            f"energy {self.energy:.1e} eV/atom (limit {ENERGY_LIMIT:g}), "
            f"force {self.force:.1e} eV/Å ({FORCE_LIMIT:g}), "
            f"virial {self.virial:.1e} eV/atom ({VIRIAL_LIMIT:g}), {self.pressure:.1e} bar"
        )


def compute_reference(system: System, potential: Potential) -> SinglePoint:
    """Return energy, forces and virial of nakmd in double precision, without tethers.

    Parameters
    ----------
    system : System
    potential : Potential
    """
    exact = potential.with_precision("double") if potential.precision != "double" else potential
    result = exact.bind(system.species_names).evaluate(system)
    return SinglePoint(result.energy, result.forces, result.virial, system.cell.volume)


def parity_input(parts: InputParts, reference: SinglePoint) -> str:
    """Return an input of LAMMPS that compares one configuration with nakmd; it ends with exit code 1 if they differ."""
    n = len(reference.forces)
    stress = [f"abs(c_push[{c}]*vol/{NKTV2P!r}-({w!r}))" for c, w in zip(_COMPONENTS, reference.virial.tolist())]
    limits = {"energy": ENERGY_LIMIT, "force": FORCE_LIMIT, "virial": VIRIAL_LIMIT}
    within = " && ".join(f"$(v_{name}) <= {limit!r}" for name, limit in limits.items())
    pushed = " ".join(f"c_push[{c}]" for c in range(1, 7))
    return (
        "\n".join(
            [
                *parts.setting(f"read_data {DATA}"),
                *(f"variable want{axis} atomfile {name}" for axis, name in zip("xyz", FORCES)),
                'variable off atom "sqrt((fx-v_wantx)^2+(fy-v_wanty)^2+(fz-v_wantz)^2)"',
                "compute worst all reduce max v_off",
                "compute push all pressure NULL virial",
                f"thermo_style custom step vol pe c_worst {pushed}",
                "thermo_modify format float %.17g norm no lost error",
                "run 0",
                f'variable energy equal "abs(pe-({reference.energy!r}))/{n}"',
                'variable force equal "c_worst"',
                *(f'variable virial{k} equal "{off}"' for k, off in enumerate(stress)),
                *_largest(n),
                'print "nakmd parity: energy $(v_energy:%.3e) eV/atom, force $(v_force:%.3e) eV/A, virial '
                '$(v_virial:%.3e) eV/atom, compared"',
                f'if "{within}" then "print \'nakmd parity: passed\'" '
                'else "print \'nakmd parity: FAILED, do not run in.lammps\'" "quit 1"',
            ]
        )
        + "\n"
    )


def _largest(n_atoms: int) -> list[str]:
    """Return commands that define the largest of the six variables, per atom: LAMMPS has no maximum of numbers."""
    lines = ['variable top0 equal "v_virial0"']
    for k in range(1, 6):
        lines.append(f'variable top{k} equal "ternary(v_top{k - 1}>v_virial{k},v_top{k - 1},v_virial{k})"')
    return [*lines, f'variable virial equal "v_top5/{n_atoms}"']


def run_parity(build: LAMMPSBuild, folder: Path, reference: SinglePoint) -> Parity:
    """Run the comparison in a folder of an export.

    Raises
    ------
    RunError
        If LAMMPS does not run, or stops before the comparison.
    """
    command = [build.executable, "-in", PARITY, "-log", "parity.log", "-nocite"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env=lammps_environment(),
        )  # fmt: skip
    except OSError as error:
        raise RunError(f"LAMMPS does not run: {error}") from error
    found = _COMPARED.search(done.stdout)
    if found is None:
        output = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        errors = [line for line in output if line.startswith("ERROR")] or output[-1:]
        raise RunError(f"LAMMPS {build.version} stops in {folder / PARITY}: {' '.join(errors[:1]) or 'no output'}")
    energy, force, virial = (float(number) for number in found.groups()[:3])
    n = len(reference.forces)
    passed = done.returncode == 0 and "nakmd parity: passed" in done.stdout
    return Parity(energy, force, virial, virial * n / reference.volume * BAR_PER_EV_A3, passed, build.version)
