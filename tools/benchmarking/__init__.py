"""The parts of tools/benchmark.py: one file per section of its table, and what they share."""
