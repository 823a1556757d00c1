"""Docstrings as pages of the manual: equations and parameters survive the change to Markdown."""

import importlib.util
import inspect
from pathlib import Path

import pytest

import nakmd
from nakmd.potentials import Hybrid, Morse, PairPotential, load

HOOK = Path(__file__).parents[1] / "docs" / "hooks" / "docstring_markup.py"
SPEC = importlib.util.spec_from_file_location("docstring_markup", HOOK)
MARKUP = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MARKUP)

GROUPED = """Do it.

Parameters
----------
first : int
    Of one.
second, third
    Of both,

    in two paragraphs.
fourth, fifth : str, optional
    Texts.

Attributes
----------
a, b : float
    Not taken apart.
"""


def test_parameters_with_one_description_stand_alone():
    """The reader of the pages gives all of a group the type and the default of its first parameter."""
    written = MARKUP.as_markdown(GROUPED)
    assert "second\n    Of both,\n\n    in two paragraphs.\nthird\n    Of both,\n\n    in two paragraphs.\n" in written
    assert "fourth : str, optional\n    Texts.\nfifth : str, optional\n    Texts.\n" in written
    assert "a, b : float\n    Not taken apart." in written
    assert "first : int\n    Of one.\n" in written


def test_an_equation_of_two_lines_is_one():
    assert "E = \\left( a b \\right)" in MARKUP.as_markdown(".. math:: E = \\left( a\n    b \\right)\n\nText.")
    with pytest.raises(ValueError, match="is not indented"):
        MARKUP.as_markdown(".. math:: E = \\left( a\nb \\right)\n\nText.")


def test_every_public_equation_is_whole():
    """Also those of packages without a page of theory."""
    seen = 0
    for package in ("analysis", "integrators", "potentials", "simulation", "structures", "studies"):
        module = getattr(nakmd, package)
        for name in module.__all__:
            text = MARKUP.as_markdown(inspect.getdoc(getattr(module, name)) or "")
            for equation in text.split("$$")[1::2]:
                assert equation.count("\\left") - equation.count("\\leftarrow") == equation.count("\\right") - (
                    equation.count("\\rightarrow")
                ), f"{name}: {equation}"
                seen += 1
    assert seen > 30


def test_every_package_with_a_page_is_an_attribute():
    """The page of nakmd says so, and messages send readers to nakmd.simulation."""
    spec = importlib.util.spec_from_file_location("python_reference", HOOK.with_name("python_reference.py"))
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    for name in set(hook.MODULES) - {"nakmd"}:
        assert inspect.ismodule(getattr(nakmd, name.removeprefix("nakmd.")))


def test_models_and_systems_say_what_they_are():
    assert repr(load("nak-cn-pair")) == "Hybrid(nak-2026 + kinaci-2012-cn + morse-screened)"
    own = Morse({("K", "C"): {"depth": 0.03, "alpha": 1.8, "r_0": 3.4, "cutoff": 10.0}}, label="mine", replace=True)
    assert isinstance(own, PairPotential)
    assert repr(Hybrid([*load("nak-cn-pair").terms, own])).endswith("+ mine)")
    system = nakmd.structures.crystal("Na", 2)
    assert repr(system).startswith("System(16 Na; Cell(")


def test_a_writer_takes_a_topology_and_says_so(tmp_path):
    system = nakmd.structures.crystal("Na", 2)
    with pytest.raises(nakmd.errors.InputError, match=r"\(system\.topology\), not System"):
        nakmd.io.TrajectoryWriter(tmp_path / "a.h5md", system)
    assert not (tmp_path / "a.h5md").exists()
