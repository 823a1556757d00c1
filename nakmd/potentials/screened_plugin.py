"""Screened metal-wall pairs as a pair style of LAMMPS that is built from source: ``nakmd/screened``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from nakmd.arrays import FloatArray
from nakmd.potentials.files.eam_files import value_lines
from nakmd.potentials.files.texts import read_text
from nakmd.potentials.lammps_style import LAMMPSStyle
from nakmd.potentials.screened_sides import ScreenedSides

#: Source of the pair style and how it is built; the library is ``nakmdplugin.so``.
SOURCES = ("CMakeLists.txt", "pair_nakmd_screened.cpp", "pair_nakmd_screened.h")
LIBRARY = "./nakmdplugin.so"
#: Points of the functions of r, from 0 to the cutoff of each pair, and of F, on a grid of √ρ, where it has no root.
N_R = 8_000
N_ROOT = 20_000
#: Version of the file that the source reads.
FILE_VERSION = 1


def plugin_style(sides: ScreenedSides, species_names: Sequence[str], stem: str) -> LAMMPSStyle | None:
    """Return the pair style with its file of tables and its source.

    Parameters
    ----------
    sides : ScreenedSides
    species_names : sequence of str
        Species of the LAMMPS types 1, 2, ...
    stem : str
        First part of the name of the file of tables.

    Returns
    -------
    LAMMPSStyle or None
        Each pair has its own cutoff and is visited twice, for the sums and for the forces. None if no two of the
        species are metal and wall.
    """
    metal, metals, walls, keys = sides.metal, sides.metals, sides.walls, sides.keys
    if not sides.entries:
        return None
    cutoffs = metal.bind_term(metals).requests[0].cutoffs.tolist()
    largest = np.sqrt(metal.largest_density)
    roots = np.linspace(0.0, largest, N_ROOT)
    out = [
        f"# {sides.label}, tabulated by nakmd for pair_style nakmd/screened, UNITS: metal",
        f"nakmd/screened {FILE_VERSION} {len(metals)} {len(walls)}",
        " ".join([*metals, *walls]),
        f"{N_ROOT} {float(largest)!r} {N_R}",
    ]
    for name, key in zip(metals, keys, strict=True):
        out.append(f"{sides.depth[name]!r} {1.0 / sides.rho_0[name]!r}")
        out += _nodes(metal.embedding_energy(key, roots**2))
    # three nodes more than are written: differences about the last one need them
    for i, a in enumerate(metals):
        for j in range(i, len(metals)):
            out.append(repr(cutoffs[i][j]))
            if cutoffs[i][j] == 0.0:
                continue
            r = _distances(cutoffs[i][j], N_R + 3)
            v, at_first = metal.functions(keys[i], keys[j], r)
            for function in (at_first, metal.functions(keys[j], keys[i], r)[1], v):
                out += _nodes(function, N_R)
        for b in walls:
            entry = sides.entries.get((a, b))
            if entry is None:
                out.append("0.0")
                continue
            cutoff = float(sides.contact.pairs[entry]["cutoff"])
            # the last node is just inside the cutoff, where the potential may have a step
            r = np.minimum(_distances(cutoff, N_R), np.nextafter(cutoff, 0.0))
            step, share = cutoff / (N_R - 1), sides.shares[a, b]
            out.append(repr(cutoff))
            for factor, attraction in ((share, True), (1.0, False)):
                values, slopes = sides.contact.curve(entry, r, attraction)
                out += _nodes(factor * values, slopes=factor * step * slopes)
    file = f"{stem}.nakmd"
    mapped = [name if name in metals or name in walls else "NULL" for name in species_names]
    sources = Path(__file__).parent / "files" / "plugin"
    return LAMMPSStyle(
        "nakmd/screened",
        "",
        [("* *", f"{file} {' '.join(mapped)}")],
        files={file: "\n".join(out) + "\n", **{name: read_text(sources / name) for name in SOURCES}},
        library=LIBRARY,
    )


def _distances(cutoff: float, n: int) -> FloatArray:
    """Return n distances, of which the cutoff is number N_R; the first is not 0, where V may diverge."""
    step = cutoff / (N_R - 1)
    r: FloatArray = step * np.arange(float(n))
    r[0] = 1e-3 * step
    return r


def _nodes(values: FloatArray, n: int | None = None, slopes: FloatArray | None = None) -> Iterable[str]:
    """Yield lines of n values and slopes per step, by default from differences of fourth order."""
    slopes = _slopes(values) if slopes is None else slopes
    return value_lines(np.stack([values, slopes], axis=1)[:n].ravel())


def _slopes(f: FloatArray) -> FloatArray:
    """Return the derivative of tabulated values times the step, with an error of fourth order also at the ends."""
    out = np.empty_like(f)
    out[2:-2] = (f[:-4] - f[4:] + 8.0 * (f[3:-1] - f[1:-3])) / 12.0
    end, next_to_end = (
        np.array([-25.0, 48.0, -36.0, 16.0, -3.0]) / 12.0,
        np.array([-3.0, -10.0, 18.0, -6.0, 1.0]) / 12.0,
    )
    out[0], out[1] = end @ f[:5], next_to_end @ f[:5]
    out[-1], out[-2] = -end @ f[:-6:-1], -next_to_end @ f[:-6:-1]
    return out
