"""Files of potentials: readers, writers and exporters."""
