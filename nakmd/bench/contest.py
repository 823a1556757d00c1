"""`nakmd bench --against lammps`: both engines in turn, on the same atoms, model and time step."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nakmd.bench.cases import Prepared
from nakmd.bench.lammps_build import LAMMPSBuild
from nakmd.bench.lammps_engine import LAMMPS, LoopReport, Setting
from nakmd.bench.timing import Loop, Spread, Tell, ns_per_day, time_loop
from nakmd.errors import RunError

#: Skins [Å] that LAMMPS is tried with, the usual one first.
SKINS = (1.0, 0.5, 1.5, 2.0)

#: A trial of LAMMPS is about so long [s], and covers so much time of the atoms for each Å of skin [ps/Å]: lists that
#: were never rebuilt would make every larger skin look better.
TRIAL_TIME = 1.0
TRIAL_SPAN = 0.1

#: A style that takes so many times the fastest at one skin is not tried at the next.
HOPELESS = 1.4

#: Trials within this factor of the fastest, so many at most, run so often again before one is chosen: other work on the
#: machine decides between them otherwise.
CLOSE = 1.3
FINALISTS = 4
FINALS = 2

#: One repeat takes the slower engine about so long [s] and covers so much time of the atoms [ps].
REPEAT_TIME = 2.0
REPEAT_SPAN = 0.2


@dataclass(frozen=True)
class Trial:
    """One way to run LAMMPS and what came of it: a report, or why there is none."""

    setting: Setting
    report: LoopReport | None
    error: str = ""


@dataclass(frozen=True)
class Contest:
    """What came out for a case.

    Attributes
    ----------
    name : str
    n_atoms, threads, steps : int
        ``steps`` of each repeat.
    timestep : float [ps]
    energies : (float, float) [eV/atom]
        Potential energy of the configuration by nakmd and by LAMMPS.
    tolerance : float [eV/atom]
    setting : Setting
        How LAMMPS ran, the fastest of ``trials``.
    nakmd, lammps : Spread [µs per atom and step]
    ratio : Spread
        LAMMPS's time over nakmd's, pair by pair: how many times as fast nakmd is.
    ns_per_day : (float, float)
    skin : float [Å]
        Of nakmd's lists at the end of the loops.
    loops, reports : tuple
        Every repeat of nakmd and of LAMMPS.
    trials : tuple of Trial
    """

    name: str
    n_atoms: int
    threads: int
    steps: int
    timestep: float
    energies: tuple[float, float]
    tolerance: float
    setting: Setting
    nakmd: Spread
    lammps: Spread
    ratio: Spread
    ns_per_day: tuple[float, float]
    skin: float
    loops: tuple[Loop, ...]
    reports: tuple[LoopReport, ...]
    trials: tuple[Trial, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def compare(prepared: Prepared, build: LAMMPSBuild, threads: int, repeats: int, tell: Tell) -> Contest:
    """Time both engines in turn.

    Parameters
    ----------
    prepared : Prepared
    build : LAMMPSBuild
    threads : int
        Of nakmd; LAMMPS has as many threads or processes.
    repeats : int
    tell : callable
        Given what is being done.

    Raises
    ------
    RunError
        If the engines do not agree on the energy, or no way to run LAMMPS works.
    """
    system, case = prepared.system, prepared.case
    energy = prepared.simulation().result.energy
    with tempfile.TemporaryDirectory(prefix="nakmd-lammps-") as folder:
        lammps = LAMMPS(build, Path(folder), system, prepared.lammps_input(), case.timestep)
        tell("comparing energies")
        theirs = lammps.run(Setting("plain"), 0)
        check_energy(energy, theirs, case.tolerance)
        trials = try_settings(lammps, threads, tell)
        for trial in trials:
            if trial.report is not None:
                check_energy(energy, trial.report, case.tolerance)
        setting, best = fastest(trials)
        ours = time_loop(prepared, 20)
        slower = max(best.seconds / best.steps, ours.seconds / ours.steps)
        steps = max(math.ceil(REPEAT_SPAN / case.timestep), math.ceil(REPEAT_TIME / slower))
        loops: list[Loop] = []
        reports: list[LoopReport] = []
        for k in range(repeats):
            tell(f"repeat {k + 1} of {repeats}: {steps} steps of nakmd")
            loops.append(time_loop(prepared, steps))
            tell(f"repeat {k + 1} of {repeats}: {steps} steps of LAMMPS, {setting.words}")
            reports.append(lammps.run(setting, steps))
    nakmd = Spread.of([loop.us_per_atom_step for loop in loops])
    other = Spread.of([report.us_per_atom_step for report in reports])
    n = system.n_atoms
    return Contest(
        name=case.name,
        n_atoms=n,
        threads=threads,
        steps=steps,
        timestep=case.timestep,
        energies=(energy / n, theirs.energy / n),
        tolerance=case.tolerance,
        setting=setting,
        nakmd=nakmd,
        lammps=other,
        ratio=Spread.of([b / a for a, b in zip(nakmd.values, other.values, strict=True)]),
        ns_per_day=(ns_per_day(nakmd.median, n, case.timestep), ns_per_day(other.median, n, case.timestep)),
        skin=loops[-1].skin,
        loops=tuple(loops),
        reports=tuple(reports),
        trials=tuple(trials),
    )


def check_energy(energy: float, report: LoopReport, tolerance: float) -> None:
    """Refuse engines that do not agree on the energy [eV] within a tolerance [eV/atom]."""
    apart = abs(energy - report.energy) / report.n_atoms
    if not apart <= tolerance:
        raise RunError(
            f"nakmd has {energy / report.n_atoms:.12g} eV/atom and LAMMPS {report.energy / report.n_atoms:.12g}: "
            f"{apart:.2g} apart, {tolerance:.2g} is allowed. These are two models, and their times tell nothing."
        )


def try_settings(lammps: LAMMPS, threads: int, tell: Tell) -> list[Trial]:
    """Run LAMMPS for a short while in every way that may be its fastest, and those in front once more."""
    trials: list[Trial] = []
    left_out: set[Setting] = set()
    for skin in SKINS:
        settings = lammps.settings(threads, (skin,))
        for setting in settings:
            if replace(setting, skin=0.0) not in left_out:
                trials.append(_try(lammps, setting, trials, tell))
        times = [
            (t.setting, t.report.us_per_atom_step) for t in trials if t.setting.skin == skin and t.report is not None
        ]
        best = min((time for _, time in times), default=math.inf)
        worth_it = {replace(setting, skin=0.0) for setting, time in times if time <= HOPELESS * best}
        left_out |= {replace(setting, skin=0.0) for setting in settings} - worth_it
    times = sorted(
        ((t.setting, t.report.us_per_atom_step) for t in trials if t.report is not None), key=lambda pair: pair[1]
    )
    finalists = [setting for setting, time in times[:FINALISTS] if time <= CLOSE * times[0][1]]
    if len(finalists) > 1:
        for _ in range(FINALS):
            trials += [_try(lammps, setting, trials, tell) for setting in finalists]
    return trials


def _try(lammps: LAMMPS, setting: Setting, before: Sequence[Trial], tell: Tell) -> Trial:
    """Run LAMMPS in one way, for as many steps as earlier trials say are enough."""
    tell(f"trying LAMMPS: {setting.words}")
    done = [trial.report for trial in before if trial.report is not None]
    try:
        known = done[0] if done else lammps.run(setting, 20)
        fill_time = math.ceil(TRIAL_TIME * known.steps / max(known.seconds, 1e-4))
        return Trial(
            setting, lammps.run(setting, max(fill_time, math.ceil(TRIAL_SPAN * setting.skin / lammps.timestep)))
        )
    except RunError as error:
        return Trial(setting, None, str(error))


def fastest(trials: Iterable[Trial]) -> tuple[Setting, LoopReport]:
    """Return the way to run LAMMPS that took the least time, and the best of its trials.

    Raises
    ------
    RunError
        If none worked.
    """
    trials = list(trials)
    done = [(trial.setting, trial.report) for trial in trials if trial.report is not None]
    if not done:
        raise RunError("LAMMPS does not run in any way: " + "; ".join(dict.fromkeys(t.error for t in trials)))
    return min(done, key=lambda pair: pair[1].us_per_atom_step)
