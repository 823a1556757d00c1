"""Building what is simulated: carbon walls, nitrogen in them, crystals, liquid metal, and their assembly."""
