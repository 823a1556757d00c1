"""Plausibility checks on the values of a deck: structures, models, species, output intervals."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from nakmd.deck.carbon_sections import Bundle, Graphene, Nanotube, Tubes
from nakmd.deck.draft import Draft
from nakmd.deck.force_model import Model, SetTerm
from nakmd.deck.live_samples import live_samples_are_stored
from nakmd.deck.matter import Structure
from nakmd.deck.measured_frames import LEAST_FRAMES, measured_frames
from nakmd.deck.messages import Problem
from nakmd.deck.species import named_species
from nakmd.deck.stage_sections import Dynamics
from nakmd.deck.unused import check_analysis_times, check_tethers, check_unused_keys, check_unused_lengths
from nakmd.elements import MASSES, element_of
from nakmd.errors import did_you_mean
from nakmd.units import G_PER_CM3_PER_AMU_A3

#: Sampling interval [ps] above which velocity and stress correlations of liquid NaK (0.2 ps) are not resolved.
DENSE = 0.03

#: Range of plausible densities of liquid Na-K [g/cm³] (0.75 to 0.95 from melting to 900 K).
DENSITIES = (0.6, 1.1)


def check_values(draft: Draft) -> Iterator[Problem]:
    """Yield the impossible and the implausible values of a deck."""
    if draft.structure is not None:
        yield from _check_structure(draft.structure)
        yield from check_unused_lengths(draft.structure)
        yield from check_unused_keys(draft.structure)
    if draft.groups is not None:
        yield from check_tethers(draft.groups)
    if draft.analysis is not None and draft.stages and draft.is_whole("stage"):
        yield from check_analysis_times(draft.analysis, [stage for _, stage in draft.stages])
    if draft.model is not None:
        yield from _check_model(draft.model)
    yield from _check_species(draft)
    yield from _check_output(draft)
    yield from _check_frames(draft)
    yield from _check_sampling(draft)
    yield from _check_stored(draft)
    yield from _check_live(draft)


def _check_structure(structure: Structure) -> Iterator[Problem]:
    liquid, carbon = structure.liquid, structure.carbon
    yield from _check_density(structure)
    if liquid is not None and carbon is None and liquid.region != "bulk":
        yield Problem(
            ("structure", "liquid", "region"),
            f'[structure.liquid] region = "{liquid.region}" needs a [structure.carbon]. Without carbon, write "bulk".',
        )
    if liquid is not None and carbon is not None:
        if liquid.region == "bulk":
            yield Problem(
                ("structure", "liquid", "region"),
                '[structure.liquid] region = "bulk" does not allow carbon. Write "around", "inside", "beside", '
                '"droplet" or "between".',
            )
        if isinstance(carbon, Graphene) and liquid.region in ("around", "inside"):
            yield Problem(
                ("structure", "liquid", "region"),
                f'[structure.liquid] region = "{liquid.region}" is for a nanotube. With graphene write "beside", '
                '"droplet" or "between".',
            )
        if isinstance(carbon, Tubes) and liquid.region == "between":
            yield Problem(
                ("structure", "liquid", "region"),
                '[structure.liquid] region = "between" is for graphene sheets. With a nanotube, write "around", '
                '"inside" or "droplet".',
            )
        if isinstance(carbon, Bundle) and carbon.tubes > 1 and liquid.region == "droplet":
            yield Problem(
                ("structure", "liquid", "region"),
                '[structure.liquid] region = "droplet" is for one tube. With a bundle write "around", "inside" or '
                '"beside".',
            )
    if isinstance(carbon, Tubes) and any(max(wall) == 0 for wall in carbon.all_walls):
        key = "chirality" if isinstance(carbon, Nanotube) else "walls"
        yield Problem(
            ("structure", "carbon", key),
            f"[structure.carbon] {key} has [0, 0], which is not a tube. Write for example [10, 10].",
        )


def _check_density(structure: Structure) -> Iterator[Problem]:
    """Yield a density that liquid Na-K does not have, given or that of a number of atoms in given lengths."""
    liquid, box = structure.liquid, structure.box
    if liquid is None:
        return
    low, high = DENSITIES
    densities = {}
    if liquid.density is not None:
        densities["density"] = liquid.density * G_PER_CM3_PER_AMU_A3
    if liquid.atoms is not None and structure.carbon is None and box is not None and box.lengths is not None:
        mass = liquid.atoms * (liquid.x_K * MASSES["K"] + (1.0 - liquid.x_K) * MASSES["Na"])
        densities["atoms"] = mass / prod(box.lengths) * G_PER_CM3_PER_AMU_A3
    for key, density in densities.items():
        if not low <= density <= high:
            what = "" if key == "density" else f" = {liquid.atoms} in the [structure.box] lengths mean a density"
            remedy = "" if key == "density" else " Remove one of the two, and it follows from the density."
            yield Problem(
                ("structure", "liquid", key),
                f"[structure.liquid] {key}{what} of {density:.3g} g/cm³: liquid Na-K has 0.75 to 0.95 g/cm³.{remedy}",
                fatal=not 0.3 * low <= density <= 3.0 * high,
            )


def _check_model(model: Model) -> Iterator[Problem]:
    own = "In a list of terms, change the depths." if model.terms else "An ASE calculator has none. Remove it."
    without_set = model.potential is None
    if model.affinity != 1.0 and without_set:
        yield Problem(("model", "affinity"), f"[model] affinity scales the metal-carbon depths of a named set. {own}")
    if model.screening != 1.0 and without_set:
        yield Problem(
            ("model", "screening"),
            f"[model] screening acts on the metal-carbon terms of a named set; {_other(model)} has none. Remove it.",
        )
    if model.member is not None and without_set:
        yield Problem(
            ("model", "member"),
            f"[model] member selects from the ensemble of a named set; {_other(model)} has none. Remove it.",
        )
    if model.doping is not None and without_set and not any(isinstance(term, SetTerm) for term in model.terms):
        yield Problem(("model", "doping"), f"[model] doping weakens the metal-carbon pairs of a named set. {own}")
    if model.affinity > 10.0:
        yield Problem(
            ("model", "affinity"), f"[model] affinity of {model.affinity:g} is far above that of any metal.", False
        )


def _other(model: Model) -> str:
    return "a list of terms" if model.terms else "an ASE calculator"


def _check_species(draft: Draft) -> Iterator[Problem]:
    for path, name in named_species(draft):
        if element_of(name) not in MASSES:
            yield Problem(
                path,
                f'unknown species "{name}": {element_of(name)} is not a supported element. '
                f"{did_you_mean(name, MASSES)}",
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
                f"[output] {key} = {every} is never reached: all stages together have {steps} steps.",
                fatal=False,
            )


def _check_frames(draft: Draft) -> Iterator[Problem]:
    """Yield an interval of frames at which most quantities cannot be measured."""
    if draft.output is None or draft.analysis is None or not draft.stages:
        return
    if not all(draft.is_whole(table) for table in ("stage", "output", "analysis")):
        return
    frames = measured_frames([stage for _, stage in draft.stages], draft.output, draft.analysis)
    if frames is not None and frames.count < LEAST_FRAMES:
        yield Problem(
            frames.path,
            f"{frames.key} = {frames.every} gives {frames.count} frame{'s' * (frames.count != 1)} to measure, of "
            f"{frames.steps} steps; diffusion and lifetimes need at least {LEAST_FRAMES}: {frames.remedy}.",
            fatal=False,
        )


def _check_sampling(draft: Draft) -> Iterator[Problem]:
    """Yield quantities that need a shorter sampling interval than the deck has."""
    analysis, output = draft.analysis, draft.output
    steps = [stage.outer_step for _, stage in draft.stages if isinstance(stage, Dynamics) and stage.kind == "produce"]
    if analysis is None or output is None or not steps:
        return
    frames = analysis.every if analysis.when == "live" and analysis.every else output.trajectory_every
    key = "[analysis] every" if analysis.when == "live" else "[output] trajectory_every"
    rows = "[output] thermo_every"
    for quantity, every, name in (
        ("viscosity", output.thermo_every, rows),
        ("thermal_conductivity", output.thermo_every, rows),
        ("vacf", frames, key),
    ):
        gap = every * max(steps)
        if quantity in (analysis.quantities or ()) and gap > DENSE * (1.0 + 1e-9):
            yield Problem(
                ("analysis", "quantities", list(analysis.quantities or ()).index(quantity)),
                f"{quantity} needs a sampling interval of 5 to 20 fs; it is {1e3 * gap:g} fs. "
                f"Write {name} = {max(1, int(0.01 / max(steps)))}.",
                fatal=False,
            )


def _check_stored(draft: Draft) -> Iterator[Problem]:
    """Yield quantities that need what the output of the deck lacks; live ones as well, for a run that is resumed."""
    analysis, output = draft.analysis, draft.output
    if analysis is None or output is None:
        return
    for quantity, stored, key in (
        ("thermal_conductivity", output.heat_current, "heat_current"),
        ("stress_profile", output.virials, "virials"),
        ("stress_map", output.virials, "virials"),
    ):
        if quantity in (analysis.quantities or ()) and not stored:
            yield Problem(
                ("analysis", "quantities", list(analysis.quantities or ()).index(quantity)),
                f"{quantity} needs the virials of the atoms. Write [output] {key} = true.",
            )
    has_baths = any(isinstance(stage, Dynamics) and stage.bath for _, stage in draft.stages)
    if "interfacial_conductance" in (analysis.quantities or ()) and draft.is_whole("stage") and not has_baths:
        yield Problem(
            ("analysis", "quantities", list(analysis.quantities or ()).index("interfacial_conductance")),
            "interfacial_conductance needs a stage with a [[stage.bath]] on the wall and one on the metal far from it "
            "(examples/kapitza.toml).",
        )
    if output.velocities:
        return
    for index, name in enumerate(analysis.quantities or ()):
        if _reads_velocities(name):
            yield Problem(
                ("analysis", "quantities", index),
                f"{name} needs the velocities of the atoms, and [output] velocities = false. Write velocities = true.",
            )


def _reads_velocities(name: str) -> bool:
    """Return whether a quantity is measured from the velocities in the frames of a run."""
    from nakmd.analysis import quantity  # noqa: PLC0415  (slow to import, and only few decks ask)
    from nakmd.analysis.named_analysis import TableAnalysis  # noqa: PLC0415  (as above)

    kind = quantity(name)
    return "velocities" in kind.needs and (kind.needs_table if issubclass(kind, TableAnalysis) else True)


def _check_live(draft: Draft) -> Iterator[Problem]:
    """Yield live analyses of which the equilibration cannot be left out."""
    analysis, output = draft.analysis, draft.output
    if analysis is None or output is None or analysis.when != "live" or live_samples_are_stored(analysis, output):
        return
    if analysis.discard == "auto" or (analysis.discard is None and analysis.start is None):
        reason = "is not in double precision" if output.precision != "double" else "does not contain all samples"
        reason = reason if output.velocities else "has no velocities"
        reason = reason if "all" in output.atoms else "lacks atoms"
        yield Problem(
            ("analysis", "when"),
            f'[analysis] discard = "auto" finds the equilibration after the run, but the trajectory {reason}, so '
            "that live samples before its end stay in the means. Write start, or a fraction as discard, or "
            f"every = {output.trajectory_every} with double precision and velocities of all atoms.",
            fatal=False,
        )
