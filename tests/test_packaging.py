"""What is released: the recipe of conda agrees with the package, and sdist and wheel hold what they should."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from nakmd._version import __version__

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: Packages that conda-forge calls otherwise.
CONDA = {"matplotlib": "matplotlib-base"}


def test_the_recipe_of_conda_asks_for_what_the_package_needs():
    recipe = (ROOT / "conda" / "meta.yaml").read_text()
    run = recipe.partition("  run:\n")[2].partition("\n\n")[0]
    asked = dict(re.findall(r"- ([\w-]+) (\S+)", run))
    needed = dict(re.match(r"([\w-]+)(.*)", entry).groups() for entry in PROJECT["dependencies"])
    expected = {CONDA.get(name, name): bound for name, bound in needed.items()}
    assert asked == {"python": PROJECT["requires-python"], **expected}
    assert f'set version = "{__version__}"' in recipe
    assert f"license: {PROJECT['license']}\n" in recipe
    (entry,) = PROJECT["scripts"].items()
    assert " = ".join(entry) in recipe


@pytest.mark.slow
def test_sdist_and_wheel_are_complete_and_install(tmp_path):
    """Built, checked by twine, installed beside the libraries that are here, and used from another folder."""
    subprocess.run([sys.executable, "-m", "build", "--outdir", tmp_path, ROOT], check=True, capture_output=True)
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", wheel, sdist], check=True, capture_output=True)
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert {f"nakmd/data/{name}" for name in ("examples/flagship.toml", "claims/X1.toml")} <= held
    assert not [name for name in held if name.startswith(("docs/", "tests/", "site/"))]
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "docs/index.md", "tests/conftest.py", "LICENSE", "CITATION.cff"} <= names
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--target", tmp_path / "site", wheel],
        check=True, capture_output=True,
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "import nakmd; print(nakmd.__file__); nakmd.Deck.from_file('deck.toml')"],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert str(tmp_path / "site") in done.stdout
    assert "deck.toml" in done.stderr  # there is no such deck, which the installed package says
