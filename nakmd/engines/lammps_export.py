"""Writes a deck as input of LAMMPS: atoms, model, stages, a manifest, and a check that both engines agree."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nakmd._version import __version__
from nakmd.arrays import BoolArray
from nakmd.deck.deck import Deck
from nakmd.deck.messages import Problem
from nakmd.deck.source import DeckSource
from nakmd.engines.lammps_groups import LAMMPSGroups
from nakmd.engines.lammps_lacks import find_lacks
from nakmd.engines.lammps_parity import SinglePoint, compute_reference
from nakmd.engines.lammps_script import LOG, RESTARTS, THERMO, InputParts
from nakmd.engines.lammps_stages import translate_stages
from nakmd.errors import DeckError, InputError
from nakmd.integrators import Mobility, Span
from nakmd.io.lammps_files import write_data
from nakmd.potentials import Potential
from nakmd.potentials.files.lammps_commands import LAMMPSInput, lammps_input
from nakmd.runs.plan import BuildNotice, make_plan
from nakmd.runs.provenance import potential_hash
from nakmd.runs.stage_builder import build_stages
from nakmd.simulation import Stage
from nakmd.system import Frame, System


@dataclass
class TranslatedDeck:
    """A deck as input of LAMMPS, in memory.

    Attributes
    ----------
    source : DeckSource
    deck : Deck
    system : System
        As LAMMPS begins: with the velocities of the first stage.
    potential : Potential
    model : LAMMPSInput
        The model in LAMMPS.
    parts : InputParts
        What the input is made of.
    reference : SinglePoint
        What nakmd computes for the atoms of the data file.
    notes : list of str
        How LAMMPS differs from the deck.
    warnings : list of str
        Of the deck.
    """

    source: DeckSource
    deck: Deck
    system: System
    potential: Potential
    model: LAMMPSInput
    parts: InputParts
    reference: SinglePoint
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def data(self) -> bytes:
        """Return the content of the data file."""
        system = self.system
        positions, images = system.cell.wrap(system.positions)
        velocities = system.velocities if np.any(system.velocities) else None
        file = io.BytesIO()
        write_data(file, Frame(0, 0.0, positions, images, system.cell, velocities), system.topology)
        return file.getvalue()

    def manifest(self) -> dict[str, Any]:
        """Return what programs need that run the input and read what it wrote; see ``examples/lammps.md``."""
        topology = self.system.topology
        output = {"dump_every": self.parts.dump_every, "thermo_every": self.parts.thermo_every}
        stages: list[dict[str, Any]] = []
        begin: int | None = 0
        for one in self.parts.stages:
            stages.append(one.entry(begin, output))
            begin = None if begin is None or one.is_minimisation else begin + one.stage.steps
        return {
            "nakmd": __version__,
            "deck": self.source.text,
            "folder": str(self.source.folder.resolve()),
            "seed": self.deck.seed,
            "potential_hash": potential_hash(self.potential),
            "species": list(topology.species_names),
            "n_atoms": topology.n_atoms,
            "periodic": topology.periodic.tolist(),
            "stored": self.parts.stored,
            "stored_atoms": list(self.deck.output.atoms),
            "log": LOG,
            "thermo": THERMO,
            "restart": list(RESTARTS),
            "restart_every": self.parts.restart_every,
            "stages": stages,
            "expected": self.reference.summary(),
            "notes": self.notes,
        }


def translate_deck(
    source: Deck | DeckSource,
    directory: Path | None = None,
    announce: BuildNotice | None = None,
    whole: bool = False,
) -> TranslatedDeck:
    """Return a deck as input of LAMMPS.

    Parameters
    ----------
    source : Deck or DeckSource
    directory : Path, optional
        Folder of the export, for the check of the disk space.
    announce : callable, optional
        As in `nakmd.runs.plan.make_plan`.
    whole : bool
        Whether dumps have velocities and all atoms whatever the deck says: nakmd computes energies from them and stores
        what the deck wants.

    Raises
    ------
    DeckError
        If the deck is faulty, or LAMMPS has no counterpart of something in it: everything at once, with lines.
    """
    plan = make_plan(source, directory, announce)
    deck, system, potential = plan.require()
    stages = build_stages(deck, bool(np.any(system.velocities)))
    problems = list(find_lacks(deck, system, potential, stages))
    if problems:  # before the tables of the model are computed, which takes seconds
        raise DeckError(plan.source.render(problems))
    try:
        model = lammps_input(potential, system.species_names)
    except InputError as error:
        raise DeckError(plan.source.render([Problem(("model",), f"[model] {error}")])) from None
    system, mobility = _as_stage_begins(system, stages[0], deck.seed)
    parts, notes = _parts_of(deck, system, model, stages, mobility, whole)
    reference = compute_reference(system, potential)
    return TranslatedDeck(plan.source, deck, system, potential, model, parts, reference, notes, plan.warnings)


def _as_stage_begins(system: System, stage: Stage, seed: int) -> tuple[System, Mobility]:
    """Return the system with the velocities with which the first stage begins, and how its atoms may move."""
    begun = system.copy()
    mobility, _ = stage.bind(begun, seed, Span(0, stage.steps))
    stage.prepare_velocities(begun, mobility, seed, 0)
    return begun, mobility


def _parts_of(
    deck: Deck, system: System, model: LAMMPSInput, stages: list[Stage], mobility: Mobility, whole: bool
) -> tuple[InputParts, list[str]]:
    """Return what the input is made of, and how it differs from the deck."""
    topology, output = system.topology, deck.output
    groups = LAMMPSGroups(topology)
    moving = groups.name("moving", mobility.moves)
    held, notes = _holding(deck, system, mobility, groups)
    stored = groups.name("stored", topology.select_any(("all",) if whole else output.atoms))
    translated = translate_stages(system, stages, deck.seed, groups, model.are_stiff)
    periodic = system.cell.periodic
    notes += _notes_on(deck, periodic, whole)
    for one in translated:
        notes += one.notes
    of_species = [system.masses[system.species == a] for a in range(len(system.species_names))]
    parts = InputParts(
        title=re.sub(r"""[^\x20-\x7e]|[&"$]""", "?", " ".join((deck.title or "A deck of nakmd").split())),
        boundary=" ".join("p" if p else "m" for p in periodic),
        masses=[float(masses[0]) if len(masses) else 1.0 for masses in of_species],
        groups=groups.commands,
        moving=moving,
        held=held,
        stages=translated,
        dump="id type x y z ix iy iz" + " vx vy vz" * (whole or output.velocities),
        stored=stored,
        dump_every=output.trajectory_every,
        thermo_every=output.thermo_every,
        restart_every=output.checkpoint_every,
    )
    return parts, list(dict.fromkeys(notes))


