"""What a simulation is made of, checked before any of it is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nakmd.errors import InputError, did_you_mean
from nakmd.simulation.observers import Observer
from nakmd.simulation.stages import Stage
from nakmd.system import System


def check_arguments(system: Any, potential: Any, stages: Any, observers: Any) -> None:
    """Raise `InputError` for an argument of another kind, and for an observer of stages that the run does not have."""
    if not isinstance(system, System):
        advice = " Convert atoms of ASE by nakmd.io.from_atoms." if hasattr(system, "get_positions") else ""
        raise InputError(f"A simulation needs a nakmd.System, not {_kind(system)}.{advice}")
    if not hasattr(potential, "bind"):  # a potential, or what stands for one
        name = repr(potential) if isinstance(potential, str) else '"nak-cn"'
        raise InputError(
            f"A simulation needs a potential, not {_kind(potential)}. Load a set by its name: "
            f"nakmd.potentials.load({name})."
        )
    if not isinstance(stages, Iterable) or not all(isinstance(stage, Stage) for stage in stages):
        raise InputError("A simulation needs a list of nakmd.simulation.Stage, also for one stage: [stage].")
    if not stages:
        raise InputError("A simulation needs at least one stage.")
    for observer in observers:
        if not isinstance(observer, Observer):
            raise InputError(
                f"An observer is an object of a subclass of nakmd.simulation.Observer, not {_kind(observer)}. Its "
                "method observe(frame) is called every so many steps."
            )
        _check_stages_of(observer, stages)


def _check_stages_of(observer: Observer, stages: Iterable[Stage]) -> None:
    known = list(dict.fromkeys(word for stage in stages for word in (stage.name, stage.kind)))
    for name in sorted(observer.stages or ()):
        if name not in known:
            raise InputError(
                f"{type(observer).__name__} observes stages called {name!r}, and the run has none. "
                f"{did_you_mean(name, known)}"
            )


def _kind(value: Any) -> str:
    return f"the text {value!r}" if isinstance(value, str) else f"{type(value).__module__}.{type(value).__name__}"
