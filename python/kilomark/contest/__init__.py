"""Data sets in the contest's layout: read, checked, trained on, predicted for submission."""
