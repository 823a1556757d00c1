"""LAMMPS as an engine: NVE runs from a given configuration, timed by LAMMPS itself.

Its loop time excludes the set-up, in which lists are built and forces computed.
"""

from __future__ import annotations

import math
import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nakmd.engines.lammps_build import LAMMPSBuild, lammps_environment
from nakmd.engines.lammps_respa import run_style
from nakmd.errors import InputError, RunError
from nakmd.io.lammps_files import write_data
from nakmd.potentials.files.lammps_commands import LAMMPSInput
from nakmd.system import Frame, System

_DATA = "config.data"

#: Styles that use threads.
_THREADED = ("omp", "intel", "kk")

#: The line that LAMMPS prints at the end of a run.
_LOOP = re.compile(r"^Loop time of (\S+) on (\d+) procs for (\d+) steps with (\d+) atoms", re.MULTILINE)
_BUILDS = re.compile(r"^Neighbor list builds = (\d+)", re.MULTILINE)
#: Mean seconds in neighbour lists: min | avg | max.
_NEIGH = re.compile(r"^Neigh\s*\|(?:[^|\n]*\|)?\s*([0-9.eE+-]+)\s*\|", re.MULTILINE)


@dataclass(frozen=True)
class Setting:
    """Style, parallelism and skin of a LAMMPS run.

    Attributes
    ----------
    style : {"plain", "opt", "omp", "intel", "kk"}
    processes, threads : int
        MPI processes, and OpenMP threads of each.
    skin : float [Å]
    """

    style: str
    processes: int = 1
    threads: int = 1
    skin: float = 1.0

    @property
    def how(self) -> str:
        """Style, processes and threads as text."""
        parts = [self.style]
        for number, noun in ((self.processes, "processes"), (self.threads, "threads")):
            parts += [f"{number} {noun}"] if number > 1 else []
        return ", ".join(parts)

    @property
    def text(self) -> str:
        """The whole setting as text."""
        return f"{self.how}, skin {self.skin} Å"

    def options(self) -> list[str]:
        """Return the options of ``lmp``.

        The INTEL package needs ``mode double``, its default is mixed precision. KOKKOS gets half lists and Newton's
        third law, which are the faster ones without a GPU.
        """
        match self.style:
            case "plain":
                return []
            case "omp":
                return ["-sf", "omp", "-pk", "omp", str(self.threads)]
            case "intel":
                return ["-sf", "intel", "-pk", "intel", "0", "omp", str(self.threads), "mode", "double"]
            case "kk":
                lists = ["-pk", "kokkos", "newton", "on", "neigh", "half"]
                return ["-k", "on", "t", str(self.threads), "-sf", "kk", *lists]
            case _:
                return ["-sf", self.style]


@dataclass(frozen=True)
class LoopReport:
    """Results that LAMMPS printed for a run.

    Attributes
    ----------
    seconds : float [s]
        Loop time.
    steps, n_atoms, cores : int
        ``cores`` is processes times threads.
    energy : float [eV]
        Potential energy before the first step.
    energy_drift : float [eV]
        Total energy after the last step minus that before the first.
    builds : int
        Neighbour lists built in the loop.
    neighbor_seconds : float [s]
        Time spent on them; 0 if not printed.
    """

    seconds: float
    steps: int
    n_atoms: int
    cores: int
    energy: float
    energy_drift: float
    builds: int
    neighbor_seconds: float

    @property
    def us_per_atom_step(self) -> float:
        """Time of the loop [µs per atom and step]."""
        return 1e6 * self.seconds / (self.steps * self.n_atoms)


def read_report(text: str) -> LoopReport | None:
    """Parse the output of `LAMMPS.run`; None if the run did not finish.

    Examples
    --------
    >>> text = '''   Step         PotEng         TotEng
    ...          0  -28.5          -27.25
    ...        100  -28.25         -27.125
    ... Loop time of 0.5 on 2 procs for 100 steps with 32 atoms
    ... Neigh   | 0.012   | 0.014   | 0.016   |   0.0 |  2.80
    ... Neighbor list builds = 4
    ... '''
    >>> report = read_report(text)
    >>> report.us_per_atom_step, report.energy, report.energy_drift, report.builds, report.neighbor_seconds
    (156.25, -28.5, 0.125, 4, 0.014)
    """
    loop = _LOOP.search(text)
    if loop is None:
        return None
    lines = text[: loop.start()].splitlines()
    heads = [k for k, line in enumerate(lines) if line.split() == ["Step", "PotEng", "TotEng"]]
    if not heads or len(lines) < heads[-1] + 2:
        return None
    rows = [[float(word) for word in line.split()] for line in (lines[heads[-1] + 1], lines[-1])]
    builds, neigh = _BUILDS.search(text, loop.end()), _NEIGH.search(text, loop.end())
    return LoopReport(
        seconds=float(loop[1]),
        steps=int(loop[3]),
        n_atoms=int(loop[4]),
        cores=int(loop[2]),
        energy=rows[0][1],
        energy_drift=rows[1][2] - rows[0][2],
        builds=int(builds[1]) if builds else 0,
        neighbor_seconds=float(neigh[1]) if neigh else 0.0,
    )


