"""How far results may lie from what the slow, obvious way gives. The only place that says so."""

from __future__ import annotations

PIXEL_LEVELS = 0.004
"""A pixel of a crop against the oracle, in levels of 0..255: float32 against float64 sums.

Measured: at most 0.001."""

ROUND_TRIP_PX = 1e-3
"""What a network saw at a place of its input, against where that place is put in the image."""

BATCH_PX = 1e-4
"""Landmarks of a face in a batch against those of the face alone."""
