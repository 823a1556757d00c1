"""``nakmd potentials``: the library of parameter sets, and potential files of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nakmd.cli.guard import EXIT_BAD_INPUT, complain, guarded

app = typer.Typer(help="List, show, check and export sets of parameters.", no_args_is_help=True)

AsJSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Name = Annotated[str, typer.Argument(help="A named set, or a file: .toml, .tersoff, setfl, eam.fs, funcfl.")]


@app.command("list")
@guarded
def list_(as_json: AsJSON = False) -> None:
    """List the sets and models that travel with nakmd."""
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.potentials import library

    sets = library.list_sets()
    if as_json:
        show_json([_summary(entry) for entry in sets])
        return
    show_table(
        ["name", "form", "of", "title"],
        [[entry.name, entry.form, " ".join(entry.species), entry.title] for entry in sets],
    )
    say("\nnakmd potentials show NAME prints the numbers, papers and notes of one.")


@app.command()
@guarded
def show(name: Name, as_json: AsJSON = False) -> None:
    """Print a set: numbers, papers, licence, notes."""
    from nakmd.cli.output import say, show_json
    from nakmd.potentials import library

    record = library.read_set(name)
    if as_json:
        show_json({**_summary(library.summary(name)), "record": record.model_dump(mode="json")})
    else:
        say(library.path(name).read_text(encoding="utf-8").rstrip())


@app.command()
@guarded
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Sets or files; all of the library if left out.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Read sets or files, build their tables, and verify forces against energies on a shaken configuration."""
    from nakmd.cli.output import show_json, show_table
    from nakmd.deck.trial import try_potential
    from nakmd.errors import InputError
    from nakmd.potentials import library

    results: list[dict[str, Any]] = []
    for name in names or library.names():
        try:
            results.append({"name": name, "ok": True, **try_potential(name)})
        except InputError as error:
            results.append({"name": name, "ok": False, "fault": str(error)})
    if as_json:
        show_json(results)
    else:
        rows = [
            [r["name"], " ".join(r["species"]), f"{r['cutoff']:.3f} Å", f"{r['force_error']:.1e}"]
            for r in results
            if r["ok"]
        ]
        if rows:
            show_table(["name", "species", "cutoff", "force error"], rows)
        for result in results:
            if not result["ok"]:
                complain(result["fault"])
    if not all(result["ok"] for result in results):
        raise typer.Exit(EXIT_BAD_INPUT)


@app.command()
@guarded
def export(
    name: Name,
    directory: Annotated[Path, typer.Option("--directory", "-o", help="Folder to write into.")] = Path(),
    species: Annotated[
        str | None,
        typer.Option("--species", help='LAMMPS types 1, 2, ...: "C,N:graphitic,Na,K"; all of the set if left out.'),
    ] = None,
    affinity: Annotated[float, typer.Option("--affinity", help="Factor on the metal-carbon depths.")] = 1.0,
    as_json: AsJSON = False,
) -> None:
    """Write a set as files for LAMMPS: eam.fs and Tersoff tables, and the pair_style and pair_coeff commands."""
    from nakmd.cli.output import say, show_json
    from nakmd.deck.trial import load_any, species_known_to
    from nakmd.potentials.export import lammps_input

    potential = load_any(name, affinity)
    types = [word.strip() for word in species.split(",")] if species else species_known_to(potential)
    written = lammps_input(potential, types).write(directory)
    if as_json:
        show_json({"species": types, "files": [str(path) for path in written]})
        return
    say(f"Types 1 to {len(types)} are {', '.join(types)}. Wrote:")
    for path in written:
        say(f"  {path}")
    say(f"In LAMMPS: units metal, then include {written[0].name}")


def _summary(entry: Any) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "form": entry.form,
        "species": list(entry.species),
        "license": entry.license,
        "dois": list(entry.dois),
        "path": str(entry.path),
        "sha256": entry.sha256,
    }
