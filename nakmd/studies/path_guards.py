"""Guards of a path between two minima: each failure names the image. A converged band alone proves nothing.

In models in which bcc is not the state of lowest energy, a free band finds images below both ends, and barriers of zero
or of hundreds of eV, some of them with converged forces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nakmd.arrays import BoolArray, FloatArray
from nakmd.errors import RunError


class PathError(RunError):
    """A band that is no path between the two states: what is wrong, and at which image."""


@dataclass(frozen=True)
class PathLimits:
    """What a path may not exceed.

    Attributes
    ----------
    dip : float [eV]
        How far an image may lie below the lower end.
    drift : float
        How far an atom that takes no part may be from where it began, in nearest-neighbour distances. An atom beside a
        vacancy moves by 0.05; 0.29 is a quarter of the lattice constant of bcc.
    force : float [eV/Å]
        Largest force on the climbing image at the end.
    asymmetry : float [eV]
        Largest difference between mirror images of a symmetric path.

    Examples
    --------
    >>> from nakmd.studies import PathLimits
    >>> PathLimits(dip=0.05)
    PathLimits(dip=0.05, drift=0.29, force=0.02, asymmetry=0.005)
    """

    dip: float = 0.010
    drift: float = 0.29
    force: float = 0.02
    asymmetry: float = 0.005


def check_drift(
    drifts: FloatArray, movers: BoolArray, distance: float, limits: PathLimits, names: Sequence[str]
) -> None:
    """Raise `PathError` if an atom that takes no part has left its place.

    Parameters
    ----------
    drifts : (n_images, n) float64 [Å]
        Distance of each atom from where it began.
    movers : (n,) bool
        The atoms that take part.
    distance : float [Å]
        Of nearest neighbours.
    limits : PathLimits
    names : sequence of str
        Name of each image.
    """
    away = np.where(movers, 0.0, drifts)
    image, atom = divmod(int(np.argmax(away)), away.shape[1])
    largest, limit = float(away[image, atom]), limits.drift * distance
    if largest > limit:
        raise PathError(
            f"Atom {atom} is {largest:.2f} Å from its place in {names[image]}, and takes no part in the path (limit "
            f"{limit:.2f} Å): the structure collapses instead. Let fewer atoms move (radius, mobile), or name it among "
            "the movers."
        )


def check_energies(energies: FloatArray, symmetric: bool, limits: PathLimits, names: Sequence[str]) -> None:
    """Raise `PathError` if an image lies below the ends, or if a symmetric path is not.

    Parameters
    ----------
    energies : (n_images,) float64 [eV]
    symmetric : bool
    limits : PathLimits
    names : sequence of str
    """
    lowest = int(np.argmin(energies))
    below = float(min(energies[0], energies[-1]) - energies[lowest])
    if below > limits.dip:
        raise PathError(
            f"{names[lowest].capitalize()} lies {below:.3f} eV below the lower end (limit {limits.dip:.3f} eV): "
            "it is another state, and the ends are no minima of this one. Let fewer atoms move, or begin from that "
            "state."
        )
    if symmetric:
        differences = np.abs(energies - energies[::-1])
        worst = int(np.argmax(differences))
        if differences[worst] > limits.asymmetry:
            raise PathError(
                f"{names[worst].capitalize()} and {names[-1 - worst]} differ by {differences[worst]:.3f} eV (limit "
                f"{limits.asymmetry:.3f} eV), and the path is symmetric: it has not found its middle. Use more images, "
                "or let fewer atoms move."
            )


def check_saddle(force: float, image: str, limits: PathLimits) -> None:
    """Raise `PathError` if the climbing image is no saddle: its largest force [eV/Å] is too large."""
    if not force <= limits.force:
        raise PathError(
            f"{image.capitalize()}, the climbing one, has a force of {force:.3f} eV/Å (limit {limits.force:.3f} "
            "eV/Å): the saddle is not converged. Use more steps or images, or let fewer atoms move."
        )
