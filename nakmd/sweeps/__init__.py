"""Sweeps: one deck at many points, each in its own folder, resumable after any interruption."""
