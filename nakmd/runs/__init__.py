"""A deck becomes a system, a potential and stages; the run of them and its folder."""
