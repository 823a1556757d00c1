"""What words alone can tell about sense: time steps, temperatures, rates of heating, what is written how often.

The limits on the time step come from the fastest vibration that is followed. Velocity Verlet is unstable beyond
period/π, and loses accuracy well before: C-C stretching at 1600 1/cm has a period of 21 fs, the fastest
vibrations of Na and K metal (4 THz) one of 250 fs.
"""

from __future__ import annotations

from collections.abc import Iterator

from nakmd.deck.draft import Draft
from nakmd.deck.matter import (
    CarbonFile,
    Graphene,
    Model,
    Nanotube,
    SetTerm,
    Structure,
)
from nakmd.deck.messages import Problem
from nakmd.deck.schema import Dynamics
from nakmd.deck.species import species_words
from nakmd.elements import MASSES, element_of
from nakmd.errors import did_you_mean
from nakmd.integrators import THERMOSTATS
from nakmd.toml_lines import KeyPath
from nakmd.units import G_PER_CM3_PER_AMU_A3

#: Largest time steps [ps], impossible and unwise, with carbon that moves and for metal alone.
CARBON_STEPS = (0.005, 0.0015)
METAL_STEPS = (0.020, 0.006)

#: Largest time step [ps] that resolves second neighbours of the closed ring at 2.1 Å, the end of the bond order.
PYRROLIC_STEP = 0.0005

#: Temperatures [K] beyond which the deck is surely mistaken, or at least surprising.
IMPOSSIBLE_TEMPERATURE = 20000.0
SURPRISING_TEMPERATURE = 3000.0

#: Time [ps] between samples beyond which velocities and stresses of liquid NaK have moved on (they turn in 0.2 ps).
DENSE = 0.03

#: Density of liquid Na-K [g/cm³] beyond which a value is surprising (0.75 to 0.95 from melting to 900 K).
DENSITIES = (0.6, 1.1)


def check_words(draft: Draft) -> Iterator[Problem]:
    """Yield what is senseless or surprising in the words of a deck."""
    for index, stage in draft.stages:
        if isinstance(stage, Dynamics):
            yield from _check_dynamics(draft, index, stage)
    if draft.structure is not None:
        yield from _check_structure(draft.structure)
        yield from _check_size(draft.structure)
    if draft.model is not None:
        yield from _check_model(draft.model)
    yield from _check_species(draft)
    yield from _check_output(draft)
    yield from _check_sampling(draft)


def _has_moving_carbon(draft: Draft) -> bool:
    structure = draft.structure
    if structure is None or not (structure.carbon or structure.file):
        return False
    frozen = set(draft.groups.frozen) if draft.groups else set()
    return not frozen & {"C", "carbon", "tube", "sheet", "all"}


def _has_pyrrolic(draft: Draft) -> bool:
    carbon = draft.structure.carbon if draft.structure is not None else None
    return carbon is not None and carbon.doping is not None and carbon.doping.pyrrolic > 0.0


