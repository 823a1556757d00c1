"""Plausibility checks on the dynamics of a deck: time steps, temperatures, time constants.

The limits on the time step follow from the fastest vibration. Velocity Verlet is unstable for steps above period/π and
loses accuracy well below that: C-C stretching at 1600 1/cm has a period of 21 fs, the fastest vibrations of Na and K
metal (4 THz) have one of 250 fs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nakmd.deck.baths import BathSection
from nakmd.deck.default_steps import has_moving_wall
from nakmd.deck.draft import Draft
from nakmd.deck.matter import Groups
from nakmd.deck.messages import Problem
from nakmd.deck.stage_sections import Dynamics
from nakmd.deck.time_steps import TimeSteps
from nakmd.elements import METALS, element_of, standard_mass
from nakmd.integrators import THERMOSTATS
from nakmd.system import Topology
from nakmd.toml_lines import KeyPath
from nakmd.units import ACCELERATION

#: Time steps [ps] above which a deck is refused and above which it gets a warning; with mobile carbon, and metal only.
CARBON_STEPS = (0.005, 0.0015)
METAL_STEPS = (0.020, 0.006)

#: Time steps [ps] below which a deck is refused: nothing moves within a femtosecond's thousandth.
SHORTEST_STEP = 1e-6

#: Largest time step that is stable, times the angular frequency of a spring.
STABLE = 2.0

#: Largest time step [ps] that resolves second neighbours in the closed ring at 2.1 Å, the bond-order cutoff.
PYRROLIC_STEP = 0.0005

#: Temperatures [K] above which a deck is refused, and above which it gets a warning.
IMPOSSIBLE_TEMPERATURE = 20000.0
SURPRISING_TEMPERATURE = 3000.0

#: Mass [amu] below which atoms that are no metal vibrate as fast as carbon: H, B, C, N, O, F.
LIGHT = 20.0


def check_dynamics(draft: Draft, topology: Topology | None) -> Iterator[Problem]:
    """Yield the impossible and the implausible values of the stages of dynamics.

    Parameters
    ----------
    draft : Draft
    topology : Topology or None
        Of the built system; without it, the moving atoms are those that the words of the deck describe.
    """
    # without all groups it is not known what is held: only the limits that hold for any atoms are checked
    carbon = draft.is_whole("groups") and (
        _describes_moving_wall(draft) if topology is None else _has_moving_carbon(draft, topology)
    )
    pyrrolic = _has_pyrrolic(draft) if topology is None else "N:pyrrolic" in topology.species_names
    for index, stage in draft.stages:
        if isinstance(stage, Dynamics):
            yield from _check_stage(index, stage, carbon, pyrrolic)
    if topology is not None and draft.groups is not None:
        longest = max((stage.outer_step for _, stage in draft.stages if isinstance(stage, Dynamics)), default=0.0)
        yield from _check_springs(draft.groups, topology, longest)


def _check_springs(groups: Groups, topology: Topology, timestep: float) -> Iterator[Problem]:
    """Yield springs too stiff for a time step [ps]: velocity Verlet needs Δt sqrt(k/m) < 2."""
    for index, tether in enumerate(groups.tethered):
        known = {*topology.species_names, *topology.elements, *topology.groups, "all"}
        held = topology.select(tether.group) if tether.group in known else np.zeros(0, dtype=np.bool_)
        if not np.any(held):
            continue
        lightest = float(topology.masses[held].min())
        stiffest = (STABLE / timestep) * (STABLE / timestep) * lightest / ACCELERATION if timestep > 0.0 else np.inf
        if lightest > 0.0 and tether.spring > stiffest:
            yield Problem(
                ("groups", "tethered", index, "spring"),
                f"[groups] tethered spring of {tether.spring:.3g} eV/Å² on {tether.group} is too stiff for a time step "
                f"of {timestep * 1e3:g} fs: the limit is {stiffest:.3g} eV/Å². Use a softer spring or a shorter step.",
            )


def _has_moving_carbon(draft: Draft, topology: Topology) -> bool:
    """Return whether light atoms move one by one: neither frozen nor part of a rigid body."""
    elements = [element_of(name) for name in topology.species_names]
    light = [a for a, name in enumerate(elements) if name not in METALS and standard_mass(name) < LIGHT]
    moving = np.isin(topology.species, light)
    held = (*draft.groups.frozen, *draft.groups.rigid) if draft.groups is not None else ()
    known = {*topology.species_names, *elements, *topology.groups, "all"}
    for word in known.intersection(held):
        moving &= ~topology.select(word)
    return bool(np.any(moving))


def _describes_moving_wall(draft: Draft) -> bool:
    return draft.structure is not None and has_moving_wall(draft.structure, draft.groups or Groups())


def _has_pyrrolic(draft: Draft) -> bool:
    carbon = draft.structure.carbon if draft.structure is not None else None
    return carbon is not None and carbon.doping is not None and carbon.doping.pyrrolic > 0.0


def _check_stage(index: int, stage: Dynamics, carbon: bool, pyrrolic: bool) -> Iterator[Problem]:
    at = ("stage", index)
    who = f"[[stage]] {index + 1} ({stage.name or stage.kind})"
    given, longest = stage.outer_step * 1e3, METAL_STEPS[0]
    if isinstance(stage.timestep, TimeSteps):
        yield from _check_timestep(
            (*at, "timestep", "bonds"), f"{who} timestep bonds", stage.inner_step, True, pyrrolic
        )
        yield from _check_timestep((*at, "timestep", "rest"), f"{who} timestep rest", stage.outer_step, False, False)
    else:
        longest = CARBON_STEPS[0] if carbon else METAL_STEPS[0]
        yield from _check_timestep((*at, "timestep"), f"{who} timestep", stage.outer_step, carbon, pyrrolic)
    temperatures = [*(stage.temperature or ()), *([stage.velocities] if stage.velocities is not None else [])]
    hottest = max(temperatures, default=0.0)
    key = "temperature" if stage.temperature else "velocities"
    if hottest > IMPOSSIBLE_TEMPERATURE:
        yield Problem(
            (*at, key), f"{who} {key} of {hottest:g} K is too high: the limit is {IMPOSSIBLE_TEMPERATURE:g} K."
        )
    elif hottest > SURPRISING_TEMPERATURE:
        yield Problem((*at, key), f"{who} {key} of {hottest:g} K is above the boiling point of Na and K.", fatal=False)
    if stage.ensemble not in ("nve", "baths") and stage.outer_step <= longest and stage.tau < 10 * stage.outer_step:
        yield Problem(
            (*at, "tau"),
            f"{who} tau of {stage.tau * 1e3:g} fs is shorter than ten steps of {given:g} fs: the thermostat dominates "
            'the dynamics. Write tau = "0.5 ps".',
            fatal=stage.tau < 2 * stage.outer_step,
        )
    if stage.kind == "heat" and stage.temperature is not None and stage.temperature[0] == stage.temperature[1]:
        yield Problem(
            (*at, "temperature"),
            f'{who} keeps {stage.temperature[0]:g} K constant; a heating ramp is ["300 K", "450 K"].',
            fatal=False,
        )
    drawback = THERMOSTATS[stage.ensemble].drawback if stage.ensemble in THERMOSTATS else ""
    if stage.kind == "produce" and drawback:
        yield Problem(
            (*at, "ensemble"),
            f'{who} is a production stage with "{stage.ensemble}", {drawback}. "bussi" or "nve" avoid this.',
            fatal=False,
        )
    for number, bath in enumerate(stage.bath):
        yield from _check_bath((*at, "bath", number), f"{who} bath {number + 1}", bath, stage.outer_step)
    yield from _check_piston(at, who, stage)


def _check_timestep(at: KeyPath, who: str, timestep: float, carbon: bool, pyrrolic: bool) -> Iterator[Problem]:
    """Yield what is wrong with a time step [ps] of forces between light atoms (``carbon``), or of a metal."""
    impossible, unwise = CARBON_STEPS if carbon else METAL_STEPS
    reason = "C-C bonds vibrate with a period of 21 fs" if carbon else "the metal vibrates with a period of 250 fs"
    given = timestep * 1e3
    if timestep < SHORTEST_STEP:
        yield Problem(at, f'{who} of {given:g} fs is too short: the limit is 0.001 fs. Write "1 fs".')
    elif timestep > impossible:
        # ps written instead of fs is a common mistake: the same number in fs is suggested if it is plausible
        swapped = timestep * 1e-3
        meant = f' Did you mean "{timestep:g} fs"?' if 1e-4 <= swapped <= unwise else ""
        usual = "1 fs" if carbon else "4 fs"
        yield Problem(
            at,
            f"{who} of {given:g} fs is too long: {reason}, so the limit is {impossible * 1e3:g} fs."
            f"{meant or f' Write {chr(34)}{usual}{chr(34)}.'}",
        )
    elif timestep > unwise:
        yield Problem(at, f"{who} of {given:g} fs is long: {reason}; 1 fs is usual.", fatal=False)
    elif carbon and pyrrolic and timestep > PYRROLIC_STEP:
        yield Problem(
            at,
            f"{who} of {given:g} fs is long: near a pyrrolic site, atoms sometimes enter the bond-order "
            'cutoff with forces above 20 eV/Å for about 1 fs; "0.5 fs" conserves energy better.',
            fatal=False,
        )


def _check_bath(at: KeyPath, who: str, bath: BathSection, timestep: float) -> Iterator[Problem]:
    """Yield the temperatures and the time constant of one of several thermostats that make no sense."""
    hottest = max(bath.temperature)
    if hottest > IMPOSSIBLE_TEMPERATURE:
        yield Problem(
            (*at, "temperature"),
            f"{who} temperature of {hottest:g} K is too high: the limit is {IMPOSSIBLE_TEMPERATURE:g} K.",
        )
    elif hottest > SURPRISING_TEMPERATURE:
        yield Problem(
            (*at, "temperature"),
            f"{who} temperature of {hottest:g} K is above the boiling point of Na and K.",
            fatal=False,
        )
    if bath.tau < 10 * timestep:
        yield Problem(
            (*at, "tau"),
            f"{who} tau of {bath.tau * 1e3:g} fs is shorter than ten steps of {timestep * 1e3:g} fs: the thermostat "
            'dominates the dynamics. Write tau = "0.5 ps".',
            fatal=bath.tau < 2 * timestep,
        )


def _check_piston(at: KeyPath, who: str, stage: Dynamics) -> Iterator[Problem]:
    """Check the time constant of the barostat."""
    if stage.barostat is None or stage.barostat.tau >= 10 * stage.outer_step:
        return
    yield Problem(
        (*at, "barostat", "tau"),
        f"{who} barostat tau of {stage.barostat.tau * 1e3:g} fs is shorter than ten steps of "
        f'{stage.outer_step * 1e3:g} fs: the cell cannot follow it. Write tau = "1 ps".',
        fatal=stage.barostat.tau < 2 * stage.outer_step,
    )
