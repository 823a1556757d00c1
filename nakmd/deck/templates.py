"""The examples as templates for new decks and scripts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from nakmd.errors import InputError, did_you_mean
from nakmd.replaced_file import ReplacedFile
from nakmd.resources import data_folder


class Template(NamedTuple):
    """An example that can be copied.

    Attributes
    ----------
    name : str
        File name without extension, with dashes.
    summary : str
        The first comment line of the file.
    path : Path
    """

    name: str
    summary: str
    path: Path


def templates() -> list[Template]:
    """Return the examples installed with nakmd, decks first."""
    examples = []
    for path in sorted(data_folder("examples").glob("*")):
        if path.suffix in (".toml", ".py"):
            first = path.read_text(encoding="utf-8").partition("\n")[0]
            examples.append(Template(path.stem.replace("_", "-"), first.strip('#" ').rstrip("."), path))
    return sorted(examples, key=lambda t: (t.path.suffix != ".toml", t.name))


def write_template(name: str, output: Path | None = None, force: bool = False) -> Path:
    """Copy an example to a file.

    Parameters
    ----------
    name : str
    output : Path, optional
        File or existing folder; by default the name of the example in the current folder.
    force : bool
        Overwrite an existing file.

    Returns
    -------
    Path
    """
    known = {template.name: template for template in templates()}
    key = name.removesuffix(".toml").removesuffix(".py").replace("_", "-")
    if key not in known:
        raise InputError(f'There is no template "{name}". {did_you_mean(key, known)} `nakmd new` lists all templates.')
    source = known[key].path
    path = output or Path(source.name)
    if path.is_dir():
        path = path / source.name
    if path.exists() and not force:
        raise InputError(f"{path} exists already. Choose another file with -o, or overwrite it with --force.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ReplacedFile(path) as new:
            new.temporary.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None
    return path