def _check_dynamics(draft: Draft, index: int, stage: Dynamics) -> Iterator[Problem]:
    at = ("stage", index)
    who = f"[[stage]] {index + 1} ({stage.name or stage.kind})"
    carbon = _has_moving_carbon(draft)
    impossible, unwise = CARBON_STEPS if carbon else METAL_STEPS
    reason = "C-C bonds vibrate with a period of 21 fs" if carbon else "the metal vibrates with periods of 250 fs"
    given = stage.timestep * 1e3
    if stage.timestep > impossible:
        # ps and fs are easily exchanged: the same number in fs is offered where it makes sense
        swapped = stage.timestep * 1e-3
        meant = f' Did you mean "{stage.timestep:g} fs"?' if 1e-4 <= swapped <= unwise else ""
        usual = "1 fs" if carbon else "4 fs"
        yield Problem(
            (*at, "timestep"),
            f"{who} timestep of {given:g} fs: {reason}, and no step above {impossible * 1e3:g} fs can follow them."
            f"{meant or f' Write {chr(34)}{usual}{chr(34)}.'}",
        )
    elif stage.timestep > unwise:
        yield Problem(
            (*at, "timestep"), f"{who} timestep of {given:g} fs is coarse: {reason}; 1 fs is usual.", fatal=False
        )
    elif carbon and _has_pyrrolic(draft) and stage.timestep > PYRROLIC_STEP:
        yield Problem(
            (*at, "timestep"),
            f"{who} timestep of {given:g} fs: atoms near a pyrrolic site come into the cutoff of the bond order now "
            'and then, with forces above 20 eV/Å for about a femtosecond; energy is conserved better with "0.5 fs".',
            fatal=False,
        )
    temperatures = [*(stage.temperature or ()), *([stage.velocities] if stage.velocities is not None else [])]
    hottest = max(temperatures, default=0.0)
    key = "temperature" if stage.temperature else "velocities"
    if hottest > IMPOSSIBLE_TEMPERATURE:
        yield Problem(
            (*at, key), f"{who} {key} of {hottest:g} K: nothing stays bound above {IMPOSSIBLE_TEMPERATURE:g} K."
        )
    elif hottest > SURPRISING_TEMPERATURE:
        yield Problem((*at, key), f"{who} {key} of {hottest:g} K boils every metal here.", fatal=False)
    if stage.ensemble != "nve" and stage.timestep <= impossible and stage.tau < 10 * stage.timestep:
        yield Problem(
            (*at, "tau"),
            f"{who} tau of {stage.tau * 1e3:g} fs is shorter than ten steps of {given:g} fs: the thermostat drowns the "
            'dynamics. Write tau = "0.5 ps".',
            fatal=stage.tau < 2 * stage.timestep,
        )
    if stage.kind == "heat" and stage.temperature is not None and stage.temperature[0] == stage.temperature[1]:
        yield Problem(
            (*at, "temperature"), f'{who} holds {stage.temperature[0]:g} K; a ramp is ["300 K", "450 K"].', fatal=False
        )
    drawback = THERMOSTATS[stage.ensemble].drawback if stage.ensemble in THERMOSTATS else ""
    if stage.kind == "produce" and drawback:
        yield Problem(
            (*at, "ensemble"),
            f'{who} produces under {stage.ensemble}, {drawback}; "bussi" or "nve" leave it alone.',
            fatal=False,
        )
    yield from _check_piston(at, who, stage)


def _check_piston(at: KeyPath, who: str, stage: Dynamics) -> Iterator[Problem]:
    """Yield what is senseless in the time constant of the barostat."""
    if stage.barostat is None or stage.barostat.tau >= 10 * stage.timestep:
        return
    yield Problem(
        (*at, "barostat", "tau"),
        f"{who} barostat tau of {stage.barostat.tau * 1e3:g} fs is shorter than ten steps of "
        f'{stage.timestep * 1e3:g} fs: the cell cannot follow it. Write tau = "1 ps".',
        fatal=stage.barostat.tau < 2 * stage.timestep,
    )


def _check_structure(structure: Structure) -> Iterator[Problem]:
    liquid, carbon = structure.liquid, structure.carbon
    if liquid is not None and liquid.density is not None:
        density = liquid.density * G_PER_CM3_PER_AMU_A3
        low, high = DENSITIES
        if not low <= density <= high:
            yield Problem(
                ("structure", "liquid", "density"),
                f"[structure.liquid] density of {density:.3g} g/cm³: liquid Na-K has 0.75 to 0.95.",
                fatal=not 0.3 * low <= density <= 3.0 * high,
            )
    if liquid is not None and carbon is None and liquid.region != "bulk":
        yield Problem(
            ("structure", "liquid", "region"),
            f'[structure.liquid] region = "{liquid.region}" needs a [structure.carbon]; without one write "bulk".',
        )
    if liquid is not None and carbon is not None:
        if liquid.region == "bulk":
            yield Problem(
                ("structure", "liquid", "region"),
                '[structure.liquid] region = "bulk" has no place for the carbon; write "around", "inside", "beside", '
                '"droplet" or "between".',
            )
        if isinstance(carbon, Graphene) and liquid.region in ("around", "inside"):
            yield Problem(
                ("structure", "liquid", "region"),
                f'[structure.liquid] region = "{liquid.region}" is for a nanotube; beside graphene write "beside", '
                '"droplet" or "between".',
            )
        if isinstance(carbon, Nanotube) and liquid.region == "between":
            yield Problem(
                ("structure", "liquid", "region"),
                '[structure.liquid] region = "between" is for graphene sheets; with a nanotube write "around", '
                '"inside" or "droplet".',
            )
    if isinstance(carbon, Nanotube) and max(carbon.chirality) == 0:
        yield Problem(
            ("structure", "carbon", "chirality"), "[structure.carbon] chirality = [0, 0] is no tube; write [10, 10]."
        )


