"""What walls, layers, surfaces and droplets are, and which atoms are near them."""
