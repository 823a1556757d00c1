"""Is graphitic nitrogen replaced by potassium, and what would it change: energies of reaction, sites, walls in NaK."""
