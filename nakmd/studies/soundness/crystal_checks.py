"""Checks of the crystals of a potential: cohesion, stability, agreement with experiment, order of structures."""

from __future__ import annotations

from itertools import combinations

from nakmd.elements import MEASURED_CRYSTALS
from nakmd.potentials import EAM, Potential
from nakmd.potentials.forms.pair import PairPotential
from nakmd.studies.soundness.verdicts import Verdict
from nakmd.studies.static_crystals import EDGE, SEARCH, PerfectCrystal, find_crystal, structure_in_nature

#: Relative deviations from measured crystals that give a warning, and those that indicate another element.
LENGTH_OFF, ENERGY_OFF, ELASTIC_OFF = 0.025, 0.1, 0.4
LENGTH_WRONG, ENERGY_WRONG = 0.12, 0.5
#: Relative deviation from the lattice constant in the header of a file that gives a warning.
HEADER_OFF = 0.02
#: The structure that each structure is compared with.
RIVALS = {"bcc": "fcc", "fcc": "bcc"}


def find_crystals(potential: Potential, species: list[str]) -> tuple[dict[str, PerfectCrystal], list[Verdict]]:
    """Return the bound crystals of the elements of a potential, and the verdicts on them.

    Each element is tried in its natural structure and, if that is unstable in the model, in another.
    """
    crystals: dict[str, PerfectCrystal] = {}
    out: list[Verdict] = []
    for element in species:
        if ":" in element or potential.covers(element, element) in ("", "none"):
            continue
        header = _header(potential, element)
        nature = structure_in_nature(element)
        if nature is None and header is not None:
            nature = header[0], header[1] / EDGE[header[0]]
        if nature is None:
            out.append(Verdict("crystal", element, "ok", "not checked: no reference crystal"))
            continue
        crystal, verdicts = _crystal_of(potential, element, *nature)
        out += verdicts
        if crystal is not None:
            crystals[element] = crystal
            if header is not None and header[0] == crystal.structure:
                out += _against_header(crystal, header[1])
    for a, b in combinations(crystals, 2):
        if potential.covers(a, b) not in ("", "none"):
            guess = 0.5 * (crystals[a].distance + crystals[b].distance)
            alloy = find_crystal(potential, (a, b), "b2", guess, elastic=False)
            if alloy is not None:
                mixing = 1e3 * (alloy.energy - 0.5 * (crystals[a].energy + crystals[b].energy))
                text = f"b2: a = {alloy.length:.4f} Å, {mixing:+.1f} meV/atom from its elements"
                out.append(Verdict("crystal", f"{a}-{b}", "ok", text, mixing, "meV"))
    return crystals, out


def _header(potential: Potential, element: str) -> tuple[str, float] | None:
    """Return structure and lattice constant [Å] from the header of a table, None if there is none."""
    for term in potential.terms:
        if isinstance(term, EAM) and element in term.elements:
            k = term.elements.index(element)
            structure, length = term.table.lattices[k].lower(), term.table.lattice_constants[k]
            return (structure, length) if structure in EDGE and length > 0.0 else None
    return None


def _crystal_of(
    potential: Potential, element: str, structure: str, guess: float
) -> tuple[PerfectCrystal | None, list[Verdict]]:
    """Return the crystal of an element and the verdicts on it."""
    crystal = find_crystal(potential, (element,), structure, guess)
    rival = find_crystal(potential, (element,), RIVALS[structure], guess) if structure in RIVALS else None
    if crystal is None and rival is None:
        low, high = (guess * part for part in SEARCH)
        text = f"no energy minimum of {structure} with nearest neighbours between {low:.2f} and {high:.2f} Å"
        if isinstance(potential, PairPotential):
            # pair sets are parts of models: dispersion between sheets does not bind a sheet
            remedy = f"The pair terms alone do not bind {element}: combine the set with a term that does."
            return None, [Verdict("crystal", element, "warning", text, remedy=remedy)]
        remedy = f"{element} is not bound: the file is for another element, or damaged."
        return None, [Verdict("crystal", element, "fault", text, remedy=remedy)]
    out = [
        _verdict_on(c, known=k == 0)
        for k, c in enumerate((crystal, rival))
        if c is not None and (k == 0 or crystal is None)
    ]
    best = crystal or rival
    if crystal is not None and rival is not None:
        gap = rival.energy - crystal.energy
        text = f"{rival.structure} less {structure}: {1e3 * gap:+.2f} meV/atom"
        remedy = f"{rival.structure} has the lower energy: {structure} is stable by entropy or not at all; run --melt."
        level = "ok" if gap > 0.0 else "warning"
        out.append(
            Verdict(
                "order",
                element,
                "ok" if gap > 0.0 else "warning",
                text,
                1e3 * gap,
                "meV",
                "" if level == "ok" else remedy,
            )
        )
        if not _stable(crystal) and _stable(rival):
            text = f"{structure} is unstable against shear (C11 < C12 or C44 < 0), unlike {_text_of(rival)}"
            remedy = f"Do not use it for solid {element}: its crystal in this model is {rival.structure}."
            out[0] = Verdict("crystal", element, "warning", f"{_text_of(crystal)}; {text}", crystal.length, "Å", remedy)
            best = rival
    return best, out