def _holding(deck: Deck, system: System, mobility: Mobility, groups: LAMMPSGroups) -> tuple[list[str], list[str]]:
    """Return the commands for frozen and tethered atoms, and notes on them."""
    commands, notes = [], []
    frozen: BoolArray = ~mobility.moves
    if np.any(frozen):
        commands.append(f"fix hold {groups.name('frozen', frozen)} setforce 0.0 0.0 0.0")
    for number, tether in enumerate(deck.groups.tethered, start=1):
        name = f"tether_{number}"
        group = groups.name(name, system.topology.select(tether.group))
        commands += [f"fix {name} {group} spring/self {tether.spring!r}", f"fix_modify {name} energy yes"]
    if deck.groups.tethered:
        notes.append("The pressure of LAMMPS lacks the virial of the tethers (fix spring/self).")
    return commands, notes


def _notes_on(deck: Deck, periodic: BoolArray, whole: bool) -> list[str]:
    """Return how LAMMPS differs from the deck beyond its stages; whoever takes whole frames corrects for the box."""
    notes = []
    if deck.model.precision == "mixed":
        notes.append("LAMMPS computes the model in double precision.")
    if deck.analysis.when == "live":
        notes.append("The analyses that the deck makes during the run are made of the trajectory, afterwards.")
    if not np.all(periodic) and not whole:
        notes.append(
            "Along directions that do not repeat, the box of LAMMPS grows with the atoms (boundary m): pressure and "
            "volume are those of this box."
        )
    return notes
