"""``nakmd convert``: trajectories and structures in other formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            help="A trajectory or the directory of a run, a LAMMPS dump or data file, or any file that ASE reads."
        ),
    ],
    target: Annotated[Path, typer.Argument(help="File to write.")],
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", help="extxyz, lammps-data, lammps-dump, dcd, h5md. Default: by extension."),
    ] = None,
    frames: Annotated[str | None, typer.Option("--frames", help="start:stop:stride, or one index.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Only frames of this stage.")] = None,
    types: Annotated[
        str | None, typer.Option("--types", help="Species of the types of a LAMMPS file, e.g. Na,K,N:graphitic.")
    ] = None,
    units: Annotated[
        str | None, typer.Option("--units", help="Units of a LAMMPS file: metal or real. Default: metal.")
    ] = None,
    timestep: Annotated[
        str | None, typer.Option("--timestep", help="Time of one step of a LAMMPS file, e.g. '2 fs'.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Convert a trajectory to extended XYZ, LAMMPS data or dump, DCD, or H5MD.

    Example: nakmd convert run.dump run.h5md --types Na,K,C --timestep "1 fs"
    """
    from nakmd.cli.output import say, show_json
    from nakmd.deck.quantities import TIME, QuantityError, parse_quantity
    from nakmd.errors import InputError
    from nakmd.io.convert import convert as convert_file

    try:
        picoseconds = None if timestep is None else parse_quantity(timestep, TIME)
    except QuantityError as error:
        raise InputError(f"--timestep: {error}") from None
    written = convert_file(source, target, format, frames, stage, types, units, picoseconds)
    if as_json:
        show_json(
            {
                "target": str(written.target),
                "format": written.format,
                "frames": written.n_frames,
                "notes": list(written.notes),
            }
        )
        return
    say(f"Wrote {written.n_frames} frame{'s' * (written.n_frames != 1)} to {written.target} ({written.format}).")
    for note in written.notes:
        say(note)
