"""The networks that kilomark trains, as torch modules."""
