"""Exchange of Na and K in their crystals and at their surfaces: stability, stress, barriers, rates."""
