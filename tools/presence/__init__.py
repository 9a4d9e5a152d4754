"""Parts of tools/fit_presence.py: a landmark network's head of presence, fitted anew."""
