"""Check that what is passed as a source of frames is one."""

from __future__ import annotations

import os

from nakmd.errors import AnalysisError


def require_source(source: object) -> None:
    """Raise unless an object is a source of frames; the message says how to get one.

    Parameters
    ----------
    source : object

    Raises
    ------
    AnalysisError
        For a path, a run, or anything else without topology, stages and frames.
    """
    if all(hasattr(source, name) for name in ("topology", "stages", "frames")):
        return
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        opened = f"nakmd.Run({path!r}).trajectory" if os.path.isdir(path) else f"nakmd.Trajectory({path!r})"
        raise AnalysisError(f"An analysis needs frames, not the path {path!r}. Open it first: {opened}.")
    if hasattr(source, "trajectory"):
        raise AnalysisError(f"An analysis needs frames, not a {type(source).__name__}: pass its attribute trajectory.")
    raise AnalysisError(
        f"An analysis needs a nakmd.Trajectory, a part of one, or a nakmd.analysis.FrameList, not a "
        f"{type(source).__name__}."
    )
