"""Pair potential of two Gaussians: a repulsive wall and a well."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from nakmd.kernels.elementary import exp
from nakmd.kernels.jit import term
from nakmd.kernels.pair import InSquares, build_pair_kernels
from nakmd.kernels.simd import Lanes
from nakmd.potentials.forms.doping import settled_part
from nakmd.potentials.forms.pair import PairPotential
from nakmd.potentials.forms.pair_set import CutPair, Parameter
from nakmd.potentials.forms.record import Positive


class TwoGaussiansParameters(NamedTuple):
    """wall, depth [eV], wall_width, width [Å]: tables, (n_species, n_species) float64, or the numbers of one pair."""

    wall: Any
    wall_width: Any
    depth: Any
    width: Any


@term
def of_pair(tables: TwoGaussiansParameters, a: int, b: int) -> TwoGaussiansParameters:
    """Return the numbers of one pair of species."""
    return TwoGaussiansParameters(tables.wall[a, b], tables.wall_width[a, b], tables.depth[a, b], tables.width[a, b])


@InSquares
@term
def two_gaussians(q: Lanes, p: TwoGaussiansParameters) -> tuple[Lanes, Lanes]:
    """V = A e^{-q/a²} - D e^{-q/s²} with q = r²; return V and dV/dq."""
    u = -1.0 / (p.wall_width * p.wall_width)
    w = -1.0 / (p.width * p.width)
    wall = p.wall * exp(u * q)
    well = p.depth * exp(w * q)
    return wall - well, u * wall - w * well


@InSquares
@term
def attraction(q: Lanes, p: TwoGaussiansParameters) -> tuple[Lanes, Lanes]:
    """-D e^{-q/s²} with q = r²; return it and its derivative with respect to q."""
    w = -1.0 / (p.width * p.width)
    well = p.depth * exp(w * q)
    return -well, -w * well


class DopedPair(CutPair):
    """A pair whose well at a doped wall has depth D dᵟ and width s gᵟ, δ = 1 − e^{−c/c₀}, c graphitic N per atom.

    d is ``doped_depth`` and g ``doped_width``, the factors on depth and width at high doping; c₀ is ``doping_scale``.
    """

    equation = (
        "V = A exp(-(r/a)²) - D d^δ exp(-(r/(s g^δ))²), δ = 1 - exp(-c/c_0), with A wall, a wall_width, D depth, s "
        "width, d doped_depth, g doped_width, c_0 doping_scale, and c the graphitic N per atom of the wall"
    )

    doped_depth: Positive = 1.0
    doped_width: Positive = 1.0
    doping_scale: Positive = 0.01

    @property
    def takes_doping(self) -> bool:  # noqa: D102  (inherited)
        return (self.doped_depth, self.doped_width) != (1.0, 1.0)

    def numbers(self, doping: float) -> dict[str, Any]:  # noqa: D102
        numbers = super().numbers(doping)
        ratios = {"depth": float(numbers.pop("doped_depth")), "width": float(numbers.pop("doped_width"))}
        settled = settled_part(doping, float(numbers.pop("doping_scale")))
        return numbers | {name: float(numbers[name]) * ratio**settled for name, ratio in ratios.items()}


class TwoGaussians(PairPotential):
    r"""Pair potential of two Gaussians: a narrow repulsive wall and a wide well.

    .. math:: V(r) = A e^{-(r/a)^2} - D e^{-(r/s)^2}

    An adatom on a carbon sheet is attracted weakly by many atoms, over a range of about 4 Å, and repelled only by the
    nearest ones. A Morse potential describes both ranges with one exponent; the two Gaussians separate them with one
    parameter more (`potentials/fit/README.md` compares the forms). Finite at r = 0.

    Parameters
    ----------
    pairs : mapping of (str, str) to mapping
        ``wall`` A [eV], ``wall_width`` a [Å], ``depth`` D [eV] (below 0 for a bump), ``width`` s [Å],
        ``cutoff`` [Å], ``cut`` and ``smooth_from`` (see `PairPotential`).
    none, scale, label, replace, between_layers
        See `PairPotential`.

    Notes
    -----
    In LAMMPS it is the sum of two ``gauss`` styles.

    Examples
    --------
    >>> numbers = {"wall": 100.0, "wall_width": 1.0, "depth": 0.08, "width": 3.9, "cutoff": 10.0}
    >>> TwoGaussians({("K", "C"): numbers}).label
    'twogaussians'
    """

    form = "two_gaussians"
    equation = "V = A exp(-(r/a)²) - D exp(-(r/s)²)"
    parameters: ClassVar = {
        "wall": Parameter("eV", "Height A of the repulsive wall", 100.0),
        "wall_width": Parameter("Å", "Width a of the repulsive wall", 1.0),
        "depth": Parameter("eV", "Depth D of the well, below 0 for a bump", 0.08, "any"),
        "width": Parameter("Å", "Width s of the well", 3.9),
    }
    pair_record = DopedPair
    # wall and well, each V = -A e^{-B r²} in LAMMPS
    lammps_formulas = (
        ("gauss", lambda p, scale: (-scale * p["wall"], p["wall_width"] ** -2)),
        ("gauss", lambda p, scale: (scale * p["depth"], p["width"] ** -2)),
    )

    formula = two_gaussians
    attraction = attraction
    kernels = build_pair_kernels(two_gaussians, of_pair)
    of_pair = staticmethod(of_pair)
    Parameters = TwoGaussiansParameters
