"""A model repository for NVIDIA Triton: whole photos by a Detector, and the bare networks."""

from __future__ import annotations

from kilomark.triton.repository import export_triton

__all__ = ["export_triton"]
