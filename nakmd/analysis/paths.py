"""The ways of atoms: displacements added up from frame to frame, across periodic faces, without a common drift."""

from __future__ import annotations

import numpy as np

from nakmd.analysis.base import select
from nakmd.analysis.geometry.wall_frame import WallFrame
from nakmd.arrays import BoolArray, FloatArray, Int8Array, Int32Array
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology

#: Words for directions that follow the wall, and the columns of `WallFrame.components` they stand for.
WALL_DIRECTIONS = {"parallel": (0, 1), "perpendicular": (2,)}


def axes_of(directions: str) -> list[int]:
    """Return the columns that a word for directions stands for.

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
            f"Directions are some of 'xyz', each once, or 'parallel' or 'perpendicular', not {directions!r}."
        )
    return ["xyz".index(letter) for letter in directions]


class EvenSpacing:
    """Holds that frames come at even intervals; the last one of a run may be out of step and is left out.

    Parameters
    ----------
    name : str
        Who asks, for the message.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.times: list[float] = []
        self.irregular = False

    def accept(self, frame: Frame) -> bool:
        """Return whether the frame is in step with those before it.

        Raises
        ------
        AnalysisError
            If another frame follows one that was out of step.
        """
        if self.irregular or (len(self.times) > 1 and self.times[1] <= self.times[0]):
            raise AnalysisError(
                f"{self.name} needs evenly spaced frames: they begin {self.times[1] - self.times[0]:g} ps apart, "
                f"but the one before t = {frame.time:g} ps (step {frame.step}) is out of step. Choose one stage "
                "or a stride."
            )
        if len(self.times) > 1:
            step = self.times[1] - self.times[0]
            # the last frame of a run may come early; one more after it would be an error
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
        """What was left out."""
        return ["the last frame came out of step and was left out"] if self.irregular else []


class Paths:
    """Paths of some atoms, kept in bounded memory.

    Parameters
    ----------
    species : str
        Whose paths.
    directions : str
        As in `axes_of`; those that follow the wall are taken in the local frame of `WallFrame`.
    drift : str or None
        Atoms whose centre of mass is held at rest.
    unwrap : {"images", "nearest"}
        Whether atoms are followed by image counts or to their nearest image.
    memory : float [bytes]
        When the paths exceed it, every other frame is dropped.
    name : str
        Who asks, for messages.

    Attributes
    ----------
    rows : list of (m, d) float64 [Å]
        Displacements since the first frame.
    labels : list of arrays
        What was given with each row that is kept.
    """

    def __init__(self, species: str, directions: str, drift: str | None, unwrap: str, memory: float, name: str) -> None:
        self._axes = axes_of(directions)
        self._follows_wall = directions in WALL_DIRECTIONS
        if unwrap not in ("images", "nearest"):
            raise AnalysisError(f"Paths are unwrapped by 'images' or to the 'nearest' image, not by {unwrap!r}.")
        self.species, self.drift, self.unwrap, self.memory = species, drift, unwrap, memory
        self._spacing = EvenSpacing(name)

    @property
    def dimensions(self) -> int:
        """How many directions a displacement has."""
        return len(self._axes)

    def prepare(self, topology: Topology) -> BoolArray:
        """Choose the atoms; return their mask."""
        self.chosen = select(topology, self.species)
        self._weights: FloatArray | None = None
        if self.drift is not None:
            masses = np.where(select(topology, self.drift), topology.masses, 0.0)
            self._weights = masses / masses.sum()
        self._wall = WallFrame(topology) if self._follows_wall else None
        self._path: FloatArray = np.zeros((int(self.chosen.sum()), len(self._axes)))
        self.rows: list[FloatArray] = []
        self.labels: list[Int8Array] = []
        self._times: list[float] = []
        self._keep_every, self._count = 1, 0
        self._previous: tuple[FloatArray, Int32Array] | None = None
        return self.chosen

    def add(self, frame: Frame, labels: Int8Array | None = None) -> None:
        """Extend the paths by one frame; ``labels`` of the atoms are kept with it."""
        if not self._spacing.accept(frame):
            return
        if self._previous is not None:
            wrapped, images = self._previous
            if self.unwrap == "images":
                step_vectors = (frame.positions - wrapped) + (frame.images - images) @ frame.cell.matrix
            else:
                step_vectors = frame.cell.minimum_image(frame.positions - wrapped)
            if self._weights is not None:
                step_vectors -= self._weights @ step_vectors
            step_vectors = step_vectors[self.chosen]
            if self._wall is not None:
                step_vectors = self._wall.components(frame, frame.positions[self.chosen], step_vectors)
            self._path = self._path + step_vectors[:, self._axes]
        self._previous = (frame.positions.copy(), frame.images.copy())
        if self._count % self._keep_every == 0:
            self.rows.append(self._path)
            self._times.append(frame.time)
            if labels is not None:
                self.labels.append(labels)
            if len(self.rows) * self._path.nbytes > self.memory and len(self.rows) > 16:
                self.rows, self._times, self.labels = self.rows[::2], self._times[::2], self.labels[::2]
                self._keep_every *= 2
        self._count += 1

    @property
    def n_atoms(self) -> int:
        """Atoms followed."""
        return len(self._path)

    @property
    def step(self) -> float:
        """Time [ps] between the rows kept."""
        return float(self._times[-1] - self._times[0]) / (len(self._times) - 1)

    def stacked(self, atoms: slice) -> FloatArray:
        """Return the (n, m, d) paths of some of the atoms."""
        return np.stack([row[atoms] for row in self.rows])

    @property
    def notes(self) -> list[str]:
        """How the paths were made, where it was not the plain way."""
        notes = []
        if self._wall is not None:
            notes.append(f"directions follow the wall, {self._wall.words}")
        if self.unwrap == "nearest":
            notes.append("no image counts: atoms followed to their nearest image from frame to frame")
        if self._keep_every > 1:
            notes.append(f"one frame in {self._keep_every} kept, to stay below {self.memory / 1e6:.0f} MB")
        return notes + self._spacing.notes
