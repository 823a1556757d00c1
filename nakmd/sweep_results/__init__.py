"""Results of a sweep: one table of all runs, means over seeds, temperature laws, figures and a page."""
