"""EAM tables and funcfl files made up for tests."""

import numpy as np

from nakmd.potentials.files.eam_table import EAMTable


def smooth_table(kind="fs", n_rho=40, n_r=61, seed=3, d_rho=0.15):
    """Return invented tables of two elements: smooth, and for fs different for every ordered pair."""
    generator = np.random.default_rng(seed)
    d_r = 0.1
    r, rho = d_r * np.arange(n_r), d_rho * np.arange(n_rho)
    cutoff = d_r * (n_r - 1)
    fall = (1.0 - r / cutoff) ** 3
    density = fall * generator.uniform(0.5, 2.0, (2, 2, 1)) * np.exp(-generator.uniform(0.1, 0.4, (2, 2, 1)) * r)
    pair = r * fall * generator.uniform(1.0, 3.0, (2, 2, 1)) * np.cos(generator.uniform(0.5, 1.0, (2, 2, 1)) * r)
    pair = pair + pair.transpose(1, 0, 2)
    return EAMTable(
        kind=kind, elements=("Na", "K"), atomic_numbers=(11, 19), masses=(22.98976928, 39.0983),
        lattice_constants=(4.29, 5.33), lattices=("bcc", "bcc"), d_rho=d_rho, d_r=d_r, cutoff=cutoff,
        embedding=-generator.uniform(0.5, 1.0, (2, 1)) * np.sqrt(rho + 0.1), pair=pair,
        density=density if kind == "fs" else density[:, 0], comment="one\ntwo\nthree",
    )  # fmt: skip


def same(a, b):
    for name in (
        "elements",
        "atomic_numbers",
        "masses",
        "lattice_constants",
        "lattices",
        "d_rho",
        "d_r",
        "cutoff",
    ):
        assert getattr(a, name) == getattr(b, name), name
    for name in ("embedding", "density", "pair"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert a.kind == b.kind
    assert a.rho_max == b.rho_max


def funcfl_text(z=29, n_rho=12, d_rho=0.1, n_r=15, d_r=0.4, power=1.0):
    r, rho = d_r * np.arange(n_r), d_rho * np.arange(n_rho)
    blocks = [-np.sqrt(rho), 5.0 * np.exp(-power * r), np.exp(-0.5 * r) * (1.0 + 0.1 * power)]
    lines = ["a comment", f"{z} 63.55 3.615 FCC", f"{n_rho} {d_rho} {n_r} {d_r} {d_r * (n_r - 2)}"]
    lines += [" ".join(f"{v:.16e}" for v in block[k : k + 5]) for block in blocks for k in range(0, len(block), 5)]
    return "\n".join(lines) + "\n"