def _stable(crystal: PerfectCrystal) -> bool:
    """Return whether a cubic crystal is stable against homogeneous strain; True if C_ij are unknown."""
    if crystal.elastic is None:
        return True
    c11, c12, c44 = crystal.elastic
    return min(c11 - c12, c44, c11 + 2.0 * c12) > 0.0


def _text_of(crystal: PerfectCrystal) -> str:
    """Return the properties of a crystal as text."""
    name = "bond" if crystal.structure == "graphene" else "a"
    text = f"{crystal.structure}: {name} = {crystal.length:.4f} Å, E = {crystal.energy:.4f} eV"
    if crystal.elastic is not None:
        c11, c12, c44 = crystal.elastic
        text += f", B = {crystal.bulk_modulus:.2f}, C11 = {c11:.2f}, C12 = {c12:.2f}, C44 = {c44:.2f} GPa"
    return text


def _verdict_on(crystal: PerfectCrystal, known: bool) -> Verdict:
    """Return the verdict on one crystal: cohesion, stability, agreement with experiment."""
    element, text = crystal.elements[0], _text_of(crystal)
    measured = MEASURED_CRYSTALS.get(element) if known else None
    remedies: list[str] = []
    if not _stable(crystal):
        remedies.append(f"{crystal.structure} is unstable in this model: shear lowers its energy.")
    if crystal.energy >= 0.0:
        remedies.append("Isolated atoms have the lower energy: nothing is bound.")
    fault = bool(remedies)
    if measured is not None:
        c = "" if measured.elastic is None else ", C {:g}, {:g}, {:g} GPa".format(*measured.elastic)
        text += f" (measured {measured.length:g} Å, {-measured.cohesive_energy:g} eV{c})"
        off = {
            "length": (crystal.length / measured.length - 1.0, LENGTH_OFF),
            "E": (-crystal.energy / measured.cohesive_energy - 1.0, ENERGY_OFF),
        }
        for k, name in enumerate(("C11", "C12", "C44")):
            if measured.elastic is not None and crystal.elastic is not None:
                off[name] = crystal.elastic[k] / measured.elastic[k] - 1.0, ELASTIC_OFF
        if abs(off["length"][0]) > LENGTH_WRONG or abs(off["E"][0]) > ENERGY_WRONG:
            fault = True
            remedies.append(f"This is not {element}: the file is for another element, or damaged.")
        wide = [f"{name} {100 * by:+.0f} %" for name, (by, limit) in off.items() if abs(by) > limit]
        if wide:
            remedies.append(f"Far from experiment ({', '.join(wide)}): check that the model suits your purpose.")
    level = "fault" if fault else "warning" if remedies else "ok"
    return Verdict("crystal", element, level, text, crystal.length, "Å", " ".join(remedies))  # type: ignore[arg-type]


def _against_header(crystal: PerfectCrystal, length: float) -> list[Verdict]:
    """Return a warning if the minimum disagrees with the header of the file."""
    if abs(crystal.length / length - 1.0) <= HEADER_OFF:
        return []
    text = f"the header has a = {length:g} Å, the minimum is at {crystal.length:.4f} Å"
    remedy = "The header may refer to another temperature; otherwise the tables are damaged."
    return [Verdict("header", crystal.elements[0], "warning", text, crystal.length, "Å", remedy)]
