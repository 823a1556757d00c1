"""Deposition of Na and K, atom by atom, on crystals and on carbon; steps, and what they say of dendrites."""
