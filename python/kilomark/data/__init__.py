"""Data sets: reading them, splitting them, and making training samples of them."""
