"""The study of replacement: the ledger of reactions, sites, converted walls, verdicts that follow from figures."""

import math
import re

import numpy as np
import pytest

from nakmd.cell import Cell
from nakmd.errors import InputError
from nakmd.io.atomic import plain
from nakmd.potentials import load
from nakmd.studies import Inputs, StudyFigure, load_inputs, study
from nakmd.studies.replacement_study import harmonic, liquid_at_wall, site_energies, walls
from nakmd.studies.replacement_study import replacement_verdicts as verdicts
from nakmd.studies.replacement_study.ledger import SAMPLES, Ledger
from nakmd.studies.replacement_study.reactions import REACTIONS
from nakmd.studies.replacement_study.replacement import Replacement
from nakmd.studies.replacement_study.site_counts import REACH, count_near
from nakmd.studies.study import Figures
from nakmd.studies.study_inputs import Input
from nakmd.studies.validation import adsorption
from nakmd.studies.validation.references import reference_for
from nakmd.units import K_B, KJ_PER_MOL_PER_EV

BY_KEY = {reaction.key: reaction for reaction in REACTIONS}
KT = K_B * 298.15


@pytest.fixture(scope="module")
def inputs():
    return load_inputs().of("replacement", "common")


@pytest.fixture(scope="module")
def ledger(inputs):
    return Ledger(inputs, {})


def with_entry(inputs, name, **changes):
    """Return inputs of which one is different."""
    key = f"replacement.{name}"
    entry = {**inputs[key].to_dict(), "distribution": "normal", **changes}
    return Inputs({**dict(inputs), key: Input(**entry)})


# ------------------------------------------------------------------------------------------ reactions


@pytest.mark.parametrize(
    ("key", "energy", "error"),
    [
        # figures of a prototype of this ledger, by hand, with its errors; the others are rounded to 0.01 eV
        ("1", 5.5, 0.3), ("2", 4.2, 0.8), ("4a", 0.08, 0.01), ("4b", 0.01, 0.01), ("5a", 0.59, 0.01),
        ("5b", 0.53, 0.01), ("5c", 0.37, 0.01), ("6", -1.73, 0.01), ("7a", -1.14, 0.01), ("7b", -1.04, 0.01),
        ("8", -0.350, 0.002), ("10", -1.44, 0.01),
    ],
)  # fmt: skip
def test_energy_of_each_reaction(ledger, key, energy, error):
    found, its_error = ledger.energy(BY_KEY[key])
    assert found == pytest.approx(energy, abs=error)
    assert 0.0 < its_error < max(1.05 * error, 0.04)


def test_groups_with_oxygen_are_downhill_by_a_range(ledger):
    assert ledger.energy(BY_KEY["9"])[0] == pytest.approx(-3.0, abs=0.15)
    assert np.ptp(ledger.samples(BY_KEY["9"])) == pytest.approx(200.0 / KJ_PER_MOL_PER_EV, rel=0.01)


def test_free_energies_agree_with_those_of_formation(ledger, inputs):
    """KOH -379, water -237.1, KCN -102 kJ/mol: tables of Gibbs energies, recalled; to 2 kJ/mol of rounding."""
    activity = inputs["replacement.activity_k"].middle
    found = (ledger.free_energy(BY_KEY["10"]) + KT * math.log(activity)) * KJ_PER_MOL_PER_EV
    assert found == pytest.approx(-379.0 + 237.1, abs=2.0)
    entropy = inputs["replacement.entropy_of_kcn"].middle
    gibbs = inputs["replacement.enthalpy_kcn"].middle - 1e-3 * 298.15 * entropy
    assert gibbs == pytest.approx(-102.0, abs=2.0)


def test_free_energy_of_replacement(ledger):
    """By hand: nitrogen, K out of the liquid, kT ln(1/a) and half of the free energy of one wall atom."""
    nitrogen = 0.5 * (0.146 + (8.67 - 298.15 * 0.1916) / KJ_PER_MOL_PER_EV)
    potassium = (8.0 - 298.15 * 0.0715) / KJ_PER_MOL_PER_EV + KT * math.log(0.675)
    change = ledger.free_energy(BY_KEY["1"]) - ledger.energy(BY_KEY["1"])[0]
    assert change == pytest.approx(nitrogen - potassium - 0.085, abs=1e-6)


