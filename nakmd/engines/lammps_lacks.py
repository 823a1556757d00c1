"""What a deck has and LAMMPS has not: all of it, by name and line, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nakmd.deck.deck import Deck
from nakmd.deck.messages import Problem
from nakmd.engines.lammps_keys import refused_keys
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS, Barostat, Minimiser, Mobility, Span, VelocityVerlet
from nakmd.integrators.groups import AXES, FLAT
from nakmd.integrators.thermostat import Thermostat
from nakmd.io.lammps_files import restricted
from nakmd.potentials import Potential
from nakmd.potentials.lammps_style import lacking_in_lammps
from nakmd.simulation import Stage
from nakmd.system import System
from nakmd.toml_lines import KeyPath


def find_lacks(deck: Deck, system: System, potential: Potential, stages: Sequence[Stage]) -> Iterator[Problem]:
    """Yield what has no counterpart in LAMMPS.

    Parameters
    ----------
    deck : Deck
    system : System
        Not changed.
    potential : Potential
    stages : sequence of Stage
        Those of the deck.
    """
    yield from refused_keys(deck)
    for term in potential.terms:
        if term.lammps_lacks and not deck.model.ase:  # a calculator as the whole model is refused by its key
            yield Problem(("model",), f"[model] {lacking_in_lammps(term.label, term.lammps_lacks)}")
    if not np.array_equal(restricted(system.cell.matrix)[1], np.eye(3)):
        yield Problem(
            ("structure",),
            "[structure]: LAMMPS needs the first vector of the cell along x and the second in the xy plane. Rotate the "
            "structure.",
        )
    for index, stage in enumerate(stages):
        at: KeyPath = ("stage", index)
        who = f"[[stage]] {index + 1} ({stage.name})"
        integrator = stage.integrator
        if isinstance(integrator, Minimiser) and not integrator.lammps_commands():
            words = [word for word, kind in MINIMISERS.items() if kind.lammps_commands is not Minimiser.lammps_commands]
            yield Problem((*at, "method"), _without(who, integrator.label, "method", words))
        if isinstance(integrator, VelocityVerlet):
            mobility, _ = stage.bind(system, deck.seed, Span(0, stage.steps))
            yield from _of_thermostats(integrator, at, who, system, mobility)
            if integrator.barostat is not None:
                yield from _of_barostat(integrator.barostat, (*at, "barostat"), who, system, stage.tethered)


def _of_thermostats(
    integrator: VelocityVerlet, at: KeyPath, who: str, system: System, mobility: Mobility
) -> Iterator[Problem]:
    for number, thermostat in enumerate(integrator.thermostats):
        path = (*at, "bath", number, "ensemble") if len(integrator.thermostats) > 1 else (*at, "ensemble")
        fix = thermostat.lammps_fix()
        if fix is None:
            words = [word for word, kind in THERMOSTATS.items() if kind.lammps_fix is not Thermostat.lammps_fix]
            yield Problem(path, _without(who, thermostat.label, "ensemble", words))
        elif fix.integrates and integrator.barostat is not None:
            members = system.topology.select(thermostat.group) & mobility.moves
            if not np.array_equal(members, mobility.moves):
                yield Problem(
                    path,
                    f"{who}: {thermostat.label} on {thermostat.group!r} with a barostat has no counterpart, because "
                    'fix npt of LAMMPS acts on all that moves. Write group = "all", or ensemble = "bussi".',
                )


def _of_barostat(
    barostat: Barostat, path: KeyPath, who: str, system: System, tethered: Mapping[str, float]
) -> Iterator[Problem]:
    if barostat.lammps_fix() is None:
        words = [word for word, kind in BAROSTATS.items() if kind.lammps_fix is not Barostat.lammps_fix]
        yield Problem((*path, "kind"), _without(who, barostat.label, "kind", words))
    axes = "".join(barostat.axes)
    for group in tethered:
        extent = np.ptp(system.positions[system.topology.select(group)], axis=0)
        wide = [axis for axis in axes if extent[AXES.index(axis)] > FLAT]
        if wide:
            yield Problem(
                (*path, "axes"),
                f"{who}: the barostat along {' and '.join(wide)} has no counterpart with the tethered group {group!r}: "
                "springs of fix spring/self do not follow the cell. Take these axes out of the barostat, or the "
                "tether away.",
            )
    tilted = np.any(np.tril(system.cell.matrix, -1))
    if tilted and sorted(barostat.axes[0]) != ["x", "y", "z"]:
        yield Problem(
            (*path, "axes"),
            f"{who}: the barostat along {list(barostat.axes)} has no counterpart in a tilted cell: LAMMPS changes its "
            'angles in another way. Write axes = "xyz".',
        )


def _without(who: str, label: str, key: str, words: Sequence[str]) -> str:
    """Return the message on a kind without counterpart; ``words`` are the kinds that have one."""
    return f"{who}: LAMMPS has no counterpart of {label}. Write {key} = {' or '.join(repr(w) for w in words)}.".replace(
        "'", '"'
    )
