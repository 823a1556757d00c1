"""Monte Carlo exchange of two atoms of different species."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nakmd.integrators.move import Move
from nakmd.system import System


class Swap(Move):
    r"""Exchange of the positions of two atoms of different species, accepted by Metropolis's rule.

    A trial chooses one atom of each species at random and exchanges their positions with the probability

    .. math:: \min\{1, \exp[-(E_\mathrm{after} - E_\mathrm{before}) / k_B T]\}

    Choosing the pair and choosing it back are equally probable, so the move leaves the canonical distribution as it is.
    Atoms keep their velocities, whose distribution depends on their mass and not on where they are: kinetic energy and
    momentum do not change, and neither do species, masses and groups of an atom. Composition in space relaxes without
    diffusion. The path of an atom jumps: it is no diffusion, and analyses that follow atoms refuse stages with moves.

    Parameters and attributes are those of `Move`.

    References
    ----------
    N. Metropolis, A. W. Rosenbluth, M. N. Rosenbluth, A. H. Teller and E. Teller, J. Chem. Phys. 21, 1087 (1953).
    doi:10.1063/1.1699114

    Examples
    --------
    >>> from nakmd.integrators import Bussi, Swap, VelocityVerlet
    >>> from nakmd.simulation import Stage
    >>> swaps = Swap(("Na", "K"), every=10, attempts=100)
    >>> Stage("mix", VelocityVerlet(0.002, Bussi(450.0)), steps=1000, moves=(swaps,)).moves[0].every
    10
    """

    label: ClassVar[str] = "swap"
    verb: ClassVar[str] = "swaps"

    def trials(  # noqa: D102  (inherited)
        self, system: System, place: list[int], seed: int, step: int, first_draw: int, thermal: float
    ) -> Iterator[tuple[int, int, float]]:
        first, second, thresholds = self._draw(seed, step, first_draw, len(self.atoms[0]), len(self.atoms[1]))
        limits = thermal * thresholds
        yield from zip(self.atoms[0][first].tolist(), self.atoms[1][second].tolist(), limits.tolist(), strict=True)