def test_what_an_input_would_have_to_be(ledger, inputs):
    """A vacancy for less than 2.1 eV, or a binding below -7.5 eV, would make ΔE of the first reaction zero."""
    found = {c.entry.key.partition(".")[2]: c for c in ledger.contributions(BY_KEY["1"])}
    assert ledger.needed(BY_KEY["1"], found["formation_vacancy"], of_energy=True) == pytest.approx(2.1, abs=0.05)
    assert ledger.needed(BY_KEY["1"], found["binding_vacancy"], of_energy=True) == pytest.approx(-7.5, abs=0.05)
    assert math.isnan(ledger.needed(BY_KEY["1"], found["entropy_k"], of_energy=True))
    for name in ("formation_vacancy", "entropy_k", "thermal_k", "activity_k"):
        value = ledger.needed(BY_KEY["1"], found[name])
        changed = Ledger(inputs.changed(**{f"replacement__{name}": value}), {}) if abs(value) < 1e6 else None
        if changed is not None and value > 0.0:
            assert changed.free_energy(BY_KEY["1"]) == pytest.approx(0.0, abs=1e-9)


def test_samples_have_the_errors_of_the_inputs(ledger, inputs):
    for key in ("1", "2", "9"):
        samples, reaction = ledger.samples(BY_KEY[key]), BY_KEY[key]
        assert len(samples) == SAMPLES == 20_000
        # independent inputs: errors add in squares; a standard deviation of 20,000 samples has an error of 0.5 %
        halves = [c.half for c in ledger.contributions(reaction)]
        assert np.std(samples) == pytest.approx(math.hypot(*halves), rel=0.02)
        assert np.mean(samples) == pytest.approx(ledger.free_energy(reaction), abs=4.0 * np.std(samples) / 141.0)
        assert np.array_equal(samples, Ledger(inputs, {}).samples(reaction))
        assert not np.array_equal(samples, Ledger(inputs, {}, seed=1).samples(reaction))
    largest = [c.entry.key for c in ledger.contributions(BY_KEY["2"])[:2]]
    assert set(largest) == {"replacement.formation_divacancy", "replacement.binding_divacancy"}


@pytest.mark.parametrize(
    ("key", "changes", "said"),
    [
        ("replacement.activity_k", {"low": -0.1}, r"activity_k reaches -0\.1 1, but must be above 0"),
        ("replacement.activity_na", {"high": 1.2}, r"activity_na reaches 1\.2, but is a share between 0 and 1"),
        ("common.potassium_fraction", {"error": 0.01}, r"potassium_fraction is .*, but the study uses one"),
    ],
)
def test_an_impossible_input_is_refused(inputs, key, changes, said):
    entry = {**inputs[key].to_dict(), **changes}
    if "error" in changes:
        entry["distribution"] = "normal"
    with pytest.raises(InputError, match=said):
        Replacement(Inputs({**dict(inputs), key: Input(**entry)}), {}).points()


def test_the_energies_of_the_ledger_are_those_of_the_pbe_data(inputs):
    for name, quantity, of in (
        ("binding_vacancy", "adsorption energy", "K at a bare vacancy"),
        ("binding_pyridinic", "adsorption energy", "K at three pyridinic N"),
        ("binding_pristine_4x4", "adsorption energy", "K on graphene, hollow"),
        ("binding_on_graphitic", "adsorption energy", "K on graphitic N"),
        ("binding_beside_graphitic", "energy at 2.6 Å", "K beside graphitic N, hollow"),
        ("binding_far_from_graphitic", "energy at 2.6 Å", "K far from graphitic N, hollow"),
    ):
        # the inputs have two digits at least
        assert inputs[f"replacement.{name}"].middle == pytest.approx(reference_for(quantity, of).low, abs=0.0051)


# ---------------------------------------------------------------------------------------------- sites


