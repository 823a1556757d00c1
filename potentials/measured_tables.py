"""Tables of a parameter set that a script measures and writes into its record, between two marks."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from accuracy import with_block

HERE = Path(__file__).resolve().parent

#: Values of the keys of one table.
Entry = Mapping[str, float | str]


def block(table: str, entries: Sequence[Entry], marks: tuple[str, str]) -> str:
    """Return the TOML text of an array of tables between two marks, with the marks."""
    lines = [marks[0]]
    for entry in entries:
        pairs = (
            f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value!r}" for key, value in entry.items()
        )
        lines += ["", f"[[{table}]]", *pairs]
    return "\n".join([*lines, "", marks[1]]) + "\n"


def write_tables(
    description: str | None,
    table: str,
    sets: Sequence[str],
    marks: tuple[str, str],
    entries_of: Callable[[str, Path], Sequence[Entry]],
) -> None:
    """Print the tables of the sets named on the command line, or write them into the records.

    Parameters
    ----------
    description : str
        Of the script, for its help.
    table : str
        Name of the array of tables.
    sets : sequence of str
        Default sets.
    marks : (str, str)
        Lines between which the tables are.
    entries_of : callable
        Measures the tables of a set; finished parts are kept in a folder.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"names of sets; by default {', '.join(sets)}")
    parser.add_argument("--folder", type=Path, default=Path(f"{table}s"), help="folder of finished parts")
    parser.add_argument("--write", action="store_true", help="write them into the records")
    options = parser.parse_args()
    for name in options.names or sets:
        new = block(table, entries_of(name, options.folder), marks)
        path = HERE / f"{name}.toml"
        if options.write:
            path.write_text(with_block(path.read_text(encoding="utf-8"), new, marks), encoding="utf-8")
            print(f"{path.name}: {new.count(f'[[{table}]]')} entries")
        else:
            print(f"# {name}\n{new}")
