"""One process of LAMMPS, on one or more ranks: started, watched, stopped politely, ended with the process above it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nakmd.engines.lammps_build import LAMMPSBuild, lammps_environment
from nakmd.engines.lammps_script import INPUT, STOP
from nakmd.errors import InputError, RunError

#: What LAMMPS and its launcher print.
SCREEN = "screen.txt"

#: Lines of it in a message, if none of them is an error.
_LAST_LINES = 3

#: Time [s] that LAMMPS gets to stop at a request, and to end after a signal.
PATIENCE = 60.0
_LAST_PATIENCE = 5.0

#: Signals that end a process from outside; a rank that ends by another one has failed.
_FROM_OUTSIDE = tuple(
    getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGKILL", "SIGTERM", "SIGXCPU") if hasattr(signal, name)
)

#: PR_SET_PDEATHSIG of prctl(2), which is 1, in a process that then becomes another one, unless its parent has ended.
_END_WITH_PARENT = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGTERM); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)


class LAMMPSProcess:
    """LAMMPS at work on the input in a folder.

    Parameters
    ----------
    build : LAMMPSBuild
    folder : Path
        Of the export; LAMMPS runs there.
    ranks : int
    log : str
        Name of the log.
    variables : sequence of (str, str)
        Variables of the input.

    Raises
    ------
    InputError
        If several ranks are wanted and there is no launcher.
    RunError
        If it cannot be started.

    Notes
    -----
    The launcher has a process group of its own, so that Ctrl-C reaches only nakmd, which asks LAMMPS to stop. On Linux
    it gets SIGTERM when the process above it ends, also by SIGKILL, and takes its ranks with it.
    """

    def __init__(
        self,
        build: LAMMPSBuild,
        folder: Path,
        ranks: int,
        log: str,
        variables: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._stop = folder / STOP
        self._stop.unlink(missing_ok=True)
        self._asked = float("inf")
        command = [
            *_ending_with_parent(),
            *launcher(build, ranks),
            build.executable,
            "-in",
            INPUT,
            "-log",
            log,
            "-nocite",
        ]
        for name, value in variables:
            command += ["-var", name, value]
        try:
            with (folder / SCREEN).open("wb") as screen:
                self._process = subprocess.Popen(
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=screen,
                    stderr=subprocess.STDOUT,
                    env=lammps_environment(),
                    start_new_session=True,
                )
        except OSError as error:
            raise RunError(f"{command[0]} does not start: {error}.") from error

    @property
    def pid(self) -> int:
        """Number of the process, the launcher if there is one."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether LAMMPS has not ended."""
        return self._process.poll() is None

    @property
    def ended_from_outside(self) -> bool:
        """Whether a signal from outside has ended it."""
        code = self._process.poll()
        if code is None:
            return False
        # launchers return the number of the signal that has ended a rank, or it plus 128; 1 is that of an error
        return -code in _FROM_OUTSIDE or code - 128 in _FROM_OUTSIDE or (code > 1 and code in _FROM_OUTSIDE)

    @property
    def exit_code(self) -> int:
        """Exit code of the launcher, negative after a signal; only when it has ended."""
        return int(self._process.returncode)

    def ask_to_stop(self) -> None:
        """Ask LAMMPS to write a restart file and to end; end it if it has not done so for a minute."""
        now = time.monotonic()
        if self._asked == float("inf"):
            self._asked = now
            self._stop.touch()
        elif now - self._asked > PATIENCE:
            self.end()

    def end(self) -> None:
        """End it now."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.is_running:
                return
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LAST_PATIENCE)


def launcher(build: LAMMPSBuild, ranks: int) -> list[str]:
    """Return the command that starts a program on a number of ranks; empty for one rank without a launcher."""
    if ranks < 1:
        raise InputError(f"ranks is {ranks}: give at least 1.")
    if build.mpiexec is not None:
        return [build.mpiexec, "-n", str(ranks)]
    if ranks > 1:
        raise InputError(
            f"No mpiexec found to run LAMMPS on {ranks} ranks. Install one (pip install mpich), or use --ranks 1."
        )
    return []


def _ending_with_parent() -> list[str]:
    """Return the command that makes the one after it end with this process; empty where the system has no such request.

    The request outlives the exec. A function that the child calls after the fork is unsafe with threads.
    """
    return (
        [sys.executable, "-I", "-S", "-c", _END_WITH_PARENT, str(os.getpid())]
        if sys.platform.startswith("linux")
        else []
    )


def errors_of(folder: Path) -> list[str]:
    """Return the errors in what LAMMPS and its launcher have printed in a folder, else the last lines of it."""
    try:
        text = (folder / SCREEN).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line for line in lines if line.startswith("ERROR")] or lines[-_LAST_LINES:]
