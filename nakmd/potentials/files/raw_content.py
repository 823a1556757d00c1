"""The bytes of a potential file as text, or the name of what they are instead."""

from __future__ import annotations

import re

from nakmd.errors import FileFormatError

#: First bytes of compressed files and the program that unpacks them.
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gunzip"),
    b"BZh": ("bzip2", "bunzip2"),
    b"\xfd7zXZ\x00": ("xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"7z\xbc\xaf": ("7-Zip", "7z x"),
}
#: First bytes of other files that are no text.
_BINARY = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "a document of a word processor (RTF)",
    b"\x89HDF": "an HDF5 file",
    b"\x89PNG": "a picture (PNG)",
    b"\xd0\xcf\x11\xe0": "a document of a word processor",
    b"\x7fELF": "a program",
}
#: Byte-order marks of encodings other than UTF-8; the longer ones first.
_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_UTF_8_MARK = b"\xef\xbb\xbf"
_WEB_PAGE = re.compile(rb"<(!doctype\s+html|html|head|body|\?xml)\b", re.IGNORECASE)
#: A carriage return that ends a line on its own; "\r\n" and "\r\r\n" are read as line ends.
_LONE_RETURN = re.compile(rb"\r(?![\r\n])(?!\Z)")
#: Part of a file in which its kind is looked for.
_HEAD = 1024
_RAW = "Download the raw file itself."


def decoded(path: object, data: bytes) -> str:
    """Return the text of a file; invalid UTF-8 becomes U+FFFD (allowed in comments, numbers are validated).

    Parameters
    ----------
    path : path-like
        For messages.
    data : bytes

    Raises
    ------
    FileFormatError
        If the bytes are empty, compressed, a web page, a pointer of Git LFS or git-annex, of another encoding, or have
        line ends that no reader accepts: each with its name and the remedy.
    """
    problem = _problem(data)
    if problem is not None:
        what, remedy = problem
        raise FileFormatError(path, what, remedy)
    return data.removeprefix(_UTF_8_MARK).decode("utf-8", errors="replace")


def _problem(data: bytes) -> tuple[str, str] | None:
    """Return what the bytes are if they are no text of a potential, and the remedy."""
    head = data[:_HEAD]
    if not data.removeprefix(_UTF_8_MARK).strip():
        held = f"holds only white space ({len(data)} bytes)" if data else "is empty (0 bytes)"
        return f"the file {held}.", "Write or download it again."
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return f"the file is {encoding} text.", f"Convert it: iconv -f {encoding} -t UTF-8 FILE > NEW."
    for mark, (name, program) in _COMPRESSED.items():
        if head.startswith(mark):
            return f"the file is compressed ({name}).", f"Unpack it: {program} FILE."
    for mark, name in _BINARY.items():
        if head.startswith(mark):
            return f"the file is {name}.", "Give a text file with the numbers."
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        return (
            "the file is a pointer of Git LFS; the numbers are not in it.",
            "Fetch them in its repository: git lfs pull.",
        )
    if b"/annex/objects/" in head:
        return (
            "the file is a pointer of git-annex; the numbers are not in it.",
            "Fetch them in its repository: git annex get FILE.",
        )
    if _WEB_PAGE.match(head.removeprefix(_UTF_8_MARK).lstrip()) or re.search(rb"<html\b", head, re.IGNORECASE):
        return "the file is a web page (HTML), not the file that the page shows.", _RAW
    zeros = data.count(b"\0")
    if zeros:
        if zeros > len(data) // 4:
            return (
                f"the file is UTF-16 or UTF-32 text or binary ({zeros} of its {len(data)} bytes are NUL).",
                "Convert text to UTF-8: iconv -f UTF-16LE -t UTF-8 FILE > NEW.",
            )
        at = data.index(b"\0")
        line = data.count(b"\n", 0, at) + 1
        return (
            f"{zeros} of its {len(data)} bytes are NUL, the first on line {line}: a copy or a disk failed.",
            "Use an intact copy.",
        )
    returns = len(_LONE_RETURN.findall(data))
    if returns:
        return (
            f"{returns} lines end in a carriage return alone (CR, of old Macintosh programs).",
            r"Convert them: tr '\r' '\n' < FILE > NEW.",
        )
    return None
