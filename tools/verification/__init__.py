"""What verify_gpu.py checks, one file for each kind of check."""
