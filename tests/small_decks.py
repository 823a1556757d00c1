"""Decks that run within a second."""

import nakmd


def small(**stage):
    """Return a deck of 60 atoms of liquid NaK and 20 steps; ``stage`` changes or adds keys of its stage."""
    return nakmd.Deck(
        model={"potential": "nak"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 60}},
        stage=[{"kind": "produce", "temperature": "450 K", "steps": 20, **stage}],
        output={"trajectory_every": 5, "thermo_every": 2, "checkpoint_every": 20},
    )
