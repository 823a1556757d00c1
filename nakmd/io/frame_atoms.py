"""Which atoms of the frames of a run a trajectory stores."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.system import Frame, Topology


class FrameAtoms:
    """Takes the stored atoms out of frames, and adds the centre of mass of all atoms.

    The centre is stored because analyses of motion subtract its drift, which the stored atoms do not tell.

    Parameters
    ----------
    topology : Topology
        Of the frames.
    indices : (m,) int64, optional
        Index of each stored atom, increasing. Default: all are stored.

    Attributes
    ----------
    topology : Topology
        Of the stored atoms.
    """

    def __init__(self, topology: Topology, indices: IntArray | None = None) -> None:
        self.topology, self._masses = topology, topology.masses
        self._mask: BoolArray | None = None
        if indices is None:
            return
        self._mask = np.zeros(topology.n_atoms, dtype=np.bool_)
        self._mask[indices] = True
        self.topology = topology.part(self._mask)

    @classmethod
    def chosen(cls, topology: Topology, mask: BoolArray | None) -> FrameAtoms:
        """Return the atoms of a mask (n,), all for None; `InputError` if it has another length or selects none."""
        if mask is None:
            return cls(topology)
        if np.shape(mask) != (topology.n_atoms,) or not np.any(mask):
            raise InputError(
                f"atoms must be a mask of the {topology.n_atoms} atoms that selects at least one; it has shape "
                f"{np.shape(mask)} and selects {int(np.sum(mask))}."
            )
        return cls(topology, None if np.all(mask) else np.flatnonzero(mask))

    def of(self, frame: Frame) -> Frame:
        """Return what is stored of a frame of all atoms."""
        if self._mask is None:
            return frame
        velocities = frame.velocities
        weights = self._masses if frame.present is None else self._masses * frame.present
        weights = weights / weights.sum()
        return dataclasses.replace(
            frame.part(self._mask),
            center=_mean(weights, frame.positions),
            center_images=_mean(weights, frame.images),
            center_velocity=None if velocities is None else _mean(weights, velocities),
        )


def _mean(weights: FloatArray, values: NDArray[Any]) -> FloatArray:
    """Return the mean (3,) of values (n, 3), not by BLAS, whose sums depend on its threads."""
    return np.asarray(np.einsum("i,ic->c", weights, values))