def _check_size(structure: Structure) -> Iterator[Problem]:
    """Yield lengths that the structure has no use for: what is asked for must not be passed over in silence."""
    liquid, carbon, box = structure.liquid, structure.carbon, structure.box
    region = None if liquid is None else liquid.region
    if box is not None and box.lengths is not None and (liquid is None or carbon is not None):
        yield Problem(
            ("structure", "box", "lengths"),
            "[structure.box] lengths are those of a liquid alone; here the cell follows from what is in it. "
            "Leave them out.",
        )
    if box is not None and box.vacuum is not None:
        filled = isinstance(carbon, Nanotube) and region == "around"
        filled |= isinstance(carbon, Graphene) and region == "between" and carbon.layers == 1
        given = isinstance(carbon, CarbonFile) and region != "beside"
        if filled or given or (liquid is None and carbon is None):
            why = "the liquid fills the cell" if filled else "the cell is that of the file or of the crystal"
            yield Problem(
                ("structure", "box", "vacuum"), f"[structure.box] vacuum has no place here: {why}. Leave it out."
            )
    if liquid is None or liquid.thickness is None:
        return
    film = carbon is None and box is not None and box.vacuum is not None
    in_file = isinstance(carbon, CarbonFile) and region != "beside"
    if region in ("inside", "droplet") or in_file or (carbon is None and not film):
        who = "a liquid alone has one with a [structure.box] vacuum: it is a film then"
        if carbon is not None:
            who = (
                'liquid "around" a tube, "beside" carbon or "between" sheets has one, where the cell is not from a file'
            )
        yield Problem(
            ("structure", "liquid", "thickness"),
            f"[structure.liquid] thickness has no meaning here; {who}. Leave it out.",
        )
    elif film and box is not None and box.lengths is not None:
        yield Problem(
            ("structure", "liquid", "thickness"),
            "[structure.liquid] thickness is the last of the lengths in [structure.box]: keep one of the two.",
        )


def _check_model(model: Model) -> Iterator[Problem]:
    if model.affinity != 1.0 and model.terms:
        yield Problem(
            ("model", "affinity"),
            "[model] affinity scales the metal-carbon depths of a named set; in a list of terms, change the depths.",
        )
    if model.screening != 1.0 and model.terms:
        yield Problem(
            ("model", "screening"),
            "[model] screening weakens the metal-carbon terms of a named set; a list of terms has none of its own.",
        )
    if model.doping is not None and model.terms and not any(isinstance(term, SetTerm) for term in model.terms):
        yield Problem(
            ("model", "doping"),
            "[model] doping weakens the metal-carbon pairs of a named set; in a list of terms, change the depths.",
        )
    if model.affinity > 10.0:
        yield Problem(
            ("model", "affinity"), f"[model] affinity of {model.affinity:g} is far beyond any metal on carbon.", False
        )


def _check_species(draft: Draft) -> Iterator[Problem]:
    for path, word in species_words(draft):
        if element_of(word) not in MASSES:
            yield Problem(
                path,
                f'"{word}" is not a species: no element is called {element_of(word)}. {did_you_mean(word, MASSES)}',
            )


def _check_output(draft: Draft) -> Iterator[Problem]:
    if draft.output is None or not draft.stages:
        return
    steps = sum(stage.n_steps for _, stage in draft.stages if isinstance(stage, Dynamics))
    if not steps or not draft.is_whole("stage") or not draft.is_whole("output"):
        return
    for key in ("trajectory_every", "thermo_every"):
        every = getattr(draft.output, key)
        if every > steps:
            yield Problem(
                ("output", key),
                f"[output] {key} = {every} is never reached: all stages have {steps} steps.",
                fatal=False,
            )


def _check_sampling(draft: Draft) -> Iterator[Problem]:
    """Yield quantities that need denser samples than the deck takes."""
    words, output = draft.analysis, draft.output
    steps = [stage.timestep for _, stage in draft.stages if isinstance(stage, Dynamics) and stage.kind == "produce"]
    if words is None or output is None or not steps:
        return
    frames = words.every if words.when == "live" and words.every else output.trajectory_every
    key = "[analysis] every" if words.when == "live" else "[output] trajectory_every"
    for quantity, every, name in (("viscosity", output.thermo_every, "[output] thermo_every"), ("vacf", frames, key)):
        gap = every * max(steps)
        if quantity in (words.quantities or ()) and gap > DENSE * (1.0 + 1e-9):
            yield Problem(
                ("analysis", "quantities", list(words.quantities or ()).index(quantity)),
                f"{quantity} needs samples 5 to 20 fs apart, and they are {1e3 * gap:g} fs apart: "
                f"write {name} = {max(1, int(0.01 / max(steps)))}.",
                fatal=False,
            )
