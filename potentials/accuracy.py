"""Compute the static properties at 0 K under [[accuracy]] of the parameter sets, and print them or update the records.

    python potentials/accuracy.py            prints them
    python potentials/accuracy.py --write    writes them between the two markers in each record

Properties of the liquid are computed by `nakmd validate`, not by this script. It takes about ten seconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.optimize import FIRE
from scipy.optimize import minimize_scalar

from nakmd.ase import NakMD
from nakmd.elements import MEASURED_CRYSTALS
from nakmd.potentials import Potential, evaluate, load
from nakmd.potentials.forms.pair import PairPotential
from nakmd.studies.static_crystals import build_crystal, find_crystal, structure_in_nature, vacancy_energy
from nakmd.system import System

HERE = Path(__file__).resolve().parent
BEGIN = "# Cold figures, written by potentials/accuracy.py: do not edit"
END = "# End of the cold figures"

#: Sources of the references. All are recalled, not read; the README defines the levels of confidence.
LOW_TEMPERATURE = {
    "Na": "measured, a at 5 K, C_ij at 78 K; recalled-high (a, E_coh), recalled-medium (C_ij)",
    "K": "measured, a at 5 K, C_ij at 4 K; recalled-high (a, E_coh), recalled-medium (C_ij)",
    "Rb": "measured, room temperature; recalled-high (a, E_coh), recalled-low (C_ij)",
}
VACANCY = {"Na": "measured 0.34 to 0.42 eV, relaxed", "K": "measured 0.34 to 0.39 eV, relaxed"}
CHAN = "PBE: Chan, Neaton & Cohen, Phys. Rev. B 77, 235430 (2008); recalled-high"
#: PBE [eV], [Å]: energy over hollow, height, bridge less hollow, top less hollow.
ADATOMS = {"K": (0.802, 2.60, 0.063, 0.069), "Na": (0.462, 2.28, 0.070, 0.072)}

Entry = dict[str, float | str]


def entry(of: str, what: str, value: float, unit: str, reference: float | None = None, **words: str) -> Entry:
    """Return one property with six digits."""
    record: Entry = {"of": of, "property": what, "value": float(f"{value:.6g}"), "unit": unit}
    if reference is not None:
        record["reference"] = reference
    return record | {key: text for key, text in words.items() if text}


def metal(potential: Potential, element: str, solved_for: bool = False) -> list[Entry]:
    """Return lattice constant, cohesive energy, elastic constants, vacancy energy and fcc - bcc of a bcc metal."""
    structure, guess = structure_in_nature(element) or ("bcc", 3.7)
    bcc = find_crystal(potential, (element,), structure, guess)
    fcc = find_crystal(potential, (element,), "fcc", guess)
    if bcc is None or fcc is None or bcc.elastic is None:
        raise SystemExit(f"{element} has no bcc or fcc crystal in this model.")
    known, source = MEASURED_CRYSTALS[element], LOW_TEMPERATURE[element]
    note = "solved for, at its room-temperature value" if solved_for else ""
    shear = "C11 < C12: bcc is unstable against a shear" if bcc.elastic[0] < bcc.elastic[1] else note
    out = [
        entry(element, "lattice constant of bcc", bcc.length, "Å", known.length, source=source, note=note),
        entry(element, "cohesive energy", -bcc.energy, "eV", known.cohesive_energy, source=source, note=note),
    ]
    if known.elastic is not None:
        out += [
            entry(element, name, ours, "GPa", theirs, source=source, note=shear)
            for name, ours, theirs in zip(("C11", "C12", "C44"), bcc.elastic, known.elastic, strict=True)
        ]
    missing = "solved for, but without the curvature of F" if solved_for else VACANCY.get(element, "")
    vacancy = vacancy_energy(potential, bcc.system(4), bcc.energy)
    out.append(entry(element, "vacancy, unrelaxed", vacancy, "eV", note=missing))
    gap = 1e3 * (fcc.energy - bcc.energy)
    order = "static; bcc lives by its entropy" if gap < 0.0 else "static"
    return [*out, entry(element, "fcc less bcc", gap, "meV/atom", note=order)]


def ordered_alloy(potential: Potential, a: str, b: str) -> list[Entry]:
    """Return the energy of mixing of the B2 crystal."""
    pure = []
    for element in (a, b):
        structure, guess = structure_in_nature(element) or ("bcc", 3.7)
        pure.append(find_crystal(potential, (element,), structure, guess, elastic=False))
    b2 = find_crystal(potential, (a, b), "b2", 0.5 * sum(c.distance for c in pure if c), elastic=False)
    if b2 is None or None in pure:
        raise SystemExit(f"{a}-{b} has no B2 crystal in this model.")
    mixing = 1e3 * (b2.energy - 0.5 * sum(c.energy for c in pure if c))
    note = f"a = {b2.length:.4f} Å; static, 0 K. No B2 compound is known"
    return [entry(f"{a}-{b}", "energy of mixing of B2", mixing, "meV/atom", note=note)]


def relaxed_energy(potential: Potential, system: System) -> tuple[float, System]:
    """Return the energy [eV] of a system with relaxed atoms in a fixed cell, and the relaxed system."""
    symbols = [system.species_names[k] for k in system.species]
    atoms = Atoms(symbols, system.positions, cell=system.cell.matrix, pbc=system.cell.periodic)
    atoms.calc = NakMD(potential)
    FIRE(atoms, logfile=None).run(fmax=1e-3, steps=2000)
    positions = np.asarray(atoms.positions)
    moved = System(positions, system.species, system.species_names, system.cell, masses=system.masses)
    return float(evaluate(potential, moved).energy), moved


def sheet(potential: Potential, nitrogen: bool) -> list[Entry]:
    """Return bond, cohesion and vacancy of graphene, and the C-N bond of one nitrogen in 160 atoms."""
    graphene = find_crystal(potential, ("C",), "graphene", 1.43)
    if graphene is None:
        raise SystemExit("Graphene is not a minimum of this model.")
    handbook = "graphite, measured; recalled-high"
    dft = "density functional theory, 7.5 to 7.8 eV; recalled-high"
    out = [
        entry("C", "bond of graphene", graphene.distance, "Å", 1.42, source=handbook),
        entry("C", "energy of graphene", graphene.energy, "eV/atom", -7.37, source=handbook),
    ]
    full = graphene.system((8, 5, 1))
    keep = np.arange(full.n_atoms) > 0
    hole = System(full.positions[keep], full.species[keep], ("C",), full.cell, masses=full.masses[keep])
    for state, energy in (
        ("unrelaxed", evaluate(potential, hole).energy),
        ("relaxed in the plane", relaxed_energy(potential, hole)[0]),
    ):
        vacancy = energy - hole.n_atoms * graphene.energy
        out.append(entry("C", f"monovacancy, {state}", vacancy, "eV", 7.5, source=dft, note="159 atoms"))
    if nitrogen:
        species = np.zeros(full.n_atoms, dtype=np.int64)
        species[0] = 1
        doped = System(full.positions, species, ("C", "N"), full.cell)
        _, relaxed = relaxed_energy(potential, doped)
        separations = relaxed.cell.minimum_image(relaxed.positions - relaxed.positions[0])
        bond = float(np.sort(np.linalg.norm(separations, axis=1))[1:4].mean())
        out.append(entry("C-N", "bond of graphitic N", bond, "Å", note="one in 160 atoms, relaxed in the plane"))
    return out


def adatoms(term: PairPotential, fitted: bool) -> list[Entry]:
    """Return energies and heights of isolated atoms over a rigid sheet, bond length 1.42 Å."""
    bond = 1.42
    flat = build_crystal(("C",), "graphene", bond, (14, 8, 1)).positions[:, :2]
    # a central atom; a hollow is one bond length from it along y, a bridge half a bond length
    atom = flat[np.argmin(np.linalg.norm(flat - flat.mean(axis=0), axis=1))]
    up = np.any(np.linalg.norm(flat - atom - [0.0, bond], axis=1) < 1e-6)
    step = np.array([0.0, bond if up else -bond])
    sites = {"hollow": atom - step, "bridge": atom + 0.5 * step, "top": atom}
    out = []
    for metal_, pbe in ADATOMS.items():
        entry_ = ("C", metal_)

        def over(site: np.ndarray, z: float, key: tuple[str, str] = entry_) -> float:
            r = np.sqrt(((flat - site) ** 2).sum(axis=1) + z * z)
            return float(term.curve(key, r)[0].sum())

        lowest: dict[str, tuple[float, float]] = {}
        for name, site in sites.items():
            minimum = minimize_scalar(lambda z, site=site: over(site, z), bounds=(1.5, 5.0), method="bounded")
            lowest[name] = float(minimum.fun), float(minimum.x)
        source = CHAN if fitted else ""
        fit, check = ("fitted", "not fitted") if fitted else ("", "")
        references = pbe if fitted else (None,) * 4
        values = (
            ("energy over the hollow", -lowest["hollow"][0], "eV", fit),
            ("height over the hollow", lowest["hollow"][1], "Å", fit),
            ("bridge less hollow", lowest["bridge"][0] - lowest["hollow"][0], "eV", fit),
            ("top less hollow", lowest["top"][0] - lowest["hollow"][0], "eV", check),
        )
        for (what, value, unit, note), reference in zip(values, references, strict=True):
            out.append(entry(f"{metal_} on C", what, value, unit, reference, source=source, note=note))
    return out


def all_of(names: list[str], potential: Potential, solved_for: bool = False) -> list[Entry]:
    """Return the properties of several metals."""
    return [record for element in names for record in metal(potential, element, solved_for)]


SETS: dict[str, Callable[[], list[Entry]]] = {
    "nichol-ackland-2016": lambda: [
        *all_of(["Na", "K", "Rb"], load("nichol-ackland-2016")),
        *ordered_alloy(load("nichol-ackland-2016"), "Na", "K"),
    ],
    "johnson-oh-nak": lambda: [
        *all_of(["Na", "K"], load("johnson-oh-nak"), solved_for=True),
        *ordered_alloy(load("johnson-oh-nak"), "Na", "K"),
    ],
    "nak-2026": lambda: [*all_of(["Na", "K"], load("nak-2026")), *ordered_alloy(load("nak-2026"), "Na", "K")],
    "gupta-na": lambda: metal(load("gupta-na"), "Na"),
    "kinaci-2012-cn": lambda: sheet(load("kinaci-2012-cn"), nitrogen=True),
    "lindsay-broido-2010": lambda: sheet(load("lindsay-broido-2010"), nitrogen=False),
    "tersoff-1989-c": lambda: sheet(load("tersoff-1989-c"), nitrogen=False),
    "morse-dilute": lambda: adatoms(load("morse-dilute"), fitted=True),  # type: ignore[arg-type]
    "morse-screened": lambda: adatoms(load("morse-screened"), fitted=False),  # type: ignore[arg-type]
}


def block(entries: list[Entry]) -> str:
    """Return the TOML text between the markers, with the markers."""
    out = [BEGIN]
    for record in entries:
        out.append("")
        out.append("[[accuracy]]")
        out += [
            f"{key} = {value!r}" if isinstance(value, float) else f'{key} = "{value}"' for key, value in record.items()
        ]
    return "\n".join([*out, "", END]) + "\n"


def with_block(text: str, new: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """Return a record with the block between the markers replaced, or appended if there is none."""
    begin, end = marks
    if begin not in text:
        return text.rstrip() + "\n\n" + new
    before, _, rest = text.partition(begin)
    rest = rest.partition(end)[2].lstrip("\n")
    return before + new + (f"\n{rest}" if rest else "")


def main() -> None:
    """Print the properties, or write them into the records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="names of sets; all by default")
    parser.add_argument("--write", action="store_true", help="write them into the records")
    options = parser.parse_args()
    for name in options.names or SETS:
        new = block(SETS[name]())
        path = HERE / f"{name}.toml"
        if options.write:
            path.write_text(with_block(path.read_text(encoding="utf-8"), new), encoding="utf-8")
            print(f"{path.name}: {new.count('[[accuracy]]')} figures")
        else:
            print(f"# {name}\n{new}")


if __name__ == "__main__":
    main()
