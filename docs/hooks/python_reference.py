"""Pages of the Python interface: a page for each public package, filled by mkdocstrings."""

from __future__ import annotations

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
        f"reference/python/{module}.md": f"# {module}\n\n{text}\n\n::: {module}\n" for module, text in MODULES.items()
    }
    rows = "\n".join(f"| [`{module}`]({module}.md) | {text} |" for module, text in MODULES.items())
    index = f"# Python\n\n| package | holds |\n| --- | --- |\n{rows}\n"
    return {"reference/python/index.md": index, **pages}
