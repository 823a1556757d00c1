"""The example decks as starters for one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nakmd.errors import InputError, did_you_mean
from nakmd.resources import data_folder


@dataclass(frozen=True)
class Template:
    """An example to start from.

    Attributes
    ----------
    name : str
        File name without its ending, with dashes.
    summary : str
        The first comment line of the file.
    path : Path
    """

    name: str
    summary: str
    path: Path


def templates() -> list[Template]:
    """Return the examples that travel with nakmd, decks first."""
    found = []
    for path in sorted(data_folder("examples").glob("*")):
        if path.suffix in (".toml", ".py"):
            first = path.read_text(encoding="utf-8").partition("\n")[0]
            found.append(Template(path.stem.replace("_", "-"), first.strip('#" ').rstrip("."), path))
    return sorted(found, key=lambda t: (t.path.suffix != ".toml", t.name))


def write_template(name: str, output: Path | None = None, force: bool = False) -> Path:
    """Copy an example to a file.

    Parameters
    ----------
    name : str
    output : Path, optional
        The file's own name in the current folder if left out; an existing folder is written into.
    force : bool
        Whether an existing file is overwritten.

    Returns
    -------
    Path
    """
    known = {template.name: template for template in templates()}
    wanted = name.removesuffix(".toml").removesuffix(".py").replace("_", "-")
    if wanted not in known:
        raise InputError(f'There is no template "{name}". {did_you_mean(wanted, known)} `nakmd new` lists them.')
    source = known[wanted].path
    path = output or Path(source.name)
    if path.is_dir():
        path = path / source.name
    if path.exists() and not force:
        raise InputError(f"{path} exists already. Give another name with -o, or overwrite it with --force.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None
    return path
