"""Runs a deck in LAMMPS into a folder like that of any run, and resumes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from nakmd.deck.deck import Deck, source_of
from nakmd.deck.source import DeckSource
from nakmd.engines.exported_run import ExportedRun
from nakmd.engines.lammps_build import LAMMPSBuild, find_lammps
from nakmd.engines.lammps_export import translate_deck
from nakmd.engines.lammps_folder import write_export
from nakmd.engines.lammps_process import launcher
from nakmd.engines.lammps_script import MANIFEST
from nakmd.engines.lammps_session import LAMMPSSession
from nakmd.errors import FileFormatError, InputError
from nakmd.kernels.thread_count import usable_cores
from nakmd.runs.engine_job import EngineJob
from nakmd.runs.folder import RunFolder, free_folder
from nakmd.runs.model_surface import surface_figures
from nakmd.runs.outcome import Run
from nakmd.runs.plan import make_plan
from nakmd.runs.run import chosen_threads
from nakmd.runs.session import ProgressReport
from nakmd.runs.stage_builder import build_stages
from nakmd.runs.stored_deck import same_potential, stored_source
from nakmd.runs.walltime import deadline_of
from nakmd.simulation import Stage

#: What the record of a run calls this engine.
NAME = "lammps"


def run_in_lammps(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path | None = None,
    ranks: int | None = None,
    threads: int | None = None,
    seed: int | None = None,
    progress: ProgressReport | None = None,
    overwrite: bool = False,
    walltime: str | timedelta | None = None,
    tell: Callable[[str], None] | None = None,
    finish: Callable[[Run], None] | None = None,
) -> Run:
    """Run a deck in LAMMPS from its first stage to its results; parameters, result and errors as in `nakmd.run`.

    ``ranks`` is by default the number of usable cores, ``threads`` is for what nakmd computes itself: the comparison of
    both engines, the energies of frames, and the analyses. ``finish`` is called with the run while its folder is still
    locked.
    """
    deadline = deadline_of(walltime)
    source = source_of(deck)
    if seed is not None:
        source = source.with_seed(seed)
    build, ranks = _engine(ranks)
    translated = translate_deck(source, Path(directory if directory is not None else "runs"), whole=True)
    checked = translated.deck
    folder = RunFolder(Path(directory) if directory is not None else free_folder(Path(source.name).stem, checked.seed))
    threads = chosen_threads(threads)
    with folder.held(tell, create=True) as found:
        folder.prepare(source.text, overwrite)
        if folder.lammps.exists():
            raise InputError(
                f"{folder.lammps} is of no run, and the run would write its own there. Rename it, or choose another "
                "folder with -o."
            )
        write_export(translated, folder.lammps, build)
        job = EngineJob(NAME)
        job.write(folder.engine)  # from here on a run that is killed can be resumed
        folder.commit()
        session = LAMMPSSession(
            folder,
            checked,
            source,
            translated.system,
            translated.potential,
            [one.stage for one in translated.parts.stages],
            ExportedRun.of(translated.manifest(), folder.lammps / MANIFEST),
            job,
            build,
            ranks,
            threads,
            [*found, *translated.warnings],
            surface_figures(checked.model, source.folder),
        )
        run = session.run(progress, deadline)
        if finish is not None:
            finish(run)
        return run


def resume_in_lammps(
    directory: str | Path,
    steps: int | None = None,
    ranks: int | None = None,
    threads: int | None = None,
    deck: str | Path | None = None,
    progress: ProgressReport | None = None,
    walltime: str | timedelta | None = None,
    tell: Callable[[str], None] | None = None,
    finish: Callable[[Run], None] | None = None,
) -> Run:
    """Continue a run in LAMMPS from its last restart file; parameters, result and errors as in `nakmd.resume`.

    The noise of thermostats continues with other random numbers. ``ranks`` is by default that of the last process.
    """
    deadline = deadline_of(walltime)
    folder = RunFolder(Path(directory))
    with folder.held(tell) as notes:
        job = EngineJob.read(folder.engine)
        build, ranks = _engine(ranks if ranks is not None or not job.processes else job.processes[-1].ranks)
        manifest = _manifest(folder.lammps / MANIFEST)
        source = stored_source(manifest["deck"], manifest["folder"], folder, deck)
        checked, system, _ = make_plan(source, folder.path).require()
        potential = same_potential(checked, source, manifest)
        stages = build_stages(checked, bool(np.any(system.velocities)))
        if steps is not None:
            _refuse_longer(stages[-1], steps)
            job.more += steps
        session = LAMMPSSession(
            folder,
            checked,
            source,
            system,
            potential,
            stages,
            ExportedRun.of(manifest, folder.lammps / MANIFEST).longer(job.more),
            job,
            build,
            ranks,
            chosen_threads(threads),
            notes,
            surface_figures(checked.model, source.folder),
        )
        run = session.run(progress, deadline)
        if finish is not None:
            finish(run)
        return run


def _refuse_longer(stage: Stage, steps: int) -> None:
    """Raise `InputError` if a last stage cannot get more steps."""
    if steps < 1:
        raise InputError(f"steps is {steps}: give at least 1.")
    if not stage.integrator.advances_time or not stage.is_stationary:
        why = "has ramps" if stage.integrator.advances_time else "is a relaxation"
        raise InputError(
            f"The last stage, {stage.name!r}, {why}, so it cannot get {steps} more steps in LAMMPS. Run a deck with a "
            "further stage."
        )


def _engine(ranks: int | None) -> tuple[LAMMPSBuild, int]:
    """Return LAMMPS and the number of its ranks, by default one for each usable core; refuse what cannot start."""
    build = find_lammps()
    if ranks is None:
        ranks = usable_cores() if build.mpiexec is not None else 1
    launcher(build, ranks)
    return build, ranks


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if all(isinstance(manifest[key], str) for key in ("deck", "folder", "potential_hash", "nakmd")):
            return dict(manifest)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise FileFormatError(path, "the manifest of the run cannot be read.", "Start the run again with --overwrite.")
