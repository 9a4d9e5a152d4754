"""Measuring networks: accuracy, slices, stability, and the reports that show them.

    from kilomark.evaluation import evaluate

    figures = evaluate("lite", faces="data/faces", scenes="data/scenes")

Importing this package is cheap; using its names needs the ``train`` extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.extras import import_with_extra

if TYPE_CHECKING:
    from kilomark.evaluation.bundle_accuracy import evaluate

__all__ = ["evaluate"]

_HOMES = {"evaluate": "bundle_accuracy"}


def __getattr__(name: str) -> object:
    return import_with_extra(__name__, _HOMES, name)
