"""The trajectory of a run: a writer with everything that the file says about the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from nakmd._version import __version__
from nakmd.currents import bath_column, heat_units
from nakmd.deck.deck import Deck
from nakmd.deck.source import DeckSource
from nakmd.io import TrajectoryWriter
from nakmd.potentials import Potential
from nakmd.runs.provenance import potential_hash
from nakmd.simulation import THERMO_UNITS, Stage
from nakmd.simulation.restraining import restraint_units
from nakmd.system import Topology


def open_trajectory(
    path: Path,
    mode: Literal["w", "a"],
    deck: Deck,
    source: DeckSource,
    topology: Topology,
    potential: Potential,
    stages: Sequence[Stage],
    provenance: Mapping[str, Any],
    surface: Mapping[str, Any] | None = None,
) -> TrajectoryWriter:
    """Open the trajectory of a run.

    Parameters
    ----------
    path, mode
        As in `nakmd.io.TrajectoryWriter`.
    deck, source, topology, potential, stages
        Those of the run.
    provenance : mapping
        As `nakmd.runs.provenance.describe_run` returns it.
    surface : mapping, optional
        Surface figures of the model.

    Raises
    ------
    FileFormatError
        If the file to continue is not a trajectory of these atoms.
    """
    baths = {stage.name: stage.integrator.baths for stage in stages if stage.integrator.baths}
    parameters = {
        "deck": source.text,
        "provenance": dict(provenance),
        "potentials": {
            "hash": potential_hash(potential),
            "model": potential.describe(),
            **({} if surface is None else {"surface": surface}),
        },
        "stages": [stage.name for stage in stages],
        "exchanging_stages": [stage.name for stage in stages if stage.moves],
        "depositing_stages": [stage.name for stage in stages if stage.deposit is not None],
        "baths": {name: [bath.describe() for bath in several] for name, several in baths.items()},
        "thermo_units": THERMO_UNITS
        | restraint_units(stages)
        | heat_units(tuple(dict.fromkeys(topology.elements)))
        | {bath_column(bath.group): "eV" for several in baths.values() for bath in several},
        "creator_version": __version__,
        "title": deck.title,
    }
    output = deck.output
    return TrajectoryWriter(
        path,
        topology,
        parameters,
        precision=output.precision,
        mode=mode,
        velocities=output.velocities,
        compression=output.compression,
        atoms=topology.select_any(output.atoms),
    )