class LAMMPS:
    """A configuration and a potential, written to a folder as LAMMPS input.

    Parameters
    ----------
    build : LAMMPSBuild
    folder : Path
        Empty folder for the files.
    system : System
        Initial positions and velocities.
    potential : LAMMPSInput
    timestep : float [ps]
        Step in which steps are counted.
    inner_steps : int
        With more than one, LAMMPS computes all forces but those of bonds once in so many steps (``run_style respa``).
    """

    def __init__(
        self,
        build: LAMMPSBuild,
        folder: Path,
        system: System,
        potential: LAMMPSInput,
        timestep: float,
        inner_steps: int = 1,
    ) -> None:
        self.build = build
        self.folder = folder
        self.timestep = timestep
        self._inner_steps = inner_steps
        positions, images = system.cell.wrap(system.positions)
        # image counts only matter for unwrapping, so the data file gets zeros
        frame = Frame(0, 0.0, positions, np.zeros_like(images), system.cell, system.velocities)
        with (folder / _DATA).open("wb") as file:
            write_data(file, frame, system.topology)
        for name, text in potential.files.items():
            (folder / name).write_text(text)
        masses = [system.masses[system.species == a] for a in range(len(system.species_names))]
        self._commands = [
            "units metal",
            "atom_style atomic",
            "newton on",
            f"boundary {' '.join('p' if p else 'f' for p in system.cell.periodic)}",
            f"read_data {_DATA}",
            *potential.commands,
            # EAM files set masses too; these lines come after and override them
            *(f"mass {a + 1} {float(values[0])!r}" for a, values in enumerate(masses) if len(values)),
            "neigh_modify every 1 delay 0 check yes",
            *([run_style(inner_steps, potential.are_stiff)] if inner_steps > 1 else []),
            f"timestep {inner_steps * float(timestep)!r}",
            "fix motion all nve",
            "thermo_style custom step pe etotal",
            "thermo_modify format float %.17g norm no lost error",
        ]

    def settings(self, cores: int, skins: tuple[float, ...]) -> list[Setting]:
        """Return all settings for a number of cores: styles, processes or threads, and skins."""
        settings: list[Setting] = []
        for skin in skins:
            if cores > 1:
                if self.build.mpiexec is not None:
                    settings += [Setting(style, cores, 1, skin) for style in self.build.styles]
                settings += [Setting(style, 1, cores, skin) for style in self.build.styles if style in _THREADED]
            else:
                settings += [Setting(style, 1, 1, skin) for style in self.build.styles]
        return settings

    def run(self, setting: Setting, steps: int) -> LoopReport:
        """Run NVE from the configuration for a number of steps, rounded up to whole outer ones.

        Raises
        ------
        RunError
            If LAMMPS does not start or fails.
        """
        outer = math.ceil(steps / self._inner_steps)
        script = [*self._commands, f"neighbor {float(setting.skin)!r} bin", f"thermo {max(outer, 1)}", f"run {outer}"]
        (self.folder / "in.nakmd").write_text("\n".join(script) + "\n")
        command = [self.build.executable, "-in", "in.nakmd", "-log", "none", "-nocite", *setting.options()]
        if setting.processes > 1:
            if self.build.mpiexec is None:
                raise InputError("No mpiexec found to run LAMMPS in several processes. Install one: pip install mpich.")
            command = [self.build.mpiexec, "-n", str(setting.processes), *command]
        try:
            done = subprocess.run(
                command, cwd=self.folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                env=lammps_environment(),
            )  # fmt: skip
        except OSError as error:
            raise RunError(f"LAMMPS does not run: {error}") from error
        try:
            report = read_report(done.stdout)
        except ValueError:
            report = None
        if done.returncode or report is None:
            output = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            errors = [line for line in output if line.startswith("ERROR")] or output[-1:]
            raise RunError(f"LAMMPS ({setting.text}) failed: {' '.join(errors[:1]) or 'no output'}")
        if report.cores != setting.processes * setting.threads:
            raise RunError(
                f"LAMMPS ({setting.text}) ran on {report.cores} cores: {self.build.mpiexec} belongs to another MPI."
            )
        return replace(report, steps=self._inner_steps * report.steps)
