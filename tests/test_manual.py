"""The manual: its tutorials run, its links resolve, its tables are true."""

from pathlib import Path

import pytest
from tutorials import play

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = ROOT / "docs" / "tutorials"
PAGES = sorted(path.stem for path in TUTORIALS.glob("*.md") if path.stem != "index")

#: Tutorials that run for more than some seconds, also when shortened.
LONG = ()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in PAGES]
)
def test_tutorial(name, tmp_path, command):
    play(TUTORIALS / f"{name}.md", tmp_path, command)
