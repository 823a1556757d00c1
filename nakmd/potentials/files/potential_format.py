"""Recognise the format of a potential file by its content, and name formats of other models."""

from __future__ import annotations

import re
from typing import Literal

from nakmd.potentials.files.number_lines import INTEGER, NUMBER

Format = Literal["set", "tersoff", "eam"]

_SET = re.compile(r"""^\s*(form|name|title)\s*=\s*["']""", re.MULTILINE)
_MEAM_ELEMENT = re.compile(
    r"""^\s*['"]?[A-Za-z]\w*['"]?\s+['"](fcc|bcc|hcp|dia|dim|dam|b1|c11|l12|b2|sc)['"]\s""", re.MULTILINE
)
_MEAM_NUMBER = re.compile(
    r"^\s*(rc|delr|erose_form|ialloy|augt1|(lattce|Ec|re|alpha|rho0|Cmin|Cmax|zbl|nn2|repuls|attrac)\([0-9, ]+\))\s*=",
    re.MULTILINE,
)

#: Formats that hold three elements and some numbers for each record, by the count of the numbers.
_TRIPLE_FORMATS = {11: "Stillinger-Weber", 17: "tersoff/mod", 18: "tersoff/mod/c or tersoff/zbl"}
#: Numbers of a record of a Tersoff file.
_TERSOFF_NUMBERS = 14
#: Part of a file in which its format is looked for.
_HEAD = 100_000
_GIVE = "nakmd reads setfl, eam.fs, funcfl, Tersoff files of LAMMPS and its own TOML sets."


def recognised(text: str) -> Format | None:
    """Return the format of a text: a TOML set, a Tersoff file, or a table (setfl, eam.fs, funcfl); None if unclear.

    Damaged files are recognised by their first lines.
    """
    head = text[:_HEAD]
    if is_funcfl(head) or _is_setfl(head):
        return "eam"
    if _numbers_of_a_triple(head) == _TERSOFF_NUMBERS:
        return "tersoff"
    return "set" if _SET.search(head) else None


def is_funcfl(text: str) -> bool:
    """Return whether a text has the header of funcfl: after a comment 'Z mass a lattice', then five grid values.

    As in LAMMPS both lines may have more words.
    """
    head = [words for line in text.split("\n", 8)[1:8] if (words := line.partition("#")[0].split())]
    if len(head) < 2 or len(head[0]) < 2 or len(head[1]) < 5:
        return False
    integers, numbers = (head[0][0], head[1][0], head[1][2]), (*head[0][:2], *head[1][:5])
    return all(INTEGER.fullmatch(word) for word in integers) and all(NUMBER.fullmatch(word) for word in numbers)


def _is_setfl(text: str) -> bool:
    """Return whether a text has 'N element ...' and five grid values on the first lines after three comments."""
    head = [words for line in text.split("\n", 9)[3:9] if (words := line.partition("#")[0].split())]
    if len(head) < 2 or not INTEGER.fullmatch(head[0][0]) or len(head[0]) < 2 or len(head[1]) < 5:
        return False
    return all(NUMBER.fullmatch(word) for word in head[1][:5])


def other_model(text: str) -> tuple[str, str] | None:
    """Return what a text is if it belongs to a model that nakmd does not have, as the end of a sentence, and a remedy.

    Recognised are MEAM, Stillinger-Weber and the variants of Tersoff, EIM, SNAP and machine-learned models of LAMMPS.
    """
    head = text[:_HEAD]
    name = ""
    if _MEAM_ELEMENT.search(head):
        name = "a MEAM library (modified embedded atoms)"
    elif _MEAM_NUMBER.search(head):
        name = "a MEAM parameter file (modified embedded atoms)"
    elif re.search(r"^\s*global:.*\n(.*\n)*?\s*element:", head, re.MULTILINE):
        name = "an EIM file (embedded ions)"
    elif re.search(r"^\s*(rcutfac|twojmax)\s", head, re.MULTILINE):
        name = "a SNAP file"
    elif head.lstrip().startswith("{"):
        name = "a JSON file"
    elif head.lstrip().startswith("<"):
        name = "an XML file"
    elif (numbers := _numbers_of_a_triple(head)) in _TRIPLE_FORMATS:
        name = f"a {_TRIPLE_FORMATS[numbers]} file ({3 + numbers} words for each record)"
    return (name, f"{_GIVE} Give one of these.") if name else None


def _numbers_of_a_triple(text: str) -> int:
    """Return the count of numbers after the first three words, if these are names; 0 if they are not."""
    words = " ".join(line.partition("#")[0] for line in text.split("\n")).split()
    if len(words) < 4 or any(NUMBER.fullmatch(word) or not word[0].isalpha() for word in words[:3]):
        return 0
    for count, word in enumerate(words[3:]):
        if not NUMBER.fullmatch(word):
            return count
    return len(words) - 3
