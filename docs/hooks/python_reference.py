"""Pages of the Python interface: a page for each public package, filled by mkdocstrings."""

from __future__ import annotations

import importlib
import importlib.util
import inspect

#: Module of each page, and what stands above its names.
MODULES = {
    "nakmd": "Runs, trajectories and results. `import nakmd` gives these names; packages below are its attributes.",
    "nakmd.structures": "Building atoms: walls, nitrogen, liquids, droplets, crystals.",
    "nakmd.potentials": "Energies and forces, and the library of parameter sets.",
    "nakmd.integrators": "Motion: integrators, thermostats, barostats, moves.",
    "nakmd.simulation": "A run from Python, without a deck: stages, restraints, observers.",
    "nakmd.analysis": "Quantities of a trajectory, each with its error.",
    "nakmd.results": "The table of results of a run.",
    "nakmd.io": "Trajectories, checkpoints, and files of other programs.",
    "nakmd.studies": "Questions that need several runs.",
    "nakmd.ase": "The calculator of ASE.",
    "nakmd.units": "Constants and units.",
    "nakmd.errors": "Errors, and the exit code of each.",
}


def python_reference() -> dict[str, str]:
    """Return the pages, by path."""
    pages = {
        f"reference/python/{module}.md": f"# {module}\n\n{text}\n\n{_entries(module)}\n"
        for module, text in MODULES.items()
    }
    rows = "\n".join(f"| [`{module}`]({module}.md) | {text} |" for module, text in MODULES.items())
    index = f"# Python\n\n| package | holds |\n| --- | --- |\n{rows}\n"
    return {"reference/python/index.md": index, **pages}


def public_entries(module: str) -> dict[str, str]:
    """Return the documented names of a package in its ``__all__``, and the path that mkdocstrings needs for each.

    A function in a file of its name (`nakmd.structures.graphene`) is hidden behind that file: it has the longer path.
    """
    package = importlib.import_module(module)
    found = {}
    for name in sorted(getattr(package, "__all__", []), key=str.lower):
        value = getattr(package, name)
        if inspect.isroutine(value) or inspect.isclass(value):
            hidden = importlib.util.find_spec(f"{module}.{name}") is not None
            found[name] = f"{value.__module__}.{name}" if hidden else f"{module}.{name}"
    return found


def _entries(module: str) -> str:
    """Return what makes mkdocstrings write the names of a module."""
    entries = public_entries(module)
    if not entries:
        return f"::: {module}"
    # the words of the package and its example
    whole = f"::: {module}\n    options: {{members: false, show_root_toc_entry: false}}"
    options = "    options: {show_root_heading: true, show_root_full_path: false, heading_level: 2}"
    blocks = []
    for name, path in entries.items():
        anchor = f'<a id="{module}.{name}"></a>\n\n' if path != f"{module}.{name}" else ""
        blocks.append(f"{anchor}::: {path}\n{options}")
    return "\n\n".join([whole, *blocks])
