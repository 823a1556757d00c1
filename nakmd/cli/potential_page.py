"""The page of `nakmd potentials show`: equation, parameters with units, papers, licence, accuracy, limits of use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nakmd.potentials.forms.record import LatticeEntry, SurfaceEntry
    from nakmd.potentials.library import SetSummary
    from nakmd.potentials.library.records import AnyRecord

#: Text columns, placed last.
_TEXT_COLUMNS = ("evidence", "note")


def show_page(record: AnyRecord, summary: SetSummary, parts: Sequence[AnyRecord] = ()) -> None:
    """Print a set: with colours and rules on a terminal, as plain lines otherwise.

    Parameters
    ----------
    record : AnyRecord
    summary : SetSummary
    parts : sequence of AnyRecord
        The sets of a model, whose papers, licences, accuracy and limits of use apply to the model too.
    """
    from nakmd.cli.output import say, show_heading, show_table

    show_heading(f"{record.name}: {record.title}")
    say(f"form      {record.form}")
    say(f"equation  {type(record).equation}")
    if summary.license:
        say(f"licence   {summary.license}")
    say(f"file      {summary.path}  (sha256 {summary.sha256[:16]}…)")
    for entry in (record, *parts):
        if members := getattr(entry, "n_members", 0):
            of = f", of {entry.name}" if parts else ""
            say(f"ensemble  [model] member = 1 to {members}{of}; --json prints the parameters of the set's members")
    for title, columns, rows in number_tables(record):
        say()
        show_table(columns, rows, title)
    if record.notes:
        show_heading("Notes")
        say(record.notes.strip())
    if parts:
        show_heading("Licences")
        for part in parts:
            say(f"- {part.name}: {getattr(part, 'license', '')}")
    show_heading("Papers")
    for source in dict.fromkeys(source for entry in (record, *parts) for source in getattr(entry, "source", ())):
        say(f"- {source.paper}" + (f", doi:{source.doi}" if source.doi else ""))
        if source.note:
            say(f"  {source.note}")
    for entry in (record, *parts):
        if entry.accuracy:
            show_heading("Accuracy" + (f" of {entry.name}" if parts else ""))
            show_table(ACCURACY_COLUMNS, accuracy_rows(entry))
    for entry in (record, *parts):
        surface = getattr(entry, "surface", ())
        if surface:
            show_heading("Surface of the liquid" + (f" of {entry.name}" if parts else ""))
            show_table(SURFACE_COLUMNS, [surface_row(point) for point in surface])
    for entry in (record, *parts):
        lattice = getattr(entry, "lattice", ())
        if lattice:
            show_heading("Lattice constant of bcc at zero pressure" + (f" of {entry.name}" if parts else ""))
            show_table(LATTICE_COLUMNS, [lattice_row(point) for point in lattice])
    show_heading("Not for")
    for entry in (record, *parts):
        for use in entry.not_for:
            say(f"- {use}" + (f" ({entry.name})" if entry is not record else ""))
    if parts:
        say("\nParameters: " + ", ".join(f"nakmd potentials show {part.name}" for part in parts))


def number_tables(record: AnyRecord) -> list[tuple[str, list[str], list[list[str]]]]:
    """Return (title, columns with units, rows) of the parameters of a record: settings first, then its lists."""
    data: dict[str, Any] = record.model_dump(mode="json", exclude_none=True)
    left_out = {
        "name",
        "title",
        "form",
        "license",
        "notes",
        "not_for",
        "source",
        "accuracy",
        "units",
        "member",
        "surface",
        "lattice",
    }
    settings, tables = [], []
    for key, value in data.items():
        if key in left_out or value in ([], {}):
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = [
                _list_table(record.unit_of, f"{item.get('set', key)}: {word}, {part}", rows)
                for item in value
                for word, parts in item.items()
                if isinstance(parts, dict)
                for part, rows in parts.items()
                if rows
            ]
            plain = [{k: v for k, v in item.items() if not isinstance(v, dict)} for item in value]
            tables += [_list_table(record.unit_of, key, plain), *inner]
        elif isinstance(value, dict):
            settings += [[f"{key}.{word}", _shown(x), record.unit_of(word)] for word, x in value.items()]
        else:
            settings.append([key, _shown(value), record.unit_of(key)])
    first = [("Settings", ["key", "value", "unit"], settings)] if settings else []
    return first + tables


def _list_table(
    unit_of: Callable[[str], str], title: str, items: Sequence[dict[str, Any]]
) -> tuple[str, list[str], list[list[str]]]:
    """Return the table of a list: one row per entry, or one column per entry if there are more than nine keys."""
    keys = list(dict.fromkeys(key for item in items for key in item))
    keys = [key for key in keys if key not in _TEXT_COLUMNS] + [key for key in _TEXT_COLUMNS if key in keys]
    if len(keys) > 9:
        names = [
            _shown(item.get("elements", item.get("species", item.get("symbol", k + 1)))) for k, item in enumerate(items)
        ]
        rows = [[_titled(key, unit_of(key)), *(_shown(item.get(key, "")) for item in items)] for key in keys[1:]]
        return title, ["", *names], rows
    return (
        title,
        [_titled(key, unit_of(key)) for key in keys],
        [[_shown(item.get(key, "")) for key in keys] for item in items],
    )


def _titled(key: str, unit: str) -> str:
    """Return a name with its unit."""
    return f"{key} [{unit}]" if unit else key


def _shown(value: Any) -> str:
    """Return a value for a table."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        separator = "-" if value and all(isinstance(x, str) for x in value) else " "
        return separator.join(_shown(x) for x in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


SURFACE_COLUMNS = ["x_K", "temperature [K]", "tension [mN/m]", "energy [mJ/m²]"]


def surface_row(entry: SurfaceEntry) -> list[str]:
    """Return a row of the table of surfaces."""
    tension, energy = (
        f"{value:g} ± {error:g}"
        for value, error in ((entry.tension, entry.tension_error), (entry.energy, entry.energy_error))
    )
    return [f"{entry.x_K:g}", f"{entry.temperature:g}", tension, energy]


LATTICE_COLUMNS = ["element", "temperature [K]", "a [Å]"]


def lattice_row(entry: LatticeEntry) -> list[str]:
    """Return a row of the table of lattice constants."""
    return [entry.element, f"{entry.temperature:g}", f"{entry.a:.4f} ± {entry.error:.4f}"]


ACCURACY_COLUMNS = ["material", "property", "value", "unit", "reference", "deviation", "reference source", "note"]


def accuracy_rows(record: AnyRecord) -> list[list[str]]:
    """Return the rows of the accuracy table; the deviation is relative to the reference."""
    rows = []
    for entry in record.accuracy:
        value = f"{entry.value:.6g}" + (f" ± {entry.error:.2g}" if entry.error is not None else "")
        reference, deviation = "", ""
        if entry.reference is not None:
            reference = f"{entry.reference:.6g}"
            deviation = f"{100.0 * (entry.value / entry.reference - 1.0):+.1f} %" if entry.reference else ""
        rows.append([entry.of, entry.property, value, entry.unit, reference, deviation, entry.source, entry.note])
    return rows
