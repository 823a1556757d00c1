"""Unique names: no two modules and no two public classes have the same name."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "nakmd"

#: Module names that are allowed to occur more than once.
TWIN_MODULES = {
    # the class of a potential, and its compiled loops
    "eam": {"kernels", "potentials"},
    "pair": {"kernels", "potentials"},
    "screened": {"kernels", "potentials"},
    # the criterion, and its compiled search; the thermostat, and its compiled step
    "watch": {"kernels", "simulation"},
    "chain": {"kernels", "integrators"},
    # the registry of a package
    "registry": {"analysis", "integrators"},
    # different things with the same name
    "base": {"potentials", "analysis", "integrators"},
    "doping": {"potentials", "structures"},
    "liquid": {"structures", "studies"},
    "profile": {"analysis", "io"},
}

#: Names of public classes that are allowed to occur more than once.
TWIN_CLASSES = {
    # different things with the same name
    "Part": {"potentials", "studies"},
    "Record": {"analysis", "potentials"},
    "Reference": {"report", "studies"},
}


def defines(path, name):
    return any(isinstance(n, ast.FunctionDef) and n.name == name for n in ast.parse(path.read_text()).body)


def part_of(path):
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "nakmd"


def shared(names):
    """Return the names that occur in several files, with the subpackages of these files."""
    return {name: {part_of(path) for path in paths} for name, paths in names.items() if len(paths) > 1}


def modules(root=PACKAGE):
    paths = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        verb = part_of(path) == "cli" and defines(path, path.stem)  # a CLI module has the name of its command
        if not verb and path.stem not in ("__init__", "__main__"):
            paths[path.stem].append(path)
    return paths


def classes(root=PACKAGE):
    paths = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                paths[node.name].append(path)
    return paths


@pytest.mark.parametrize(("collect", "twins"), [(modules, TWIN_MODULES), (classes, TWIN_CLASSES)])
def test_names_are_unique(collect, twins):
    excess = {name: parts for name, parts in shared(collect()).items() if parts != twins.get(name)}
    assert not excess, f"two files with the same name: rename one, or add the exception with its reason: {excess}"


@pytest.mark.parametrize(("collect", "twins"), [(modules, TWIN_MODULES), (classes, TWIN_CLASSES)])
def test_every_exception_is_needed(collect, twins):
    assert not set(twins) - set(shared(collect())), "remove these names from the list of exceptions"


def test_no_module_imports_a_private_name_of_another():
    """Private attributes are checked by ruff (SLF001); this test checks `from nakmd.a import _b`."""
    violations = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nakmd."):
                names = [alias.name for alias in node.names]
                violations += [
                    f"{path.name}: {node.module}.{name}" for name in names if name.startswith("_") and name[1] != "_"
                ]
    assert not violations
