"""Pages of the Python interface: every public function and class has its entry."""

import importlib
import inspect
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs" / "hooks"))
from python_reference import MODULES, public_entries, python_reference


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_an_entry(module):
    package = importlib.import_module(module)
    page = python_reference()[f"reference/python/{module}.md"]
    for name in getattr(package, "__all__", []):
        value = getattr(package, name)
        if not (inspect.isroutine(value) or inspect.isclass(value)):
            continue
        place, _, last = public_entries(module)[name].rpartition(".")
        assert getattr(importlib.import_module(place), last) is value
        assert f"::: {public_entries(module)[name]}\n" in page
