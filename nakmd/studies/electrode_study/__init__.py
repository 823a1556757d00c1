"""How much of an electrode of NaK and carbon is active: four readings of one figure, and what holds the metal."""