def test_harmonic_free_energy():
    quanta = [1e-5, 2e-5]
    classical = sum(KT * math.log(quantum / KT) for quantum in quanta)
    assert harmonic.free_energy(quanta, 298.15) == pytest.approx(classical, abs=1e-7)
    assert harmonic.free_energy([0.2], 20.0) == pytest.approx(0.1, abs=1e-12)  # the zero point
    slope = (harmonic.free_energy([0.02], 299.0) - harmonic.free_energy([0.02], 297.0)) / 2.0
    assert harmonic.entropy([0.02], 298.0) == pytest.approx(-slope, rel=1e-5)


def test_occupancy_is_that_of_two_states():
    for change in (-0.2, 0.0, 0.1):
        weight = math.exp(-change / KT)
        assert harmonic.occupancy(change, 298.15) == pytest.approx(weight / (1.0 + weight), rel=1e-12)
    assert harmonic.occupancy(np.array([-99.0, 99.0]), 298.15).tolist() == pytest.approx([1.0, 0.0], abs=1e-12)


@pytest.mark.parametrize("metal", ["K", "Na"])
def test_sites_of_the_model_agree_with_pbe(metal):
    """Each site within 30 meV; free atoms keep their minima, and have none at saddles."""
    found = {}
    for site, (name, _) in adsorption.SITES.items():
        potential = load("nak-cn", doping=adsorption.doping_of(site))
        found[site] = site_energies.measure(potential, site, metal)
        at = adsorption.AT_HEIGHT.get(site)
        quantity = f"energy at {at[metal]:g} Å" if at else "adsorption energy"
        reference = reference_for(quantity, name.format(metal))
        if reference is not None:
            assert found[site].get("at", found[site].get("energy")) == pytest.approx(reference.low, abs=0.03)
    assert {site for site, result in found.items() if result["quanta"]} == {
        "hollow", "far from N", "three N", "bare vacancy"
    }  # fmt: skip
    assert found["beside N"]["moved"] > site_energies.LEFT
    # normal to the sheet, by the curve alone
    potential, height, step = load("nak-cn"), found["three N"]["height"], 0.01
    below, middle, above = adsorption.energy_over(
        potential, adsorption.sheet_for("three N"), metal, [height - step, height, height + step]
    )
    stiffness = (below - 2.0 * middle + above) / step**2
    mass = {"K": 39.0983, "Na": 22.98977}[metal]
    # 0.06465 eV: ħ of a mass of 1 amu on a spring of 1 eV/Å²
    assert found["three N"]["quanta"][-1] == pytest.approx(0.064654 * math.sqrt(stiffness / mass), rel=2e-3)


# ---------------------------------------------------------------------------------------------- walls


@pytest.mark.parametrize(
    ("route", "share", "graphitic", "pyridinic", "edges", "holes"),
    [
        ("pristine", 0.0, 0, 0, 0, 0), ("graphitic", 0.0, 12, 0, 0, 0), ("vacancy", 0.25, 9, 0, 9, 3),
        ("vacancy", 1.0, 0, 0, 36, 12), ("pyridinic", 0.5, 6, 6, 0, 2), ("pyridinic", 1.0, 0, 12, 0, 4),
    ],
)  # fmt: skip
def test_walls_are_converted(route, share, graphitic, pyridinic, edges, holes):
    found = walls.wall(route, share, seed=4)
    system, topology = found.system, found.system.topology
    assert system.n_atoms == 392 - holes

    def count(name):
        return int(topology.select(name).sum()) if name in system.species_names else 0

    assert [count(name) for name in ("N:graphitic", "N:pyridinic", "C:edge")] == [graphitic, pyridinic, edges]
    assert walls.doping_at(route, share) == pytest.approx(graphitic / system.n_atoms)
    if not holes:
        return
    # every centre has three atoms around it, as far as a bond or up to 0.2 Å more, and none nearer
    assert found.centers[route].shape == (holes, 2)
    for center in found.centers[route]:
        away = system.cell.minimum_image(system.positions - [*center, 0.5 * walls.GAP])
        distances = np.sort(np.linalg.norm(away, axis=1))
        assert np.all((distances[:3] > 1.3) & (distances[:3] < 1.65))
        assert distances[3] > 2.2


@pytest.mark.parametrize(
    ("route", "share"), [("vacancy", 0.3), ("pyridinic", 1 / 12), ("vacancy", 1.25), ("oxygen", 1)]
)
def test_a_share_that_is_no_number_of_sites_is_refused(route, share):
    with pytest.raises(InputError, match=r"no whole number of sites|no route 'oxygen'; choose vacancy or pyridinic"):
        walls.counts_at(route, share)


