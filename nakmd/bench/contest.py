"""`nakmd bench --against lammps`: both engines in alternation, on the same configuration, model and time step."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nakmd.bench.cases import Prepared
from nakmd.bench.lammps_engine import LAMMPS, LoopReport, Setting
from nakmd.bench.timing import CaseResult, Loop, Spread, Tell, ns_per_day, time_loop
from nakmd.engines.lammps_build import LAMMPSBuild
from nakmd.errors import RunError

#: Skins [Å] tried with LAMMPS, the most common one first.
SKINS = (1.0, 0.5, 1.5, 2.0)

#: Wall time of a trial of LAMMPS [s], and the least simulated time per Å of skin [ps/Å]: without rebuilds of the lists,
#: a larger skin would always look faster.
TRIAL_TIME = 1.0
TRIAL_SPAN = 0.1

#: A style slower than the fastest by this factor is dropped after the first skin.
HOPELESS = 1.4

#: Trials within this factor of the fastest, at most `FINALISTS`, are repeated `FINALS` times before one is chosen:
#: otherwise the load of the machine would decide between them.
CLOSE = 1.3
FINALISTS = 4
FINALS = 2

#: Wall time of one repeat of the slower engine [s], and the least simulated time [ps].
REPEAT_TIME = 2.0
REPEAT_SPAN = 0.2


@dataclass(frozen=True)
class Trial:
    """A setting of LAMMPS with its report, or with the error if the run failed."""

    setting: Setting
    report: LoopReport | None
    error: str = ""


@dataclass(frozen=True)
class Contest(CaseResult):
    """Comparison of both engines on a case.

    Attributes
    ----------
    threads, steps : int
        ``steps`` of each repeat.
    timestep : float [ps]
    energies : (float, float) [eV/atom]
        Potential energy of the configuration by nakmd and by LAMMPS.
    tolerance : float [eV/atom]
    setting : Setting
        The setting of LAMMPS, the fastest of ``trials``.
    nakmd, lammps : Spread [µs per atom and step]
    ratio : Spread
        LAMMPS time / nakmd time of each pair of loops: the speed-up of nakmd over LAMMPS.
    ns_per_day : (float, float)
    skin : float [Å]
        Skin of nakmd's lists at the end of the loops.
    loops, reports : tuple
        Every repeat of nakmd and of LAMMPS.
    trials : tuple of Trial
    """

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


def compare(prepared: Prepared, build: LAMMPSBuild, threads: int, repeats: int, tell: Tell) -> Contest:
    """Time both engines in alternation.

    Parameters
    ----------
    prepared : Prepared
    build : LAMMPSBuild
    threads : int
        Threads of nakmd; LAMMPS uses the same number of threads or processes.
    repeats : int
    tell : callable
        Callback for progress messages.

    Raises
    ------
    RunError
        If the engines disagree on the energy, or no setting of LAMMPS works.
    """
    system, case = prepared.system, prepared.case
    energy = prepared.simulation().result.energy
    with tempfile.TemporaryDirectory(prefix="nakmd-lammps-") as folder:
        lammps = LAMMPS(build, Path(folder), system, prepared.lammps_input(), case.timestep, case.lammps_inner_steps)
        tell("comparing energies")
        reference = lammps.run(Setting("plain"), 0)
        check_energy(energy, reference, case.tolerance)
        trials = try_settings(lammps, threads, tell)
        for trial in trials:
            if trial.report is not None:
                check_energy(energy, trial.report, case.tolerance)
        setting, best = fastest(trials)
        trial_loop = time_loop(prepared, 20)
        slower = max(best.seconds / best.steps, trial_loop.seconds / trial_loop.steps)
        steps = max(math.ceil(REPEAT_SPAN / case.timestep), math.ceil(REPEAT_TIME / slower))
        steps = case.inner_steps * math.ceil(steps / case.inner_steps)
        loops: list[Loop] = []
        reports: list[LoopReport] = []
        for k in range(repeats):
            tell(f"repeat {k + 1} of {repeats}: {steps} steps of nakmd")
            loops.append(time_loop(prepared, steps))
            tell(f"repeat {k + 1} of {repeats}: {steps} steps of LAMMPS, {setting.text}")
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
        energies=(energy / n, reference.energy / n),
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
    """Raise `RunError` if the engines differ in energy [eV] by more than a tolerance [eV/atom]."""
    difference = abs(energy - report.energy) / report.n_atoms
    if not difference <= tolerance:
        raise RunError(
            f"nakmd gives {energy / report.n_atoms:.12g} eV/atom, LAMMPS {report.energy / report.n_atoms:.12g}: "
            f"they differ by {difference:.2g}, more than {tolerance:.2g}. The models differ, so comparing their times "
            "is meaningless. Check the export of the potential."
        )


def try_settings(lammps: LAMMPS, threads: int, tell: Tell) -> list[Trial]:
    """Run short trials of every candidate setting of LAMMPS, and repeat the fastest ones."""
    trials: list[Trial] = []
    dropped: set[Setting] = set()
    for skin in SKINS:
        settings = lammps.settings(threads, (skin,))
        for setting in settings:
            if replace(setting, skin=0.0) not in dropped:
                trials.append(_try(lammps, setting, trials, tell))
        times = [
            (t.setting, t.report.us_per_atom_step) for t in trials if t.setting.skin == skin and t.report is not None
        ]
        best = min((time for _, time in times), default=math.inf)
        competitive = {replace(setting, skin=0.0) for setting, time in times if time <= HOPELESS * best}
        dropped |= {replace(setting, skin=0.0) for setting in settings} - competitive
    times = sorted(
        ((t.setting, t.report.us_per_atom_step) for t in trials if t.report is not None), key=lambda pair: pair[1]
    )
    finalists = [setting for setting, time in times[:FINALISTS] if time <= CLOSE * times[0][1]]
    if len(finalists) > 1:
        for _ in range(FINALS):
            trials += [_try(lammps, setting, trials, tell) for setting in finalists]
    return trials


def _try(lammps: LAMMPS, setting: Setting, before: Sequence[Trial], tell: Tell) -> Trial:
    """Run LAMMPS with one setting; earlier trials determine the number of steps."""
    tell(f"trying LAMMPS: {setting.text}")
    finished = [trial.report for trial in before if trial.report is not None]
    try:
        pace = finished[0] if finished else lammps.run(setting, 20)
        fill_time = math.ceil(TRIAL_TIME * pace.steps / max(pace.seconds, 1e-4))
        return Trial(
            setting, lammps.run(setting, max(fill_time, math.ceil(TRIAL_SPAN * setting.skin / lammps.timestep)))
        )
    except RunError as error:
        return Trial(setting, None, str(error))


def fastest(trials: Iterable[Trial]) -> tuple[Setting, LoopReport]:
    """Return the fastest setting of LAMMPS and the report of its fastest trial.

    Raises
    ------
    RunError
        If every trial failed.
    """
    trials = list(trials)
    finished = [(trial.setting, trial.report) for trial in trials if trial.report is not None]
    if not finished:
        raise RunError("Every trial of LAMMPS failed: " + "; ".join(dict.fromkeys(t.error for t in trials)))
    return min(finished, key=lambda pair: pair[1].us_per_atom_step)
