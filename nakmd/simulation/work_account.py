"""Energy given to the system from outside, which the conserved energy excludes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nakmd.integrators import Integrator
from nakmd.simulation.stages import Stage


class WorkAccount:
    """Work [eV] of thermostats and barostats, and energy jumps between stages, summed over all stages.

    Parameters
    ----------
    stages : sequence of Stage
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._past = {"thermostat": 0.0, "barostat": 0.0, "other": 0.0}
        self._past_baths = {bath.group: 0.0 for stage in stages for bath in stage.integrator.baths}
        self._conserved_before: float | None = None

    def totals(self, integrator: Integrator | None) -> dict[str, float]:
        """Return the work so far [eV] by ``"thermostat"``, ``"barostat"`` and ``"other"``.

        Parameters
        ----------
        integrator : Integrator or None
            That of the stage in progress; None if no stage has begun.
        """
        past = self._past
        if integrator is None:
            return dict(past)
        return {
            "thermostat": past["thermostat"] + integrator.thermostat_work,
            "barostat": past["barostat"] + integrator.barostat_work,
            "other": past["other"],
        }

    def baths(self, integrator: Integrator | None) -> dict[str, float]:
        """Return the work so far [eV] by group of the thermostats of stages that have several; parameters as above."""
        given = {} if integrator is None else {bath.group: bath.work for bath in integrator.baths}
        return {group: past + given.get(group, 0.0) for group, past in self._past_baths.items()}

    def end_stage(self, integrator: Integrator, conserved_energy: float) -> None:
        """Add the work of a finished stage."""
        self._conserved_before = conserved_energy
        self._past, self._past_baths = self.totals(integrator), self.baths(integrator)

    @property
    def is_first_stage(self) -> bool:
        """Whether no stage has ended in this process."""
        return self._conserved_before is None

    def begin_stage(self, conserved_energy: float) -> None:
        """Book the energy jump since the previous stage ended, if there was one, as other work."""
        if self._conserved_before is not None:
            self._past["other"] += conserved_energy - self._conserved_before

    def state(self) -> dict[str, Any]:
        """Return the work of past stages for a checkpoint."""
        return {**self._past, **({"baths": dict(self._past_baths)} if self._past_baths else {})}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set the work of past stages from a `state`."""
        self._past = {name: float(state[name]) for name in self._past}
        self._past_baths = {group: float(state["baths"][group]) for group in self._past_baths}
