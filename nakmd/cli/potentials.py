"""``nakmd potentials``: the library of parameter sets, and other potential files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nakmd.cli.guard import EXIT_BAD_INPUT, complain, guarded

app = typer.Typer(help="List, show, check and export parameter sets.", no_args_is_help=True)

AsJSON = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Name = Annotated[str, typer.Argument(help="A parameter set, or a file: .toml, .tersoff, setfl, eam.fs, funcfl.")]


@app.command("list")
@guarded
def list_(as_json: AsJSON = False) -> None:
    """List the parameter sets and models of the library.

    Example: nakmd potentials list
    """
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.potentials import library

    sets = library.list_sets()
    if as_json:
        show_json([_summary(entry) for entry in sets])
        return
    show_table(
        ["name", "form", "species", "title"],
        [[entry.name, entry.form, " ".join(entry.species), entry.title] for entry in sets],
    )
    say("\nnakmd potentials show NAME prints the parameters, papers and notes of a set.")


@app.command()
@guarded
def show(name: Name, as_json: AsJSON = False) -> None:
    """Print a set: form, parameters with units, papers, licence, accuracy and limits of use; of a table its header.

    Example: nakmd potentials show nak-cn
    """
    from nakmd.cli.output import show_json
    from nakmd.cli.potential_file_page import file_facts, show_file_page
    from nakmd.cli.potential_page import show_page
    from nakmd.potentials import library
    from nakmd.runs.potential_builder import potential_file

    found = potential_file(name, Path())
    if found is not None and found[1] != "set":
        facts = file_facts(*found)
        show_json(facts.to_dict()) if as_json else show_file_page(facts)
        return
    named = name if found is None else found[0]
    record = library.read_set(named)
    if as_json:
        show_json({**_summary(library.summary(named)), "record": record.model_dump(mode="json")})
    else:
        show_page(record, library.summary(named), library.parts(named))


@app.command()
@guarded
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Sets or files. Default: the whole library.")] = None,
    melt: Annotated[
        bool, typer.Option("--melt", help="Also run each crystal for 6 ps at 0.6 of its melting point.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Check parameter sets or files: forces, crystals, cores, cutoffs; for tables also grids, noise and signs.

    Each check gives "ok", "warning" or "fault", with its value and a remedy. The exit code is 2 if there is a fault.

    Example: nakmd potentials check nak-cn --melt
    """
    from nakmd.cli.output import say, show_json, show_table
    from nakmd.errors import InputError
    from nakmd.kernels.jit import set_threads
    from nakmd.potentials import library
    from nakmd.studies.soundness import check_potential

    set_threads(1)  # a few atoms at a time: more threads would only wait
    reports: list[dict[str, Any]] = []
    for name in names or library.names():
        try:
            reports.append(check_potential(name, melt).to_dict())
        except InputError as error:
            reports.append({"name": name, "level": "fault", "fault": str(error)})
    if as_json:
        show_json(reports)
    else:
        for entry in reports:
            if "fault" in entry:
                complain(entry["fault"])
                continue
            say(f"{entry['name']}: {entry['level']} ({', '.join(entry['species'])}; cutoff {entry['cutoff']:.3f} Å)")
            show_table(
                ["check", "species", "verdict", "result", "remedy"],
                [[v["check"], v["of"], v["level"], v["text"], v["remedy"]] for v in entry["verdicts"]],
            )
            say()
    if any(entry["level"] == "fault" for entry in reports):
        raise typer.Exit(EXIT_BAD_INPUT)


@app.command()
@guarded
def export(
    name: Name,
    directory: Annotated[Path, typer.Option("--directory", "-o", help="Directory to write to.")] = Path(),
    form: Annotated[
        str, typer.Option("--form", help="lammps (commands and their files), setfl, eam.fs or tersoff.")
    ] = "lammps",
    species: Annotated[
        str | None,
        typer.Option("--species", help='LAMMPS types 1, 2, ...: "C,N:graphitic,Na,K". Default: all of the set.'),
    ] = None,
    affinity: Annotated[float, typer.Option("--affinity", help="Factor on the metal-carbon well depths.")] = 1.0,
    doping: Annotated[
        float | None, typer.Option("--doping", help="Graphitic nitrogen per atom of the wall, which changes the wells.")
    ] = None,
    screening: Annotated[
        float, typer.Option("--screening", help="Strength of the screening by metal: 0 none, 1 as calibrated.")
    ] = 1.0,
    member: Annotated[int | None, typer.Option("--member", help="Member of the ensemble of the set, from 1.")] = None,
    plugin: Annotated[
        bool, typer.Option("--plugin", help="lammps: screened pairs by a pair style that is built from source.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Write a set as files for LAMMPS: tables, or pair_style and pair_coeff commands with the files they read.

    The model is that of a deck with the same affinity, doping, screening and member. With --plugin a step of nak-cn
    takes as long as one of nak-cn-pair, without it up to four times as long.

    Example: nakmd potentials export nak-cn --species C,N:graphitic,Na,K -o lammps
    """
    from nakmd.cli.output import say, show_json
    from nakmd.errors import InputError
    from nakmd.potentials.files.export import export_texts
    from nakmd.potentials.files.lammps_commands import lammps_input
    from nakmd.potentials.files.texts import write_texts
    from nakmd.runs.trial import load_any, species_known_to

    if plugin and form != "lammps":
        raise InputError(f"--plugin is for LAMMPS: use --form lammps, not {form}.")
    potential = load_any(name, affinity, member, doping, screening)
    types: list[str] = []
    if form == "lammps":
        types = [word.strip() for word in species.split(",")] if species else species_known_to(potential)
        written = lammps_input(potential, types, plugin).write(directory)
    else:
        chosen = species.split(",") if species else None
        written = write_texts(directory, export_texts(potential, form, Path(name).stem, chosen))
    if as_json:
        show_json({"species": types, "files": [str(path) for path in written]})
        return
    say(f"Types 1 to {len(types)} are {', '.join(types)}. Wrote:" if types else "Wrote:")
    for path in written:
        say(f"  {path}")
    if types:
        if plugin:
            say("Build the pair style there, in the environment of LAMMPS (mpicxx on the path):")
            say("  cmake -S . -B build && cmake --build build")
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
