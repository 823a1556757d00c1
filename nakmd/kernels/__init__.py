"""Compiled loops over atoms: without units, objects or files."""
