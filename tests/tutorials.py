"""Execution of the tutorials: files are written, commands run, Python runs, in the order of the page.

Blocks of a page are fenced. ``toml title="x.toml"`` (or any other language with a title) is a file, ``sh`` are commands
of nakmd, ``python`` is run with the names of the blocks before it. Others (``text``, ``console``) are only shown. A
remark before a block, which readers do not see, shortens it for the test:

    <!-- test:
    duration = "80 ps" => duration = "0.1 ps"
    -->
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from nakmd.deck.source import DeckSource
from nakmd.runs.plan import make_plan

BLOCK = re.compile(
    r"(?:<!-- test:\n(?P<remark>.*?)-->\n)?^```(?P<language>\w+)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
REMARK = "<!-- test:"


@dataclass(frozen=True)
class Block:
    """A block of a tutorial.

    Attributes
    ----------
    language, file : str
        The file is empty if the block has no title.
    shown : str
        As readers see it.
    text : str
        As the test runs it.
    line : int
        Of its first line in the page, for messages.
    """

    language: str
    file: str
    shown: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page; every remark must belong to a block and change it."""
    markdown = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(markdown):
        text = match["text"]
        for line in (match["remark"] or "").splitlines():
            old, arrow, new = line.partition(" => ")
            assert arrow, f"{page.name}: {line!r} is not OLD => NEW"
            assert old in text, f"{page.name}: {old!r} is not in the block that the remark precedes"
            text = text.replace(old, new)
        line = markdown.count("\n", 0, match.start("text")) + 1
        found.append(Block(match["language"], match["file"] or "", match["text"], text, line))
    remarks = sum(match["remark"] is not None for match in BLOCK.finditer(markdown))
    assert remarks == markdown.count(REMARK), f"{page.name}: a remark does not stand before a block"
    return found


def play(page: Path, folder: Path, command) -> None:
    """Run all blocks of a page.

    Parameters
    ----------
    page : Path
    folder : Path
        The current folder: files are written there.
    command : callable
        Runs a command of nakmd; returns exit code, standard output and error (the fixture of that name).
    """
    names: dict = {"__name__": "tutorial"}
    for block in blocks_of(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.shown, encoding="utf-8")
            check_deck(path)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                run_line(shlex.split(line, comments=True), command, f"{page.name}, line {block.line}")
        elif block.language == "python":
            # line numbers of a traceback are those of the page
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)


def run_line(words: list[str], command, where: str) -> None:
    """Run a command of nakmd."""
    if not words:
        return
    assert words[0] == "nakmd", f"{where}: {words[0]} is no command of nakmd; show it as console"
    code, out, error = command(*words[1:])
    assert code == 0, f"{where}: {' '.join(words)} ended with {code}:\n{out}\n{error}"


def check_deck(path: Path) -> None:
    """Check a deck as readers see it: neither faults nor warnings."""
    if path.suffix != ".toml" or "[[stage]]" not in path.read_text(encoding="utf-8"):
        return
    plan = make_plan(DeckSource.read(path))
    assert plan.faults == [], plan.faults
    assert plan.warnings == [], plan.warnings
