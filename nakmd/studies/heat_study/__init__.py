"""The heat of contact of NaK and carbon: its routes, the warming of the electrode, and what a camera sees."""