def test_atoms_at_sites_are_counted_once_in_a_periodic_cell():
    cell = Cell([11.0, 12.0, 20.0])
    rng = np.random.default_rng(3)
    centers, atoms = rng.uniform(0.0, 11.0, (5, 3)), rng.uniform(-5.0, 25.0, (60, 3))
    pairs = [(c, a) for c in centers for a in atoms if np.linalg.norm(cell.minimum_image((a - c)[None])[0]) < REACH]
    assert len(pairs) > 10
    assert count_near(centers, atoms, cell.lengths) == len(pairs)


def test_a_short_run_at_a_wall():
    """Four trios, 0.8 ps: numbers that are known from the wall and the liquid, and the same bits again."""
    settings = ("pyridinic", 1.0, 0.67, 450.0, 0.2, 0.4, 3)
    found = liquid_at_wall.measure(load("nak-cn"), *settings)
    assert found["holes"] == found["sites"]["pyridinic"]["sites"] == 4
    assert found["area"] == pytest.approx(14 * 7 * 3.0 * math.sqrt(3.0) * walls.BOND**2)
    # a wall of 388 atoms, and the liquid of a cell 36 Å high less the volume of the wall
    assert 450 < found["atoms"] - 388 < 560
    assert 0.1 < found["affinity"][0] < 1.0
    assert 1.0 < found["contacts"][0] < 2.0  # 1.5 on each face of a sheet, as around a tube
    assert 0.5 < found["x_bulk"] < 0.8
    assert plain(found) == plain(liquid_at_wall.measure(load("nak-cn"), *settings))


# ------------------------------------------------------------------------------------------- verdicts


def figure(key, value, error=0.0, model="m"):
    return StudyFigure(key=key, title=key, model=model, value=value, unit="J/m²", statistical=error)


def replaced(inputs):
    asked = Replacement(inputs, {"nak-cn": load("nak-cn")}, quick=True)
    results = {point.key: {"failed": "not computed"} for point in asked.points()}
    return verdicts.replaced(Figures(asked.figures(results)))


def test_the_verdict_on_replacement_follows_from_the_inputs(inputs):
    found = replaced(inputs)
    assert found.word == verdicts.CONTRASTING
    assert found.strength == "moderate"
    # the second route, 4.2 eV, by the energy of a divacancy, ± 0.5 eV; to what vibrations and entropies add
    said = re.search(r"No single input turns a sign unless it is off by ([0-9.]+) of", found.why)
    assert float(said.group(1)) == pytest.approx(4.2 / 0.5, abs=0.3)
    assert replaced(with_entry(inputs, "formation_vacancy", value=1.0)).word == verdicts.SUPPORTING
    doubtful = replaced(with_entry(inputs, "formation_vacancy", error=4.0))
    assert doubtful.word == verdicts.UNDECIDED
    assert "not robust" in doubtful.why


def test_a_vote_needs_two_standard_errors():
    assert verdicts.vote(figure("x", 0.21, 0.1)) == "for"
    assert verdicts.vote(figure("x", 0.19, 0.1)) == "open"
    assert verdicts.vote(figure("x", 0.21, 0.1), -1.0) == "against"
    assert verdicts.vote(figure("x", None)) == verdicts.vote(None) == "open"


def test_what_attracts_needs_model_and_pbe():
    def word(far, change):
        pbe = [figure("site.K.hollow", -0.84, 0.03, "PBE"), figure("site.K.far from N", far, 0.03, "PBE")]
        return verdicts.attracts(Figures([*pbe, figure("affinity.change.graphitic", change, 0.01)]), ["m"]).word

    assert word(-0.55, -0.1) == verdicts.CONTRASTING
    assert word(-1.10, 0.1) == verdicts.SUPPORTING
    assert word(-0.55, 0.1) == verdicts.UNDECIDED
    assert word(-0.82, 0.0) == verdicts.UNDECIDED


