"""Frames that lack atoms of their run: analyses that read these are refused."""

from __future__ import annotations

from typing import Any

from nakmd.analysis.frame_source import FrameSource
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError, InputError, counted
from nakmd.system import Frame, Topology


def lacking_fault(topology: Topology, analysis: Any) -> AnalysisError | None:
    """Return the error of an analysis that reads atoms which the frames lack.

    Parameters
    ----------
    topology : Topology
        Of the frames.
    analysis : Analysis
        Or another object with `update`: without the method ``atoms_read`` it reads all atoms.
    """
    if topology.run is None:
        return None
    try:
        words = analysis.atoms_read(topology) if hasattr(analysis, "atoms_read") else ("all",)
        lacking = topology.lacking(words)
    except InputError as error:
        return AnalysisError(str(error))
    name = getattr(analysis, "name", "") or type(analysis).__name__
    return AnalysisError(_sentence(name, lacking)) if lacking else None


def require_all_atoms(source: FrameSource, name: str) -> None:
    """Raise `AnalysisError` unless the frames of a source hold all atoms of their run."""
    lacking = source.topology.lacking()
    if lacking:
        raise AnalysisError(_sentence(name, lacking))


def center_of(frame: Frame) -> tuple[FloatArray, FloatArray]:
    """Return position [Å] and image counts of the centre of mass of all atoms, stored with frames that lack some."""
    if frame.center is None or frame.center_images is None:
        raise AnalysisError(_without_center(frame))
    return frame.center, frame.center_images


def center_velocity_of(frame: Frame) -> FloatArray:
    """Return the velocity [Å/ps] of the centre of mass of all atoms, stored with frames that lack some."""
    if frame.center_velocity is None:
        raise AnalysisError(_without_center(frame))
    return frame.center_velocity


def _without_center(frame: Frame) -> str:
    return (
        f"The frame at step {frame.step} lacks atoms of its run and has no centre of mass of all, so their drift is "
        "unknown. Choose drift=None, or the name of atoms that it holds."
    )


def _sentence(name: str, lacking: dict[str, int]) -> str:
    return (
        f"{name} reads atoms that the trajectory lacks: {counted(lacking)}. Store them with [output] atoms, or measure "
        'it during the run with [analysis] when = "live".'
    )
