"""Recompute the stored goldens with LAMMPS; run it with ``python tests/golden/regenerate.py [name ...]``.

Each JSON holds the configuration, the model (`models`), LAMMPS's energies, forces and virial, and where they
come from: program and version, date, and every command. A machine without LAMMPS is held to these files.
"""

import datetime
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import configurations as made  # noqa: E402
import lammps_oracle  # noqa: E402
import models  # noqa: E402

METALS = {"Na": (0.0214, 1.8069, 3.1529), "K": (0.0258, 1.8139, 3.4335)}
SITES = {"C": 1.0, "C:edge": 1.5, "N:graphitic": 0.25, "N:pyridinic": 8.0}
#: Na and K on four wall species: the screened Morse set with invented site factors, cut at 8 Å.
METAL_WALL = {
    "style": "morse",
    "cutoff": 8.0,
    "mode": "shift",
    "pairs": {
        f"{metal} {wall}": [depth * factor, alpha, r0]
        for metal, (depth, alpha, r0) in METALS.items()
        for wall, factor in SITES.items()
    },
}
TABLE = {"style": "eam", "kind": "fs", "file": "invented.eam.fs"}
ALLOY = {"style": "eam", "kind": "alloy", "file": "invented.eam.alloy"}
ONE_METAL = {"style": "eam", "kind": "funcfl", "file": "invented.eam"}
BONDS = {"style": "tersoff", "file": "cn.tersoff"}
ODD_BONDS = {"style": "tersoff", "file": "invented.tersoff"}
MORSE = {
    "style": "morse",
    "cutoff": 7.0,
    "mode": "shift",
    "pairs": {"K C": [0.0736, 1.6748, 3.0814], "K K": [0.05, 1.5, 3.4], "C C": [0.01, 1.9, 3.0]},
}
LENNARD_JONES = {
    "style": "lennard_jones",
    "cutoff": 7.5,
    "mode": "cut",
    "pairs": {"K C": [0.01, 3.0], "K K": [0.05, 3.4], "C C": [0.003, 3.2]},
}
SLAB = (True, False, True)

#: name: (configuration, model)
CASES = {
    "eam_alloy": (lambda: made.crystal("fcc", 3.9, 2, ("Al", "Cu"), 1, 0.1, 0.04), [ALLOY]),
    "eam_fs": (lambda: made.crystal("bcc", 4.8, 3, ("K", "Na"), 2, 0.2, 0.04), [TABLE]),
    "eam_fs_tiny_cell": (lambda: made.crystal("bcc", 4.7, 1, ("Na", "K"), 6, 0.2, 0.1), [TABLE]),
    "eam_fs_slab": (lambda: made.crystal("bcc", 4.8, 3, ("Na", "K"), 3, 0.2, 0.04, SLAB), [TABLE]),
    "eam_funcfl": (lambda: made.crystal("fcc", 3.6, 2, ("Cu",), 4, 0.1, 0.04), [ONE_METAL]),
    "tersoff_sheet": (lambda: made.sheet(seed=1, shake=0.08), [BONDS]),
    "tersoff_tube_hot": (lambda: made.tube(5, 5, 3, seed=2, shake=0.12), [BONDS]),
    "tersoff_tube_stretched": (lambda: made.tube(6, 2, 1, seed=3, shake=0.03, stretch=1.12), [BONDS]),
    "tersoff_lambda3": (lambda: made.sheet(seed=4, shake=0.1), [ODD_BONDS]),
    "tersoff_lambda3_crystal": (lambda: made.crystal("fcc", 3.3, 2, ("N", "C"), 5, 0.1, 0.04), [ODD_BONDS]),
    "morse_shift": (lambda: made.crystal("fcc", 6.0, 2, ("K", "C"), 6, 0.3, 0.04), [MORSE]),
    "lennard_jones_cut": (lambda: made.crystal("fcc", 6.0, 2, ("K", "C"), 7, 0.2, 0.04), [LENNARD_JONES]),
    "nak_on_doped_tube": (made.snapshot, [TABLE, BONDS, METAL_WALL]),
}


def stored(system):
    """Return a configuration as plain data."""
    return {
        "positions": system.positions.tolist(),
        "species": system.species.tolist(),
        "species_names": list(system.species_names),
        "cell": system.cell.matrix.tolist(),
        "periodic": system.cell.periodic.tolist(),
    }


def lines_of(value):
    """Return JSON with one row a line, so that a difference can be read."""
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(row) for row in value) + "\n]"
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in value.items()) + "\n}"
    return json.dumps(value)


def golden(system, model):
    """Return a configuration with what LAMMPS says of it."""
    commands, files = models.lammps(model, system.species_names)
    found = lammps_oracle.run(system, commands, files)
    found_by_atom = (
        {}
        if any(term["style"] in ("eam", "tersoff") for term in model)
        else {"virials": found.virials.reshape(-1, 9).tolist()}
    )
    return {
        "provenance": {
            "program": found.program,
            "date": datetime.date.today().isoformat(),
            "script": found.script,
            "note": "energies share each bond equally between its atoms; the nktv2p of LAMMPS is undone",
        },
        "model": model,
        "system": stored(system),
        "energies": found.energies.tolist(),
        "forces": found.forces.tolist(),
        "virial": found.virial.tolist(),
        **found_by_atom,
    }


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        configuration, model = CASES[name]
        text = "{\n" + ",\n".join(f'"{k}": {lines_of(v)}' for k, v in golden(configuration(), model).items()) + "\n}"
        (HERE / f"{name}.json").write_text(text + "\n")
        print(f"{name}: {len(text) // 1024} KiB")
