"""The manual: its tutorials run, it builds without a warning, and its pages load nothing from the network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tutorials import play

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = ROOT / "docs" / "tutorials"
PAGES = sorted(path.stem for path in TUTORIALS.glob("*.md") if path.stem != "index")

#: Tutorials that take more than ten seconds of processor time, also when shortened: each run of a sweep is a process.
LONG = ("arrhenius",)

#: What a browser fetches by itself: scripts, styles, pictures and frames, not links that a reader follows.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|link)\b[^>]*?\b(?:src|href)=\"?((?:https?:)?//[^\" >]+)", re.IGNORECASE
)


@pytest.mark.parametrize("name", [pytest.param(x, marks=pytest.mark.slow) if x in LONG else x for x in PAGES])
def test_tutorial(name, tmp_path, command):
    play(TUTORIALS / f"{name}.md", tmp_path, command)


def test_every_tutorial_is_in_the_table():
    table = (TUTORIALS / "index.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\((\w+)\.md\)", table)) == PAGES


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the manual: links, anchors and pages without a place in the navigation are errors (mkdocs.yml)."""
    pytest.importorskip("mkdocs", reason="pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_pages_fetch_nothing(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    assert {page.name: found for page in pages if (found := FETCHED.findall(page.read_text(encoding="utf-8")))} == {}
    assert (site / "assets" / "tex-svg-full.js").stat().st_size > 1_000_000


@pytest.mark.slow
def test_equations_and_anchors_of_keys(site):
    thermostats = (site / "theory" / "thermostats.html").read_text(encoding="utf-8")
    assert thermostats.count('<div class="arithmatex">') >= 4
    assert "{{" not in thermostats
    assert 'id="stage.barostat.axes"' in (site / "reference" / "deck" / "stage.html").read_text(encoding="utf-8")
