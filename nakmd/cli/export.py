"""``nakmd export``: a deck as input of another engine, compared with nakmd before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from nakmd.cli.deck_argument import Settings, read_deck
from nakmd.cli.guard import complain


def export(
    deck: Annotated[Path, typer.Argument(help="The deck to export; - reads it from standard input.")],
    to: Annotated[Literal["lammps"], typer.Option("--to", help="The other engine.")] = "lammps",
    directory: Annotated[
        Path | None, typer.Option("--directory", "-o", help="Directory to write to. Default: NAME-lammps.")
    ] = None,
    settings: Settings = None,
    parity: Annotated[
        bool, typer.Option("--parity/--no-parity", help="Compare energies, forces and virial of both engines.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the files of a directory that is not empty.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a deck as input of LAMMPS: atoms, model, stages, and a comparison of both engines before anything runs.

    What has no counterpart there is refused by name. What LAMMPS does in another way is said, here and in README.md.

    Example: nakmd export wet.toml --to lammps -o wet-lammps
    """
    from nakmd.cli.check import announce
    from nakmd.cli.output import say, show_json
    from nakmd.engines.lammps_folder import export_deck

    done = export_deck(read_deck(deck, settings), directory, parity=parity, overwrite=overwrite, announce=announce)
    if as_json:
        manifest = done.translated.manifest()
        show_json(
            {
                "engine": to,
                "folder": str(done.folder),
                "species": manifest["species"],
                "parity": None if done.parity is None else done.parity._asdict(),
                "unchecked": done.unchecked,
                "expected": manifest["expected"],
                "notes": done.notes,
                "warnings": done.translated.warnings,
            }
        )
        return
    for warning in done.translated.warnings:
        complain(f"warning: {warning}")
    for note in done.notes:
        say(f"note: {note}")
    say(done.unchecked if done.parity is None else f"LAMMPS {done.parity.program} agrees: {done.parity.text}")
    say(f"Wrote {done.folder}. Run it with: cd {done.folder} && mpiexec -n 4 lmp -in in.lammps")
