"""Binding of metal to the sheet as a function of coverage: an isolated atom, a (3x3) and a (2x2) layer."""

from __future__ import annotations

from typing import Any

from ase import Atoms
from curves import atom_energy, clean_energy


def coverage(frames: list[Atoms]) -> dict[str, Any]:
    """Return energies over the hollow by metal, cell and cutoff [eV per atom of the metal].

    ``bound``: against clean sheet and free atom. ``held``: against clean sheet and free-standing metal layer in the
    same cell, the contribution of the sheet. ``bound`` is omitted if no free atom was computed at the cutoff.
    """
    out: dict[str, Any] = {}
    for frame in frames:
        info = frame.info
        if not info["config_type"].startswith("graphene_hollow") or "metal" not in info:
            continue
        size = info["config_type"].removeprefix("graphene_hollow").strip("_") or "4x4"
        energy = float(frame.get_potential_energy()) - clean_energy(frames, frame)
        row: dict[str, Any] = {"height": float(info["height"])}
        if info["basis"] == "PW300":
            row["bound"] = round(energy - atom_energy(frames, info["metal"]), 4)
        layers = [
            float(other.get_potential_energy())
            for other in frames
            if other.info["config_type"] == f"metal_layer_{size}"
            and all(other.info[word] == info[word] for word in ("metal", "basis", "kpts"))
        ]
        if layers:
            row["held"] = round(energy - layers[0], 4)
        out.setdefault(info["metal"], {}).setdefault(f"{size} {info['basis']}", []).append(row)
    return out
