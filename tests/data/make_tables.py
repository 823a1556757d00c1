"""Write the small embedded-atom tables of the tests; run it with ``python tests/data/make_tables.py``.

The functions are smooth inventions, not metals: coarse grids make the interpolation rule matter, and
densities that differ both with the neighbour and with the centre make every exchange of indices visible.
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from reference.tables import Table, write_setfl  # noqa: E402

COMMENT = [
    "Invented table of the nakmd tests, smooth functions without physical meaning.",
    "tests/data/make_tables.py",
    "",
]


def invented(elements, numbers, masses, kind, nrho, nr, cutoff, scale):
    """Return a table of smooth functions that differ for every element and ordered pair of elements."""
    s = len(elements)
    r, drho = np.arange(nr) * (cutoff / (nr - 1)), 0.9 / (nrho - 1)
    rho = np.arange(nrho) * drho
    embedding = np.array([-(1.0 + 0.3 * a) * np.sqrt(rho) + (0.11 - 0.04 * a) * rho**2 for a in range(s)])
    fade = (1.0 - r / cutoff) ** 3 * (1.0 + 3.0 * r / cutoff)
    density, r_phi = np.zeros((s, s, nr)), np.zeros((s, s, nr))
    for a in range(s):
        for b in range(s):
            centre = b if kind == "fs" else 0
            density[a, b] = (
                (0.5 + 0.2 * a + 0.13 * centre + 0.07 * a * centre) * np.exp(-r / (scale * (1 + 0.1 * a))) * fade
            )
            r_phi[a, b] = (9.0 + 2.0 * (a + b)) * np.exp(-1.7 * r / scale) * fade * np.cos(0.8 * r / scale)
    return Table(elements, embedding, density, r_phi, drho, cutoff / (nr - 1), cutoff, masses, numbers)


def write_funcfl(path, nrho=60, nr=90, cutoff=4.95):
    """Write one element in the funcfl form: F(ρ), effective charge Z(r), ρ(r)."""
    # LAMMPS drops the last point of a funcfl grid, so the functions end two points before it
    r, rho = np.arange(nr) * (cutoff / (nr - 3)), np.arange(nrho) * (0.9 / (nrho - 1))
    fade = np.maximum(1.0 - r / cutoff, 0.0) ** 3 * (1.0 + 3.0 * r / cutoff)
    values = [
        -1.2 * np.sqrt(rho) + 0.1 * rho**2,
        9.0 * np.exp(-0.9 * r) * fade,
        0.6 * np.exp(-r / 1.6) * fade,
    ]
    lines = [COMMENT[0], "29 63.546 3.61 fcc"]
    lines.append(f"{nrho} {float(rho[1])!r} {nr} {float(r[1])!r} {cutoff!r}")
    for column in values:
        lines += [" ".join(f"{x:.16e}" for x in column[k : k + 5]) for k in range(0, len(column), 5)]
    Path(path).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    alloy = invented(["Al", "Cu"], [13, 29], [26.9815384, 63.546], "alloy", 50, 80, 6.3, 1.5)
    write_setfl(HERE / "invented.eam.alloy", alloy, "alloy", COMMENT)
    fs = invented(["Na", "K"], [11, 19], [22.98976928, 39.0983], "fs", 50, 80, 6.9, 1.9)
    write_setfl(HERE / "invented.eam.fs", fs, "fs", COMMENT)
    write_funcfl(HERE / "invented.eam")
