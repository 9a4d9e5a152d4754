from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("onnx")

from tools.verification.on_paper import tables

if TYPE_CHECKING:
    from pathlib import Path


def test_the_tables_of_the_document_are_those_of_the_shipped_networks(root: Path) -> None:
    document = (root / "docs" / "gpu-figures.md").read_text()
    for table in tables().split("\n\n"):
        assert table in document, "print them anew: python tools/verify_gpu.py --on-paper"
