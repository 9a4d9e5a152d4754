"""What tests do where there is no GPU for them."""

from __future__ import annotations

import os

import pytest

REQUIRED = os.environ.get("KILOMARK_REQUIRE_CUDA") == "1"
"""What is missing is an error then, so that a run on a GPU cannot pass by skipping."""


def skip_without_gpu(reason: str) -> None:
    """Skip the test if ``reason`` says why no GPU can be used, or fail if there must be one."""
    if not reason:
        return
    if REQUIRED:
        pytest.fail(f"KILOMARK_REQUIRE_CUDA=1, but no GPU can be used: {reason}", pytrace=False)
    pytest.skip(f"needs a GPU: {reason}")
