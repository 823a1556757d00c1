"""The folder of an export: what is compared first, and the input only if LAMMPS agrees."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nakmd.deck.deck import Deck, source_of
from nakmd.deck.source import DeckSource
from nakmd.engines.lammps_build import LAMMPSBuild, lammps_if_any
from nakmd.engines.lammps_export import TranslatedDeck, translate_deck
from nakmd.engines.lammps_parity import Parity, parity_input, run_parity
from nakmd.engines.lammps_script import DATA, INPUT, LOG, MANIFEST, PARITY, POTENTIAL, README
from nakmd.errors import InputError, RunError
from nakmd.io.atomic import plain, write_atomically
from nakmd.potentials.files.texts import write_texts
from nakmd.runs.plan import BuildNotice

#: Files without which nobody takes a folder for an export.
_SIGNS = (INPUT, MANIFEST, README)


@dataclass(frozen=True)
class LAMMPSExport:
    """An export that has been written.

    Attributes
    ----------
    folder : Path
    translated : TranslatedDeck
    parity : Parity or None
        None if no comparison was made.
    unchecked : str
        Why no comparison was made; empty if it was.
    """

    folder: Path
    translated: TranslatedDeck
    parity: Parity | None
    unchecked: str = ""

    @property
    def notes(self) -> list[str]:
        """How LAMMPS differs from the deck."""
        return self.translated.notes


def export_deck(
    deck: Deck | DeckSource | str | Path,
    directory: str | Path | None = None,
    *,
    parity: bool = True,
    overwrite: bool = False,
    announce: BuildNotice | None = None,
) -> LAMMPSExport:
    """Write a deck as input of LAMMPS, and compare energies, forces and virial of both engines.

    Parameters
    ----------
    deck : Deck, DeckSource, or path
    directory : path, optional
        Folder to write to; by default ``NAME-lammps`` in the current folder.
    parity : bool
        Whether LAMMPS computes one configuration; without a LAMMPS on this machine it does not.
    overwrite : bool
        Whether files of a folder that is not empty are replaced.
    announce : callable, optional
        As in `nakmd.runs.plan.make_plan`.

    Returns
    -------
    LAMMPSExport

    Raises
    ------
    DeckError
        If the deck is faulty, or LAMMPS has no counterpart of something in it.
    InputError
        If the folder is not empty.
    RunError
        If both engines differ by more than the limits, or LAMMPS fails: the folder then has no input.
    """
    source = source_of(deck)
    folder = Path(directory) if directory is not None else Path(f"{Path(source.name).stem}-lammps")
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty. Choose another with -o, or replace its files with --overwrite.")
    build = lammps_if_any() if parity else None
    translated = translate_deck(source, folder, announce)
    found = write_export(translated, folder, build)
    unchecked = ""
    if build is None:
        unchecked = (
            f"There is no LAMMPS on this machine: run `lmp -in {PARITY}` in {folder} before {INPUT}."
            if parity
            else f"Both engines were not compared: `lmp -in {PARITY}` in {folder} does it."
        )
    return LAMMPSExport(folder, translated, found, unchecked)


def write_export(translated: TranslatedDeck, folder: Path, build: LAMMPSBuild | None) -> Parity | None:
    """Write a translated deck to a folder; with a LAMMPS, compare both engines, and write the input only if they agree.

    Raises
    ------
    RunError
        As in `export_deck`.
    """
    _remove(folder, _SIGNS)
    texts = {
        **translated.model.texts(POTENTIAL),
        PARITY: parity_input(translated.parts, translated.reference),
        **translated.reference.files(),
    }
    write_texts(folder, texts)
    write_atomically(folder / DATA, translated.data(), sync=False)
    found = None if build is None else _compared(build, folder, translated)
    manifest = translated.manifest() | {"parity": None if found is None else found._asdict()}
    write_texts(
        folder,
        {
            INPUT: translated.parts.text(),
            MANIFEST: json.dumps(plain(manifest), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
            README: _readme(translated, found),
        },
    )
    return found


def _compared(build: LAMMPSBuild, folder: Path, translated: TranslatedDeck) -> Parity:
    """Return the differences of both engines; `RunError` if they exceed the limits."""
    found = run_parity(build, folder, translated.reference)
    if not found.passed:
        raise RunError(
            f"LAMMPS {found.program} does not compute what nakmd computes: {found.text}. No input was written; "
            f"{folder} has what was compared ({PARITY}, parity.log)."
        )
    return found


def _remove(folder: Path, names: Iterable[str]) -> None:
    """Remove what an earlier export has left, so that a failure leaves nothing that looks fit to run."""
    for name in names:
        try:
            os.remove(folder / name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InputError(f"{folder / name} cannot be replaced: {error.strerror}. Choose another folder.") from None


def _readme(translated: TranslatedDeck, parity: Parity | None) -> str:
    """Return what a person needs to know to run the folder."""
    topology = translated.system.topology
    types = ", ".join(f"{k} {name}" for k, name in enumerate(topology.species_names, start=1))
    compared = "Not compared with nakmd yet: run the second command first." if parity is None else f"{parity.text}."
    lines = [
        f"# {translated.parts.title}",
        "",
        f"Input of LAMMPS for {topology.n_atoms} atoms, written by `nakmd export`. Types: {types}.",
        "",
        "```",
        f"mpiexec -n 4 lmp -in {INPUT} -log {LOG}",
        f"lmp -in {PARITY} -log parity.log      # compares energies, forces and virial; exit code 1 if they differ",
        f"mpiexec -n 4 lmp -in {INPUT} -log more.log -var restart restart.a -var first 2 -var begin 500",
        "```",
        "",
        "The last command continues from a restart file within stage 2, which began at step 500: the log says where "
        "stages begin.",
        "",
        f"Difference of both engines: {compared}" if parity is not None else compared,
        "",
        "## How this differs from the deck",
        "",
        *(f"- {note}" for note in translated.notes or ["Nothing but rounding, and the constants of LAMMPS (1e-6)."]),
    ]
    return "\n".join(lines) + "\n"
