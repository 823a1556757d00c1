"""Small LAMMPS files, written by hand: independent of the writers of nakmd."""

import struct


def dump_frame(step, rows, columns, bounds=((0, 10),) * 3, flags="pp pp pp", tilts=None, head=()):
    """Return the text of one frame of a dump.

    Parameters
    ----------
    step : int
    rows : sequence of str
        Lines of atoms.
    columns : str
    bounds : three pairs
    flags : str
        Boundaries; empty for none.
    tilts : three floats, optional
        xy xz yz; `bounds` are then those of the bounding box.
    head : sequence of str
        Lines before the step.
    """
    lines = [*head, "ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(rows))]
    lines.append(" ".join(f"ITEM: BOX BOUNDS {'' if tilts is None else 'xy xz yz'} {flags}".split()))
    for axis, (low, high) in enumerate(bounds):
        lines.append(f"{low} {high}" if tilts is None else f"{low} {high} {tilts[axis]}")
    return "\n".join([*lines, f"ITEM: ATOMS {columns}", *rows]) + "\n"


def data_text(rows, style="", masses=("1 22.98976928", "2 39.0983"), title="a file", n_types=2, header=(), sections=""):
    """Return the text of a data file in a box of 10, 11 and 12 Å from (1, 2, 3).

    Parameters
    ----------
    rows : sequence of str
        Lines of atoms.
    style : str
        Text behind ``Atoms``.
    masses : sequence of str
    title : str
        First line.
    n_types : int
    header : sequence of str
        Further lines of the header.
    sections : str
        Text of further sections.
    """
    lines = [title, "", f"{len(rows)} atoms", f"{n_types} atom types", *header]
    lines += ["1 11 xlo xhi", "2 13 ylo yhi", "3 15 zlo zhi", ""]
    if masses:
        lines += ["Masses", "", *masses, ""]
    return "\n".join([*lines, f"Atoms {style}".strip(), "", *rows, "", sections])


def restart_file(step, end=b"LammpS RestartT\0"):
    """Return the bytes of a restart file as write_restart.cpp writes them, without atoms."""

    def text(number, words):
        return struct.pack("=ii", number, len(words)) + words

    head = b"LammpS RestartT\0" + struct.pack("=ii", 1, 3) + text(0, b"22 Jul 2025\0")
    sizes = b"".join(struct.pack("=ii", number, 4) for number in (1, 2, 3))
    return head + sizes + text(4, b"metal\0") + struct.pack("=iq", 5, step) + b"\7\0\0\0\1\0\0\0" + end
