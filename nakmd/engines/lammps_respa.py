"""Two time steps in LAMMPS: the pair styles of the bonds on the inner level of ``run_style respa``."""

from __future__ import annotations

from collections.abc import Sequence

#: The command for one time step.
VERLET = "run_style verlet"


def run_style(inner_steps: int, are_stiff: Sequence[bool]) -> str:
    """Return the command that divides the forces among the two levels of a time step.

    Parameters
    ----------
    inner_steps : int
        Steps of the bonds in one of all other terms.
    are_stiff : sequence of bool
        `nakmd.potentials.files.lammps_commands.LAMMPSInput.are_stiff`.

    Examples
    --------
    >>> run_style(8, [False, True])
    'run_style respa 2 8 hybrid 2 1'
    """
    levels = " ".join("1" if stiff else "2" for stiff in are_stiff)
    return f"run_style respa 2 {inner_steps} {'hybrid' if len(are_stiff) > 1 else 'pair'} {levels}"
