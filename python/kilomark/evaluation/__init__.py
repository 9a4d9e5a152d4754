"""Measuring networks: figures, slices, stability, and the reports that show them."""
