"""The two files of a bundle, read within limits: only regular files, sizes checked first."""

from __future__ import annotations

import errno
import hashlib
import json
from typing import TYPE_CHECKING, Any

from kilomark import _core
from kilomark.errors import BundleError
from kilomark.manifest_fields import Fields
from kilomark.regular_files import read_regular

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LARGEST_MODEL_BYTES", "read_manifest", "read_model"]

LARGEST_MANIFEST_BYTES = 4 << 20
LARGEST_MODEL_BYTES = 512 << 20
REMEDY = "export or install the bundle again"


def read_manifest(folder: Path) -> Fields:
    """Read ``manifest.json``.

    Raises:
        BundleError: it cannot be read, is larger than 4 MiB, or is not one JSON object whose keys
            are all different.
    """
    path = folder / "manifest.json"
    try:
        text = read_regular(path, at_most_bytes=LARGEST_MANIFEST_BYTES)
        values = json.loads(text.decode(), object_pairs_hook=_unique)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path} is not JSON ({error}); it may be truncated: {REMEDY}") from error
    if not isinstance(values, dict):
        raise BundleError(f"{path} holds a JSON {type(values).__name__}; expected an object")
    return Fields(values, path)


def read_model(folder: Path, fields: Fields) -> bytes:
    """Read the ONNX file that the section ``model`` of a manifest describes.

    Raises:
        BundleError: it cannot be read, has another size or SHA-256, or holds something that no
            exported network has; see ``kilomark/onnx_check.hpp`` for the list.
    """
    name = fields.text("file")
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise fields.error("file", name, "a plain file name inside the bundle")
    size_bytes = fields.integer("size_bytes", at_least=1, at_most=LARGEST_MODEL_BYTES)
    sha256 = fields.text("sha256")
    path = folder / name
    try:
        model = read_regular(path, at_most_bytes=size_bytes)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise BundleError(
                f"{path} is damaged: {error.strerror} by the manifest; {REMEDY}"
            ) from error
        raise BundleError(f"{path} cannot be read: {error.strerror}; {REMEDY}") from error
    except ValueError as error:  # a name that no file can have, such as one with a surrogate
        raise fields.error("file", name, "the name of a file") from error
    found = hashlib.sha256(model).hexdigest()
    if len(model) != size_bytes or found != sha256.lower():
        raise BundleError(
            f"{path} is damaged: found {len(model)} bytes with SHA-256 {found}, the manifest says "
            f"{size_bytes} bytes with {sha256}; {REMEDY}"
        )
    try:
        _core.check_onnx(model)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error
    return model


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: readers differ in which of the two they take."""
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} stands twice")
    return values
