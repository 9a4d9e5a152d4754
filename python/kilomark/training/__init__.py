"""Training: losses, metrics, the loop, checkpoints."""
