"""Unwrapped paths of atoms: displacements summed from frame to frame, without the drift of the centre of mass."""

from __future__ import annotations

import math

import numpy as np

from nakmd.analysis.base import select
from nakmd.analysis.geometry.wall_frame import WallFrame
from nakmd.analysis.lacking_atoms import center_of
from nakmd.arrays import BoolArray, FloatArray, Int8Array, Int32Array
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Nearest-image steps longer than `FAR` of the cell, along any periodic vector, may belong to steps of more than half a
#: cell to the other side. If more than `MOST_FAR` of all steps are as long, paths are refused. For a Gaussian
#: distribution that is a standard deviation of 0.122 cells: one step in 24,000 is then taken to the wrong side, which
#: lowers D by 0.02 %. At 0.2 cells it would be 4 %.
FAR, MOST_FAR = 0.4, 1e-3

#: Names of directions relative to the wall, and their columns of `WallFrame.components`.
WALL_DIRECTIONS = {"parallel": (0, 1), "perpendicular": (2,)}


def axes_of(directions: str) -> list[int]:
    """Return the columns of the named directions.

    Parameters
    ----------
    directions : str
        Some of ``"xyz"``, or ``"parallel"`` or ``"perpendicular"`` (to the wall).

    Raises
    ------
    AnalysisError
        If it is none of these.
    """
    if directions in WALL_DIRECTIONS:
        return list(WALL_DIRECTIONS[directions])
    if not directions or sorted(set(directions)) != sorted(directions) or not set(directions) <= set("xyz"):
        raise AnalysisError(
            f"Directions must be some of 'xyz', each once, or 'parallel' or 'perpendicular', not {directions!r}."
        )
    return ["xyz".index(letter) for letter in directions]


def even_rows(times: FloatArray, name: str) -> tuple[int, float]:
    """Return the number of evenly spaced rows of the thermo table, without an irregular last one, and their spacing.

    Parameters
    ----------
    times : (n,) float64 [ps]
    name : str
        Name of the analysis, for the message.

    Returns
    -------
    int
    float [ps]

    Raises
    ------
    AnalysisError
        If other rows are irregular.
    """
    gaps = np.diff(times)
    # the last row of a run may be irregular
    kept = len(gaps) + 1 if abs(gaps[-1] - gaps[0]) <= 1e-4 * gaps[0] else len(gaps)
    if np.any(np.abs(gaps[: kept - 1] - gaps[0]) > 1e-4 * gaps[0]):
        raise AnalysisError(
            f"{name} needs evenly spaced rows of the thermo table, but they are {gaps.min():g} to {gaps.max():g} ps "
            "apart. Choose a single stage."
        )
    return kept, float(times[kept - 1] - times[0]) / (kept - 1)


