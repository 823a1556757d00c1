"""Results of a finished run, and their measurement."""
