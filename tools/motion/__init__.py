"""Generated motion: clips made of a photo by known maps, and scores of systems on them."""
