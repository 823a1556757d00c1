"""Which atoms move, and how: frozen, tethered, rigid, free; parked atoms do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nakmd.arrays import BoolArray, FloatArray, IntArray
from nakmd.errors import InputError
from nakmd.kernels import bodies, tethers
from nakmd.system import Result, System

#: Extent [Å] along an axis below which a group counts as flat: stretching that axis does not deform it.
FLAT = 1e-6

AXES = "xyz"


class Mobility:
    """How each atom of a system may move during a stage.

    Parameters
    ----------
    system : System
    frozen : sequence of str
        Groups that never move.
    tethered : mapping of str to float [eV/Å²], optional
        Groups whose atoms hang on harmonic springs, k d²/2, at the positions they have now.
    rigid : sequence of str
        Groups that each translate as one body under their total force; they do not rotate.

    Attributes
    ----------
    inverse_masses : (n,) float64 [1/amu]
        Zero for atoms that forces do not move one by one.
    moves : (n,) bool
        False for frozen and for parked atoms.
    body_first, body_atoms, body_masses
        Rigid bodies as runs of atoms (`kernels.bodies`).
    tether_energy : float [eV]
        At the last call of `add_tethers`.

    Raises
    ------
    InputError
        If a word names nothing, a spring is not positive, or a group is two things at once.

    Examples
    --------
    >>> from nakmd.integrators import Mobility
    >>> from nakmd.structures import graphene
    >>> layers = graphene(repeats=(4, 3), layers=2)
    >>> mobility = Mobility(layers, frozen=["sheet1"])
    >>> int(mobility.moves.sum()), mobility.degrees_of_freedom()
    (48, 144)
    """

    def __init__(
        self,
        system: System,
        frozen: Sequence[str] = (),
        tethered: Mapping[str, float] | None = None,
        rigid: Sequence[str] = (),
    ) -> None:
        n = system.n_atoms
        tethered = tethered or {}
        self.masses: FloatArray = system.masses
        self._words: dict[str, BoolArray] = {}
        claimed = np.zeros(n, dtype=np.int64)
        uses = [*(("frozen", w) for w in frozen), *(("tethered", w) for w in tethered), *(("rigid", w) for w in rigid)]
        for number, (use, word) in enumerate(uses, start=1):
            mask = self._select(system, word)
            taken = np.flatnonzero(mask & (claimed > 0))
            if len(taken):
                other_use, other = uses[int(claimed[taken[0]]) - 1]
                raise InputError(
                    f"{len(taken)} atoms (the first is {taken[0]}) are {use} as {word!r} and {other_use} as "
                    f"{other!r}. An atom moves in one way: name groups that do not overlap."
                )
            claimed[mask] = number
        self._held: BoolArray = np.zeros(n, dtype=np.bool_)
        for _, word in uses:
            self._held |= system.topology.select(word)
        self._rigid_and_frozen = {word: self._select(system, word) for use, word in uses if use != "tethered"}
        self._n_bodies = len(rigid)

        self.moves: BoolArray = ~system.absent
        for word in frozen:
            self.moves[self._select(system, word)] = False
        self._nothing_is_frozen = not frozen
        in_body = np.zeros(n, dtype=np.bool_)
        members = [np.flatnonzero(self._select(system, word)) for word in rigid]
        for atoms in members:
            in_body[atoms] = True
        self.body_first: IntArray = np.cumsum([0, *(len(atoms) for atoms in members)], dtype=np.int64)
        self.body_atoms: IntArray = np.concatenate([*members, np.zeros(0, dtype=np.int64)]).astype(np.int64)
        self.body_masses: FloatArray = np.array([system.masses[atoms].sum() for atoms in members], dtype=np.float64)
        self.free: BoolArray = self.moves & ~in_body
        self.inverse_masses: FloatArray = np.where(self.free, 1.0 / system.masses, 0.0)

        for word, spring in tethered.items():
            if not (spring > 0.0 and np.isfinite(spring)):
                raise InputError(f"The spring of {word!r} is {spring} eV/Å²; it must be positive.")
        held = [np.flatnonzero(self._select(system, word)) for word in tethered]
        self.tether_atoms: IntArray = np.concatenate([*held, np.zeros(0, dtype=np.int64)]).astype(np.int64)
        springs = [np.full(len(a), k) for a, k in zip(held, tethered.values(), strict=True)]
        self.tether_springs: FloatArray = np.concatenate([*springs, np.zeros(0)])
        self.tether_centres: FloatArray = system.positions[self.tether_atoms]
        self.tether_energy = 0.0

    @staticmethod
    def _select(system: System, word: str) -> BoolArray:
        mask = system.topology.select(word)
        if not np.any(mask):
            raise InputError(f"{word!r} is known here, but no atom belongs to it.")
        return np.asarray(mask & ~system.absent)

    # ------------------------------------------------------------------------------------------ counting
    @property
    def has_bodies(self) -> bool:
        """Whether there are rigid bodies."""
        return self._n_bodies > 0

    @property
    def has_tethers(self) -> bool:
        """Whether there are springs."""
        return len(self.tether_atoms) > 0

    def would_hold(self, mask: BoolArray) -> bool:
        """Return whether an atom in a mask (n,) is frozen, tethered or rigid, or will be once it is present."""
        return bool(np.any(self._held & mask))

    @property
    def is_translation_invariant(self) -> bool:
        """Whether nothing holds on to space, so that total momentum is conserved unless a thermostat breaks it."""
        return self._nothing_is_frozen and not self.has_tethers

    def bodies_in(self, mask: BoolArray, name: str) -> BoolArray:
        """Return which bodies belong to a group of atoms.

        Raises
        ------
        InputError
            If a body lies partly in the group.
        """
        inside = np.zeros(self._n_bodies, dtype=np.bool_)
        for b in range(self._n_bodies):
            part = mask[self.body_atoms[self.body_first[b] : self.body_first[b + 1]]]
            if part.any() and not part.all():
                raise InputError(
                    f"The group {name!r} holds {int(part.sum())} of the {len(part)} atoms of a rigid body. "
                    "A thermostat acts on the whole body or not at all: choose the group accordingly."
                )
            inside[b] = part.all()
        return inside

    def degrees_of_freedom(self, mask: BoolArray | None = None, name: str = "all") -> int:
        """Return 3 for each free atom and for each rigid body, of all or of a group; no momentum taken off."""
        mask = np.ones(len(self.moves), dtype=np.bool_) if mask is None else mask
        return 3 * int((self.free & mask).sum()) + 3 * int(self.bodies_in(mask, name).sum())

    # ------------------------------------------------------------------------------------------ acting
    def settle(self, system: System) -> None:
        """Make velocities obey: zero for atoms that do not move, that of the centre of mass for the atoms of a body."""
        system.velocities[~self.moves] = 0.0
        if self.has_bodies:
            bodies.join_bodies(system.velocities, self.masses, self.body_first, self.body_atoms, self.body_masses)

    def kick_bodies(self, system: System, result: Result, strength: float) -> None:
        """Change the velocities of rigid bodies by their total forces (see `kernels.motion.kick`)."""
        if self.has_bodies:
            bodies.kick_bodies(
                system.velocities, result.forces, self.body_first, self.body_atoms, self.body_masses, strength
            )

    def add_tethers(self, system: System, result: Result) -> None:
        """Add the springs to energies, forces and virial."""
        if self.has_tethers:
            self.tether_energy = tethers.add_tethers(
                system.positions, self.tether_atoms, self.tether_springs, self.tether_centres,
                result.forces, result.energies, result.virial,
            )  # fmt: skip

    def stretch(self, factors: FloatArray) -> None:
        """Move the centres of the springs with the cell."""
        if self.has_tethers:
            self.tether_centres *= factors

    def refuse_deformation(self, system: System, axes: str) -> None:
        """Check that a barostat on these axes deforms no frozen or rigid group.

        Raises
        ------
        InputError
            If one extends along one of the axes.
        """
        for word, mask in self._rigid_and_frozen.items():
            extent = np.ptp(system.positions[mask], axis=0) if mask.any() else np.zeros(3)
            for axis in axes:
                if extent[AXES.index(axis)] > FLAT:
                    raise InputError(
                        f"The barostat would stretch the frozen or rigid group {word!r} along {axis}, where it "
                        f"extends over {extent[AXES.index(axis)]:.2f} Å. Take {axis} out of the axes of the barostat, "
                        f"tether {word!r} instead (springs follow the cell), or let it move freely."
                    )