class EvenSpacing:
    """Checks that frames are evenly spaced in time; an irregular last frame of a run is skipped.

    Parameters
    ----------
    name : str
        Name of the analysis, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.times: list[float] = []
        self.irregular = False

    def accept(self, frame: Frame) -> bool:
        """Return whether the frame is evenly spaced with those before it.

        Raises
        ------
        AnalysisError
            If another frame follows an irregular one, or the frame has no time.
        """
        if not math.isfinite(frame.time):
            raise AnalysisError(
                f"{self.name} needs the times of frames, and the frame at step {frame.step} has none. Convert its "
                "source again, with times."
            )
        if self.irregular or (len(self.times) > 1 and self.times[1] <= self.times[0]):
            raise AnalysisError(
                f"{self.name} needs evenly spaced frames: the first are {self.times[1] - self.times[0]:g} ps apart, "
                f"but the spacing changes before t = {frame.time:g} ps (step {frame.step}). Choose a single stage or a "
                "stride."
            )
        if len(self.times) > 1:
            step = self.times[1] - self.times[0]
            # the last frame of a run may be early; a further frame is an error
            if abs(frame.time - self.times[-1] - step) > 1e-4 * step:
                self.irregular = True
                return False
        self.times.append(frame.time)
        return True

    @property
    def step(self) -> float:
        """Time [ps] between two frames; NaN before the second."""
        n = len(self.times)
        return (self.times[-1] - self.times[0]) / (n - 1) if n > 1 else float("nan")

    @property
    def notes(self) -> list[str]:
        """Remark about a skipped frame."""
        return ["the last frame is not evenly spaced and was skipped"] if self.irregular else []


class Paths:
    """Paths of selected atoms in bounded memory.

    Parameters
    ----------
    species : str
        Species, element or group.
    directions : str
        As in `axes_of`; directions relative to the wall use the local frame of `WallFrame`.
    drift : str or None
        Atoms whose centre-of-mass motion is subtracted.
    unwrap : {"images", "nearest"}
        Whether paths are unwrapped by image counts or by the nearest image. Frames without image counts
        (`Frame.has_images`) always follow the nearest image.
    memory : float [bytes]
        If the paths exceed it, every other frame is dropped.
    name : str
        Name of the analysis, for messages.

    Attributes
    ----------
    rows : list of (m, d) float64 [Å]
        Displacements since the first frame.
    labels : list of arrays
        Labels given with each stored row.
    """

    def __init__(self, species: str, directions: str, drift: str | None, unwrap: str, memory: float, name: str) -> None:
        self._axes = axes_of(directions)
        self._follows_wall = directions in WALL_DIRECTIONS
        if unwrap not in ("images", "nearest"):
            raise AnalysisError(f"Paths can be unwrapped by 'images' or to the 'nearest' image, not by {unwrap!r}.")
        self.species, self.drift, self.unwrap, self.memory = species, drift, unwrap, memory
        self._spacing = EvenSpacing(name)

    @property
    def atoms_read(self) -> tuple[str, ...]:
        """What selects the atoms that are followed; the drift of all atoms is stored with frames that lack some."""
        drift = () if self.drift in (None, "all") else (self.drift,)
        return ("all",) if self._follows_wall else (self.species, *drift)

    @property
    def dimensions(self) -> int:
        """Number of directions of a displacement."""
        return len(self._axes)

    def prepare(self, topology: Topology) -> BoolArray:
        """Choose the atoms and return their mask."""
        self.chosen = select(topology, self.species)
        self._weights: FloatArray | None = None
        self._center: tuple[FloatArray, FloatArray] | None = None
        self._by_center = self.drift == "all" and topology.run is not None
        if self.drift is not None and not self._by_center:
            masses = np.where(select(topology, self.drift), topology.masses, 0.0)
            self._weights = masses / masses.sum()
        self._wall = WallFrame(topology) if self._follows_wall else None
        self._path: FloatArray = np.zeros((int(self.chosen.sum()), len(self._axes)))
        self.rows: list[FloatArray] = []
        self.labels: list[Int8Array] = []
        self._times: list[float] = []
        self._keep_every, self._count = 1, 0
        self._previous: tuple[FloatArray, Int32Array] | None = None
        self._followed = self.chosen.copy() if self._weights is None else self.chosen | (self._weights > 0.0)
        self._n_steps, self._n_far = 0, 0
        return self.chosen

    def add(self, frame: Frame, labels: Int8Array | None = None) -> None:
        """Extend the paths by one frame and store the ``labels`` of the atoms with it."""
        if not self._spacing.accept(frame):
            return
        if self._previous is not None:
            wrapped, images = self._previous
            if self.unwrap == "images" and frame.has_images:
                step_vectors = (frame.positions - wrapped) + (frame.images - images) @ frame.cell.matrix
            else:
                step_vectors = frame.cell.minimum_image(frame.positions - wrapped)
                self._count_far(frame, step_vectors)
            if self._by_center:
                step_vectors -= self._step_of_center(frame)
            elif self._weights is not None:
                step_vectors -= self._weights @ step_vectors
            step_vectors = step_vectors[self.chosen]
            if self._wall is not None:
                step_vectors = self._wall.components(frame, frame.positions[self.chosen], step_vectors)
            self._path = self._path + step_vectors[:, self._axes]
        self._previous = (frame.positions.copy(), frame.images.copy())
        if self._by_center:
            self._center = center_of(frame)
        if self._count % self._keep_every == 0:
            self.rows.append(self._path)
            self._times.append(frame.time)
            if labels is not None:
                self.labels.append(labels)
            if len(self.rows) * self._path.nbytes > self.memory and len(self.rows) > 16:
                self.rows, self._times, self.labels = self.rows[::2], self._times[::2], self.labels[::2]
                self._keep_every *= 2
        self._count += 1

    def _step_of_center(self, frame: Frame) -> FloatArray:
        """Return the step (3,) [Å] of the centre of mass of the run, whose other atoms the frame does not hold."""
        assert self._center is not None  # set with the previous positions
        (center, images), (before, images_before) = center_of(frame), self._center
        return np.asarray((center - before) + (images - images_before) @ frame.cell.matrix)

    def _count_far(self, frame: Frame, step_vectors: FloatArray) -> None:
        """Count steps that are about as long as half a cell."""
        fractions = np.abs(step_vectors[self._followed] @ frame.cell.inverse)[:, frame.cell.periodic]
        self._n_steps += fractions.size
        self._n_far += int(np.count_nonzero(fractions > FAR))

    def check(self) -> None:
        """Raise `AnalysisError` if steps are too wide for paths to the nearest image."""
        if self._n_far > MOST_FAR * self._n_steps:
            raise AnalysisError(
                f"The frames have no image counts, and {100 * self._n_far / self._n_steps:.2g} % of the steps between "
                f"them are longer than {FAR} of the cell (at most {100 * MOST_FAR:g} % are allowed): an atom may have "
                "moved more than half a cell, so its path is unknown. Take frames that are closer in time, or a source "
                "with image counts or unwrapped positions."
            )

    @property
    def to_nearest(self) -> bool:
        """Whether any step was taken to the nearest image."""
        return self._n_steps > 0

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self._path)

    @property
    def step(self) -> float:
        """Time [ps] between stored rows."""
        return float(self._times[-1] - self._times[0]) / (len(self._times) - 1)

    def stacked(self, atoms: slice) -> FloatArray:
        """Return the (n, m, d) paths of some of the atoms."""
        return np.stack([row[atoms] for row in self.rows])

    @property
    def notes(self) -> list[str]:
        """Remarks on how the paths were computed, if not in the default way."""
        notes = []
        if self._wall is not None:
            notes.append(f"directions follow the wall, {self._wall.words}")
        if self.to_nearest:
            notes.append("no image counts: paths unwrapped to the nearest image from frame to frame")
        if self._keep_every > 1:
            notes.append(f"one frame in {self._keep_every} stored, to stay below {self.memory / 1e6:.0f} MB")
        return notes + self._spacing.notes
