"""Neighbour lists."""