def test_a_rise_that_was_put_in_is_no_support_of_its_own():
    def found(gain, more):
        changes = [(f"affinity.change.{route}", gain) for route in walls.ROUTES]
        changes += [(f"contacts.change.{route}", number) for route, number in zip(walls.ROUTES, more)]
        return verdicts.raises(Figures([figure(key, value, 0.01) for key, value in changes]), ["m"])

    both = found(0.3, (0.1, 0.1))
    assert (both.word, both.strength) == ("supporting (by construction)", "none")
    fewer = found(0.3, (-0.4, 0.0))
    assert fewer.word == verdicts.UNDECIDED
    assert "The affinity rises" in fewer.why
    assert "C–K contacts falls" in fewer.why
    assert found(-0.3, (-0.4, -0.4)).word == verdicts.CONTRASTING
    assert found(0.3, (-0.4, 0.1)).word == verdicts.UNDECIDED
    assert verdicts.raises(Figures([]), ["m"]).why == "No wall was computed."


def test_a_rise_is_qualified_by_mixing_and_by_the_atoms_of_a_site():
    rows = [("affinity.change.vacancy", 0.7), ("contacts.change.vacancy", -0.5), ("atoms.vacancy", 2.5)]
    rows += [("first.vacancy", 0.42), ("affinity.beyond mixing.vacancy.0.25", 0.01)]
    rows += [("affinity.beyond mixing.vacancy.0.5", -0.02)]
    why = verdicts.raises(Figures([figure(key, value, 0.002) for key, value in rows]), ["m"]).why
    assert "off linear mixing by -0.020 ± 0.002 J/m² at most" in why
    assert "A site takes 2.5 metal atoms; with the first of each alone, the affinity is 0.42 J/m²" in why


def test_a_hole_holds_k_only_if_atom_and_liquid_say_so():
    def word(one, many):
        rows = [(f"single.{site}", one) for site in ("bare vacancy", "three N")]
        rows += [(f"preference.{route}", many) for route in walls.ROUTES]
        return verdicts.holds(Figures([figure(key, value, 0.02) for key, value in rows]), ["m"]).word

    assert word(-0.3, -0.1) == verdicts.SUPPORTING
    assert word(-0.3, 0.2) == verdicts.UNDECIDED
    assert word(0.3, 0.2) == verdicts.CONTRASTING


@pytest.mark.parametrize("quick", [True, False])
def test_points_and_figures_of_the_study_fit_each_other(inputs, quick, tmp_path):
    asked = Replacement(inputs, {"nak-cn": load("nak-cn")}, quick)
    points = asked.points()
    keys = [point.key for point in points]
    assert len(set(keys)) == len(keys) == 16 + (4 if quick else 4 * (8 + 4))
    hashes = {point.potential.describe().__repr__() for point in points}
    assert len(hashes) > 2  # graphitic nitrogen weakens the attraction of its wall
    figures = Figures(asked.figures({key: {"failed": "no time"} for key in keys}))
    assert figures["affinity.pristine.0"].value is None
    assert figures["affinity.pristine.0"].notes == ("no time",)
    assert len(asked.answers(figures)) == 5
    assert figures["free energy.1"].notes[1:] == ("without the vibrations of K at its site, which are unknown",)
    assert len(figures["free energy.10"].notes) == 1
    assert asked.tables(figures)[0].rows[0][1] == BY_KEY["1"].title


@pytest.mark.slow
def test_the_quick_study(tmp_path):
    """Graphitic N halves the affinity, as around a tube (0.1062 and 0.2122 J/m² in examples/nitrogen_sites)."""
    found = study("replacement", quick=True, directory=tmp_path, threads=1)
    assert not found.failures
    for model in found.study.models:
        pristine, graphitic = (found[f"affinity.{wall}.0", model].value for wall in ("pristine", "graphitic"))
        assert graphitic / pristine == pytest.approx(0.1062 / 0.2122, abs=0.04)
        assert found["affinity.pyridinic.1", model].value > 1.5 * pristine
        assert found["affinity.vacancy.1", model].value > 1.5 * pristine
        assert found["atoms.pyridinic", model].value > 1.0
    again = study("replacement", quick=True, directory=tmp_path, threads=1)
    assert again.to_dict()["figures"] == found.to_dict()["figures"]
    assert "untestable" in (tmp_path / "study.html").read_text()
