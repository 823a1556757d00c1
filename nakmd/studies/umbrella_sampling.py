"""Free energy of an atom along a coordinate: umbrella windows over a deck, and MBAR."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nakmd.analysis.drive import choose_frames
from nakmd.analysis.numerics.autocorrelation import detect_equilibration
from nakmd.analysis.umbrella_free_energy import umbrella_free_energy
from nakmd.analysis.umbrella_record import UmbrellaRecord
from nakmd.arrays import FloatArray
from nakmd.deck.deck import Deck, source_of
from nakmd.deck.source import DeckSource
from nakmd.errors import AnalysisError, InputError
from nakmd.io import Trajectory
from nakmd.io.atomic import replacing, write_status
from nakmd.runs.folder import RunFolder
from nakmd.runs.session import ProgressReport
from nakmd.simulation.restraints import Coordinate
from nakmd.studies.series import finish
from nakmd.studies.umbrella_windows import BoundCoordinate, Windows, bind_coordinate, template_of, window_series

#: Files of the result in the folder of the study.
RESULT, FIGURE = "umbrella.json", "umbrella.png"


def umbrella(
    deck: Deck | DeckSource | str | Path,
    coordinate: Coordinate,
    centres: Sequence[float],
    spring: float | Sequence[float],
    directory: str | Path,
    bulk: tuple[float, float],
    *,
    steer: float = 10.0,
    duration: float = 100.0,
    well: tuple[float, float] | None = None,
    free: str | Path | None = None,
    width: float = 0.1,
    resamples: int = 100,
    threads: int | None = None,
    progress: ProgressReport | None = None,
) -> UmbrellaRecord:
    """Return the free energy of an atom along a coordinate, from restrained windows that start from a deck.

    Parameters
    ----------
    deck : Deck, DeckSource or path
        It is run first, without restraints. The windows start from its last frame and take time step, thermostat and
        moves from its last stage. Its production stages are measured for comparison and for the number of atoms in the
        bulk.
    coordinate : Coordinate
        ``WallDistance``, ``SiteDistance`` or ``MassCenterDistance`` of `nakmd.simulation`. An atom of a species is
        chosen in the last frame of the deck, relative to the first centre, and is the same in all windows.
    centres : sequence of float [Å]
        In the order of the runs. Each window starts from the last frame of the nearest one before it, the first one
        from the deck.
    spring : float or sequence of float [eV/Å²]
        Of all windows, or of each. Neighbours overlap if their distance is about twice √(kT/spring). On a barrier, the
        spring must exceed its curvature, or no sample stays there.
    directory : path
        Gets a folder ``free`` and one for each window, ``window-3.500``, and the result as ``umbrella.json`` and
        ``umbrella.png``. Finished runs are kept and interrupted ones resumed, so that a centre at the end of the list
        adds a window.
    bulk : (float, float) [Å]
        Range in which the free energy is zero; the windows must reach it.
    steer : float [ps]
        Time in which the centre moves from the window before.
    duration : float [ps]
        Of each window, after that; its detected equilibration is left out, at most the first half.
    well : (float, float) [Å], optional
        As in `umbrella_free_energy`.
    free : path, optional
        Folder of the run of the deck; by default ``free`` in the directory. Several species share one.
    width, resamples
        As in `umbrella_free_energy`.
    threads, progress
        As in `nakmd.run`.

    Raises
    ------
    InputError
        If deck and coordinate do not fit, or a folder holds a run of another deck.
    RunError
        If a run was interrupted. The same call resumes it.
    AnalysisError
        If no overlap joins all windows, or they do not reach well and bulk.

    Notes
    -----
    The samples of ξ are those of the thermo table, ``thermo_every`` steps apart. The free energy, its volume term and
    its standard state are described in `umbrella_free_energy`. Frames on the other side of a tube or a sheet are not
    counted: numbers of atoms are those of the side of the restrained atom.
    """
    source, parent = source_of(deck), Path(directory)
    read = Deck.from_source(source)
    last = template_of(read)
    if len(centres) < 2 or len(set(centres)) < len(centres):
        raise InputError(f"Umbrella windows need two or more different centres, got {list(centres)}.")
    if np.shape(spring) not in ((), (len(centres),)):
        raise InputError(f"{len(centres)} centres have {np.size(spring)} springs. Give one for all, or one for each.")
    finished = finish(source, parent / "free" if free is None else Path(free), "without restraints", threads, progress)
    bound = bind_coordinate(coordinate, finished, read.groups.frozen, float(centres[0]))
    places, springs = [float(centre) for centre in centres], np.broadcast_to(spring, len(centres)).tolist()
    windows = Windows(source, bound, finished, parent, dict(zip(places, springs, strict=True)), steer, duration)
    folders = windows.run(places, threads, progress)
    series = [window_series(folder) for folder in folders]
    assert last.temperature is not None  # checked by template_of
    record = umbrella_free_energy(
        places,
        springs,
        [x[detect_equilibration(x, last=len(x) // 2)[0] :] for x in series],
        last.temperature[0],
        bulk,
        volume=lambda values: bound.reference.shape.jacobian(values, bound.side, bound.radius),
        well=well,
        free=_free_values(coordinate, bound, finished),
        width=width,
        coordinate=coordinate.words,
        resamples=resamples,
    )
    write_status(parent / RESULT, record.to_dict())
    with replacing(parent / FIGURE) as file:
        record.plot().savefig(file, format="png", dpi=150)
    return record


def _free_values(coordinate: Coordinate, bound: BoundCoordinate, run: Path) -> list[FloatArray] | None:
    """Return the coordinate of all atoms like the restrained one, on its side, in each frame of the free run.

    None for the centre of a group, of which there is only one, and for a run without measured frames.
    """
    with Trajectory(RunFolder(run).trajectory) as trajectory:
        topology = trajectory.topology
        if bound.coordinate.atom is None:
            return None
        name = coordinate.species or topology.species_names[topology.species[bound.coordinate.atom]]
        atoms = np.setdiff1d(np.flatnonzero(topology.select(name)), bound.reference.atoms)
        try:
            frames = choose_frames(trajectory)
            values = [bound.side * bound.reference.signed(f.unwrapped, f.cell, atoms) for f in frames]
        except AnalysisError:
            return None
        return [x[x >= 0.0] for x in values] or None
