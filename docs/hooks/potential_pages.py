"""Pages of the parameter sets and models of the library, made from their records."""

from __future__ import annotations

from collections.abc import Iterator

from markdown_table import markdown_table
from repository_pages import PAGES, ROOT

from nakmd.cli.potential_page import (
    ACCURACY_COLUMNS,
    LATTICE_COLUMNS,
    SURFACE_COLUMNS,
    accuracy_rows,
    lattice_row,
    number_tables,
    surface_row,
)
from nakmd.potentials import library


def potential_pages() -> dict[str, str]:
    """Return a page for each set and model, by path."""
    return {f"potentials/sets/{name}.md": "".join(_page(name)) for name in library.names()}


def _page(name: str) -> Iterator[str]:
    record, summary, parts = library.read_set(name), library.summary(name), library.parts(name)
    yield f"# {name}\n\n{record.title}.\n\n"
    yield f"    nakmd potentials show {name}\n\n"
    yield (
        f"- Form: `{record.form}`, {type(record).equation}\n" if type(record).equation else f"- Form: `{record.form}`\n"
    )
    if summary.license:
        yield f"- Licence: {summary.license}\n"
    yield f"- Record: [{summary.path.name}](../../../potentials/{summary.path.name})\n"
    if parts:
        yield "- Sets: " + ", ".join(f"[`{part.name}`]({part.name}.md)" for part in parts) + "\n"
    for entry in (record, *parts):
        if members := getattr(entry, "n_members", 0):
            yield f"- Ensemble: `[model] member` = 1 to {members}" + (f", of {entry.name}" if parts else "") + "\n"
    yield from _validation(name)
    if record.notes:
        yield f"\n## Notes\n\n{_paragraphs(record.notes)}\n"
    yield "\n## Not for\n\n"
    for entry in (record, *parts):
        yield from (f"- {use}" + (f" (`{entry.name}`)" if entry is not record else "") + "\n" for use in entry.not_for)
    yield "\n## Papers\n\n"
    for source in dict.fromkeys(source for entry in (record, *parts) for source in getattr(entry, "source", ())):
        yield f"- {source.paper}" + (f", [doi:{source.doi}](https://doi.org/{source.doi})" if source.doi else "")
        yield f". {source.note}\n" if source.note else "\n"
    for title, columns, rows in number_tables(record):
        yield f"\n## {title.capitalize()}\n\n{markdown_table(columns, rows)}"
    for entry in (record, *parts):
        of = f" of {entry.name}" if parts else ""
        if entry.accuracy:
            yield f"\n## Accuracy{of}\n\n{markdown_table(ACCURACY_COLUMNS, accuracy_rows(entry))}"
        if surface := getattr(entry, "surface", ()):
            yield f"\n## Surface of the liquid{of}\n\n{markdown_table(SURFACE_COLUMNS, map(surface_row, surface))}"
        if lattice := getattr(entry, "lattice", ()):
            yield f"\n## Lattice constant of bcc at zero pressure{of}\n\n"
            yield markdown_table(LATTICE_COLUMNS, map(lattice_row, lattice))


def _validation(name: str) -> Iterator[str]:
    """Yield the pictures of the stored validation of a set, and a link to all of its figures."""
    folder = f"potentials/validation/{name}"
    if f"{folder}/validation.md" not in PAGES:
        return
    yield f"\n## Validation\n\n[All figures](../../../{folder}/validation.md), beside experiment and DFT.\n\n"
    for picture in ("overview", "liquid"):
        if (ROOT / folder / f"{picture}.png").exists():
            yield f"![{picture} of the validation of {name}](../../../{folder}/{picture}.png)\n\n"


def _paragraphs(notes: str) -> str:
    """Return notes as Markdown: a line that ends a sentence ends a paragraph."""
    lines = notes.strip().replace("*", r"\*").replace("_", r"\_").splitlines()
    return "\n".join(line + ("\n" if line.endswith(".") and len(line) < 90 else "") for line in lines)
