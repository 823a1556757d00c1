"""One name for each thing: no two modules and no two public classes share one."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "nakmd"

#: Names that several modules have.
TWIN_MODULES = {
    # the class of a potential, and the compiled loops that it calls
    "eam": {"kernels", "potentials"},
    "pair": {"kernels", "potentials"},
    "screened": {"kernels", "potentials"},
    # the rule, and the compiled search that it calls; the thermostat, and its compiled step
    "watch": {"kernels", "simulation"},
    "chain": {"kernels", "integrators"},
    # the list of kinds in a package that has kinds
    "registry": {"analysis", "integrators"},
    # different things that still share a name
    "base": {"potentials", "analysis", "integrators"},
    "doping": {"potentials", "structures"},
    "liquid": {"structures", "studies"},
    "profile": {"analysis", "io"},
}

#: Names that several public classes have.
TWIN_CLASSES = {
    # different things that still share a name
    "Part": {"potentials", "studies"},
    "Record": {"analysis", "potentials"},
    "Reference": {"report", "studies"},
}


def defines(path, name):
    return any(isinstance(n, ast.FunctionDef) and n.name == name for n in ast.parse(path.read_text()).body)


def part_of(path):
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "nakmd"


def shared(found):
    """Return the names that several files have, with the parts of the package that these are in."""
    return {name: {part_of(path) for path in paths} for name, paths in found.items() if len(paths) > 1}


def modules(root=PACKAGE):
    found = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        verb = part_of(path) == "cli" and defines(path, path.stem)  # the file of a verb is called as the verb
        if not verb and path.stem not in ("__init__", "__main__"):
            found[path.stem].append(path)
    return found


def classes(root=PACKAGE):
    found = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path)
    return found


@pytest.mark.parametrize(("found", "twins"), [(modules, TWIN_MODULES), (classes, TWIN_CLASSES)])
def test_no_name_means_two_things(found, twins):
    excess = {name: parts for name, parts in shared(found()).items() if parts != twins.get(name)}
    assert not excess, f"two files, one name: rename one, or say here why both have it: {excess}"


@pytest.mark.parametrize(("found", "twins"), [(modules, TWIN_MODULES), (classes, TWIN_CLASSES)])
def test_every_exception_is_needed(found, twins):
    assert not set(twins) - set(shared(found())), "take these names off the list of exceptions"


def test_no_module_imports_a_private_name_of_another():
    """Attributes are ruff's part (SLF001); this is `from nakmd.a import _b`."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nakmd."):
                names = [alias.name for alias in node.names]
                found += [
                    f"{path.name}: {node.module}.{name}" for name in names if name.startswith("_") and name[1] != "_"
                ]
    assert not found
