"""Potential files: readers, writers and exporters."""
