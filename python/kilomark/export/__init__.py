"""From a training run to a bundle, and from a bundle to a model for a device.

    from kilomark.export import convert, export

    export("runs/lite", "bundles/lite")
    convert("bundles/lite", target="onnx")

Importing this package is cheap; `export` needs the ``train`` extra, `convert` the ``gpu`` or
``int8`` extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.extras import import_lazily, import_with_extra

if TYPE_CHECKING:
    from kilomark.export.bundle_conversion import Batches, convert
    from kilomark.export.run_export import export

__all__ = ["Batches", "convert", "export"]


def __getattr__(name: str) -> object:
    if name in ("Batches", "convert"):
        return import_lazily(__name__, {name: "bundle_conversion"}, name)
    return import_with_extra(__name__, {"export": "run_export"}, name)
