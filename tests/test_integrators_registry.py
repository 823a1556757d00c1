"""Laws of every registered kind of thermostat, barostat and minimiser, so that none is added by half."""

import importlib
import inspect
import pkgutil

import pytest

import nakmd.integrators
from nakmd.integrators import BAROSTATS, MINIMISERS, THERMOSTATS, Barostat, Minimiser, Thermostat
from nakmd.report.citations import references_of

KINDS = {**THERMOSTATS, **BAROSTATS, **MINIMISERS}


def concrete_subclasses(base):
    """Return the classes below ``base`` that can be created and are defined in the package."""
    for module in pkgutil.iter_modules(nakmd.integrators.__path__):
        importlib.import_module(f"nakmd.integrators.{module.name}")
    classes, found = [base], set()
    while classes:
        below = classes.pop().__subclasses__()
        classes += below
        found |= {kind for kind in below if not inspect.isabstract(kind) and kind.__module__.startswith("nakmd.")}
    return found


@pytest.mark.parametrize(
    ("base", "registry"), [(Thermostat, THERMOSTATS), (Barostat, BAROSTATS), (Minimiser, MINIMISERS)]
)
def test_every_kind_is_registered(base, registry):
    assert concrete_subclasses(base) == set(registry.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_metadata_are_complete(kind):
    assert kind.label
    references = references_of(kind)
    assert references
    assert all(reference.doi for reference in references)
    summary = inspect.getdoc(kind).splitlines()
    assert summary[0].endswith(".")  # the first line is the description in the schema
    assert summary[1] == ""


@pytest.mark.parametrize("kind", [*THERMOSTATS.values(), *BAROSTATS.values()], ids=[*THERMOSTATS, *BAROSTATS])
def test_options_are_arguments(kind):
    assert {option.name for option in kind.options} <= set(inspect.signature(kind.__init__).parameters)
