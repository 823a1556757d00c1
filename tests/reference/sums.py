"""Sums of references."""

from reference.images import Outcome


class SumTwin:
    """Sums of the energies, forces and virials of several references."""

    def __init__(self, twins):
        self.twins = list(twins)

    def compute(self, system):
        """Return the sum of the results of all references for one system."""
        outcomes = [twin.compute(system) for twin in self.twins]
        return Outcome(
            sum(o.energies for o in outcomes),
            sum(o.forces for o in outcomes),
            sum(o.virial for o in outcomes),
            sum(o.virials for o in outcomes),
        )
