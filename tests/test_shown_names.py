"""Every public name of Python is shown at work: in its docstring, in a page or in an example, all of which run."""

import ast
import doctest
import importlib
import importlib.util
import inspect
import re
from pathlib import Path

import pytest
from tutorials import blocks_of

from nakmd.analysis import Analysis

ROOT = Path(__file__).resolve().parent.parent

#: Names without an example that runs, and why.
EXCEPTIONS = {
    # runs
    "nakmd.analysis.interfacial_conductance": "needs the work of two baths: examples/kapitza.toml",
    "nakmd.analysis.local_order": "needs freud, which is optional",
    "nakmd.studies.path": "takes seconds: its docstring has one that is not run",
    "nakmd.studies.cross_energies": "needs a run with a wall",
    "nakmd.studies.reference_energy": "needs a run with a wall",
    # what nobody makes by hand
    "nakmd.analysis.FrameSource": "a protocol, whose kinds are shown",
    "nakmd.analysis.PartialRDF": "a part of RDFRecord, which the example of rdf shows",
    "nakmd.integrators.Option": "describes a keyword of a move or a thermostat to decks",
    "nakmd.studies.PointProgress": "what a progress bar is told",
}


def loaded(name):
    """Return a module of the hooks of the manual."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "hooks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names_on_the_pages():
    """Return the classes and functions of the packages that have a page in the manual, by dotted name."""
    found = {}
    for page in loaded("python_reference").MODULES:
        module = importlib.import_module(page)
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == page]
        for name in getattr(module, "__all__", own):
            thing = inspect.unwrap(getattr(module, name))
            if not name.startswith("_") and (inspect.isclass(thing) or inspect.isfunction(thing)):
                found[f"{page}.{name}"] = thing
    return found


def has_example(thing):
    """Return whether the docstring has an example, all of which runs and which is more than imports."""
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    skipped = any(example.options.get(doctest.SKIP) for example in examples)
    return not skipped and any(not example.source.startswith(("import ", "from ")) for example in examples)


def names_in(code):
    """Return the dotted names that a piece of Python uses, ``nakmd.analysis.diffusion``."""
    homes, used = {}, set()
    nodes = list(ast.walk(ast.parse(code)))
    for node in nodes:
        if isinstance(node, ast.Import):
            homes |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            homes |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            used.add(".".join([homes.get(first, ""), *rest]))
    return used


def names_in_pages():
    """Return the names in the Python of pages and examples that tests run (test_manual, test_readme, test_examples)."""
    readme = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    pages = [blocks_of(page) for page in sorted((ROOT / "docs" / "tutorials").glob("*.md"))]
    codes = [[block.shown for block in blocks if block.language == "python" and not block.file] for blocks in pages]
    run = re.findall(r"load_script\(\"(.*?)\"\)", (ROOT / "tests" / "test_examples.py").read_text(encoding="utf-8"))
    scripts = [[(ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")] for name in run]
    return set().union(*(names_in("\n".join(code)) for code in [readme, *codes, *scripts]))


NAMES = names_on_the_pages()
USED = names_in_pages()
#: By identity: the same class may have two names, and is shown if one of them is.
SHOWN = {id(thing) for name, thing in NAMES.items() if name in USED or has_example(thing)}
FUNCTIONS = [thing for thing in NAMES.values() if inspect.isfunction(thing)]
RETURNED = set(re.findall(r"\w+", " ".join(str(inspect.signature(one).return_annotation) for one in FUNCTIONS)))


def needs_none(thing):
    """Return whether a class is shown by something else."""
    if not inspect.isclass(thing):
        return False
    return (
        issubclass(thing, BaseException)  # raised, not made
        or inspect.isabstract(thing)  # its kinds are shown
        or thing.__name__ in RETURNED  # the function has the example
        # the function that measures it has the example, and `measure` shows how a class is used
        or (issubclass(thing, Analysis) and any(one.__module__ == thing.__module__ for one in FUNCTIONS))
    )


@pytest.mark.parametrize("name", [name for name, thing in NAMES.items() if not needs_none(thing)])
def test_name_has_an_example_that_runs(name):
    shown = id(NAMES[name]) in SHOWN
    if name in EXCEPTIONS:
        assert not shown, "it has an example: remove it from the exceptions"
    else:
        assert shown, "give its docstring an example that runs, below 0.1 s"


def test_exceptions_are_public_names():
    assert set(EXCEPTIONS) <= {name for name, thing in NAMES.items() if not needs_none(thing)}
