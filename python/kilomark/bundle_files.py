"""Writing bundles: an ONNX model and the manifest that tells the runtime about it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["rounded_figures", "write_accuracy", "write_bundle", "write_manifest"]


def write_bundle(folder: Path, manifest: dict[str, Any], model: bytes) -> None:
    """Write ``model.onnx`` and ``manifest.json`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest["model"] = {
        "file": "model.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "size_bytes": len(model),
    }
    write_whole(folder / "model.onnx", model)
    write_manifest(folder, manifest)


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write ``manifest.json``, one key a line, so that changes of it can be read."""
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in manifest.items()]
    write_whole(folder / "manifest.json", "{\n" + ",\n".join(lines) + "\n}\n")


def write_accuracy(folder: Path, figures: Mapping[str, float]) -> None:
    """Write measured figures into the manifest of the bundle in ``folder``."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_manifest(folder, {**manifest, "accuracy": dict(figures)})


def rounded_figures(measured: Mapping[str, float]) -> dict[str, float]:
    """Round each figure to four significant digits, as manifests hold them."""
    return {name: float(f"{value:.4g}") for name, value in measured.items()}
