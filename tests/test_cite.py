"""What a publication of a run should cite: `nakmd cite`, and CITATION.cff."""

import re
import tomllib
from pathlib import Path

import pytest

import nakmd
from nakmd.report.bibliography import AUTHORS, LAMMPS, TITLE, as_bibtex, as_text, cite_run
from nakmd.report.citations import Reference
from tests.small_decks import small

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("cited") / "run"
    nakmd.run(small(ensemble="npt", barostat={"pressure": "1 bar"}), path, threads=1)
    return path


def test_the_references_of_a_run(folder):
    version, references = cite_run(folder)
    assert version == nakmd.__version__
    papers = {reference.doi: reference for reference in references}
    # thermostat, barostat, integrator, parameter set
    for doi in ("10.1063/1.2408420", "10.1063/5.0020514", "10.1063/1.442716", "10.1103/PhysRevB.93.184101"):
        assert doi in papers
    assert len({(reference.paper, reference.doi) for reference in references}) == len(references)
    assert LAMMPS not in references


def test_cite_prints_bibtex_or_text(command, folder):
    code, out, error = command("cite", folder)
    assert (code, error) == (0, "")
    keys = re.findall(r"^@\w+\{(\S+),$", out, re.MULTILINE)
    assert keys[0] == "nakmd"
    assert len(set(keys)) == len(keys)
    assert out.count("{") == out.count("}")
    assert (
        "@article{Bussi2007,\n  author = {Bussi and Donadio and Parrinello},\n  journal = {J. Chem. Phys.},\n"
        "  volume = {126},\n  pages = {014101},\n  year = {2007},\n  doi = {10.1063/1.2408420},\n}"
    ) in out
    code, text, error = command("cite", folder, "--format", "text")
    assert (code, error) == (0, "")
    assert text.splitlines()[0] == f"nakmd: {AUTHORS}, {TITLE}, version {nakmd.__version__}"
    assert "Bussi, Donadio & Parrinello, J. Chem. Phys. 126, 014101 (2007), doi:10.1063/1.2408420" in text


def test_a_folder_without_a_run_is_one_message(command, tmp_path):
    for path, problem in ((tmp_path / "none", "does not exist"), (tmp_path, "contains no trajectory.h5md")):
        code, out, error = command("cite", path)
        assert (code, out) == (2, "")
        assert error.strip() == f"{path} {problem}. Give the directory of a run: nakmd cite runs/NAME."
    code, _, error = command("cite", tmp_path, "--format", "ris")
    assert code == 2
    assert "--format" in error


@pytest.mark.parametrize(
    ("paper", "expected"),
    [
        ("D. A. Kofke and E. D. Glandt, Mol. Phys. 64, 1105 (1988)", "author = {D. A. Kofke and E. D. Glandt}"),
        ("Bullerjahn et al., J. Chem. Theory Comput. 19, 3406 (2023)", "author = {Bullerjahn and others}"),
        ("von Bülow, Bullerjahn & Hummer, J. Chem. Phys. 153, 021101 (2020)", "@article{Bulow2020,"),
        ("Rahman, Phys. Rev. 136, A405 (1964)", "pages = {A405}"),
        ("Rytkönen, Akola & Manninen, Phys. Rev. B 75 (2007), arXiv:1", "note = {arXiv:1}"),
        # a book, and a chapter whose title is no name
        ("Allen & Tildesley, Computer Simulation of Liquids, 2nd ed., Oxford (2017)", "@misc{Allen2017,"),
        ("Ziegler & Biersack, The Range of Ions in Matter, Heavy-Ion Science 6, 93 (1985)", "@misc{Ziegler1985,"),
        ("Fitted in this project; script fit.py", "% what: Fitted in this project; script fit.py"),
    ],
)
def test_a_reference_as_bibtex(paper, expected):
    assert expected in as_bibtex("0.1.0", [Reference("what", paper)])


def test_keys_of_equal_authors_and_years_differ():
    twins = [Reference("a", "Tersoff, Phys. Rev. B 39, 5566 (1989)"), Reference("b", "Tersoff, Carbon 1, 2 (1989)")]
    text = as_bibtex("", twins)
    assert "@article{Tersoff1989," in text
    assert "@article{Tersoff1989b," in text
    assert "note = {Version" not in text
    assert "version unknown" in as_text("", twins)


def test_the_citation_file_agrees_with_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "CITATION.cff").read_text().splitlines()
    assert f"version: {nakmd.__version__}" in lines
    assert f"license: {project['license']}" in lines
    assert f'title: "{TITLE}"' in lines
    assert [f'  - name: "{author["name"]}"' for author in project["authors"]] == [f'  - name: "{AUTHORS}"']
    assert f'  - name: "{AUTHORS}"' in lines
    assert f'abstract: "{project["description"]}"' in lines
    assert [line.removeprefix("  - ") for line in lines[lines.index("keywords:") + 1 :]] == project["keywords"]
