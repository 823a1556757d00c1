"""The C-C bond at which a model has no stress: the bond of the walls that a deck builds, and the strain of others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np

from nakmd.deck.carbon_sections import Graphene, Tubes
from nakmd.deck.draft import Draft
from nakmd.deck.messages import Problem
from nakmd.elements import CC_BOND
from nakmd.potentials import Evaluator, Hybrid, Potential
from nakmd.system import System

#: Relaxed bonds [Å] of the sets that come with nakmd, by the digest of their numbers. With them, a check does not have
#: to compile kernels first. Any other set of numbers is evaluated.
KNOWN: dict[str, float | None] = {
    "bb58b91fce0d851c": 1.43879,  # kinaci-2012-cn
    "72281255f5e84664": 1.43879,  # lindsay-broido-2010
    "755ebb19f6c18369": 1.46060,  # tersoff-1989-c
    "8b5c5d831fbbfe3f": None,  # williams-1967-c: between sheets only
}

#: Bonds [Å] of a carbon wall: neighbours count as bonded up to 1.85 Å (`nakmd.structures.bond_network`).
SHORTEST_BOND, LONGEST_BOND = 1.20, 1.75

#: Bonds [Å] at which the energy of graphene is searched for its minimum, 0.01 Å apart.
SEARCH = np.linspace(SHORTEST_BOND, LONGEST_BOND, 56)

#: Largest cutoff [Å] of a model that is evaluated.
LONGEST_CUTOFF = 100.0

#: Digits after the decimal point of the result: a stress of about 3 MPa within the sheet, and the same bits on machines
#: that differ in the last places of the energy.
DIGITS = 5

#: Largest strain that is not noted; of a wall from a file, whose bonds are longer by up to 0.5 % at 500 K.
NOTED_STRAIN, NOTED_STRAIN_IN_FILE = 0.005, 0.01

_found: dict[str, float | None] = {}


def relaxed_bond(potential: Potential) -> float | None:
    r"""Return the C-C bond [Å] of flat graphene without stress in a potential.

    The virial of the sheet is zero there: :math:`W_{xx} + W_{yy} = -b\,dE/db = 0` at the minimum of :math:`E(b)`.

    Parameters
    ----------
    potential : Potential

    Returns
    -------
    float or None
        Rounded to 1e-5 Å; None if no term couples C with C, or the energy has no minimum from 1.2 to 1.75 Å. Terms that
        a program outside nakmd computes are not asked: a hundred calls may take hours.

    Notes
    -----
    A tube is built with the same bond. Curvature makes a relaxed (10,10) tube of the model ``nak-cn`` 0.14 % longer and
    0.27 % wider than that, a (5,5) tube 0.57 % and 1.1 %: within the strain that is noted for all but narrow tubes, and
    the first relaxation removes it from the radius.
    """
    acting = [
        term
        for term in potential.terms
        if not (term.is_external or term.between_layers) and term.covers("C", "C") not in ("", "none")
    ]
    if not acting:
        return None
    key = digest([term.describe() for term in acting])
    if key in KNOWN:
        return KNOWN[key]
    if key not in _found:
        evaluator = Hybrid(acting).bind(("C",))
        # the cell of four atoms has millions of images within a longer cutoff
        _found[key] = minimum_of_graphene(evaluator) if evaluator.cutoff <= LONGEST_CUTOFF else None
    return _found[key]


def digest(description: object) -> str:
    """Return the first 16 digits of the SHA-256 of a description, in hexadecimal notation."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:16]


def minimum_of_graphene(evaluator: Evaluator) -> float | None:
    """Return the bond [Å] of least energy of graphene, None without a minimum within `SEARCH`.

    Parameters
    ----------
    evaluator : Evaluator
        For the species ``("C",)``.
    """
    from nakmd.structures.graphene import graphene  # noqa: PLC0415  (only models that are not known need it)

    def sheet(bond: float) -> tuple[float, float]:
        result = evaluator.evaluate(graphene(repeats=(1, 1), bond=bond, periodic=(True, True, False)))
        return result.energy, float(result.virial[0] + result.virial[1])

    energies = np.array([sheet(float(bond))[0] for bond in SEARCH])
    inner = np.flatnonzero((energies[1:-1] < energies[:-2]) & (energies[1:-1] <= energies[2:])) + 1
    if not len(inner):
        return None
    k = int(inner[np.argmin(energies[inner])])
    low, high = float(SEARCH[k - 1]), float(SEARCH[k + 1])
    while high - low > 0.01 * 10.0**-DIGITS:
        middle = 0.5 * (low + high)
        # the virial is positive where the sheet pushes outwards: below the minimum
        low, high = (middle, high) if sheet(middle)[1] > 0.0 else (low, middle)
    return round(0.5 * (low + high), DIGITS)


def check_bond(draft: Draft, relaxed: float | None, system: System | None) -> Iterator[Problem]:
    """Yield notes about the bond of the wall: a strain, or a default that does not come from the model.

    Parameters
    ----------
    draft : Draft
    relaxed : float [Å] or None
        Bond without stress (`relaxed_bond`).
    system : System or None
        For the bonds of a wall from a file.
    """
    structure = draft.structure
    carbon = structure.carbon if structure is not None else None
    if isinstance(carbon, Tubes | Graphene):
        if carbon.bond is None and relaxed is None:
            calculated = draft.model is not None and draft.model.has_calculator
            beside = " (an ASE calculator is not asked)" if calculated else ""
            yield Problem(
                ("structure", "carbon"),
                f"no term of the model{beside} gives C-C bonds a length, so the wall is built with {CC_BOND} Å "
                "(graphite, measured). Write bond to choose another length.",
                fatal=False,
            )
        elif carbon.bond is not None and relaxed is not None and SHORTEST_BOND <= carbon.bond <= LONGEST_BOND:
            strain = carbon.bond / relaxed - 1.0
            if abs(strain) > NOTED_STRAIN:
                yield Problem(
                    ("structure", "carbon", "bond"),
                    f"[structure.carbon] bond of {carbon.bond:g} Å strains the wall by {strain:+.2%}: without stress, "
                    f"C-C bonds of this model have {relaxed:g} Å. Remove the key to use that length.",
                    fatal=False,
                )
    elif system is not None and relaxed is not None and structure is not None:
        from nakmd.runs.wall_strain import wall_strain  # noqa: PLC0415  (scipy is slow to import)

        wall = wall_strain(system, relaxed)
        if wall is not None and abs(wall.largest) > NOTED_STRAIN_IN_FILE:
            along = ", ".join(f"{value:+.2%} along {axis}" for axis, value in wall.along.items())
            parts = f" ({along})" if along else ""
            yield Problem(
                ("structure", "file" if structure.file is not None else "carbon"),
                f"the carbon wall in the file is strained by up to {wall.largest:+.2%}{parts}: its C-C "
                f"bonds have {wall.bond:.4g} Å on average, {relaxed:g} Å without stress in this model. Scale the "
                "wall, or keep the strain knowingly.",
                fatal=False,
            )
