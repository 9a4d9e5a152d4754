"""The error for an OpenVINO that the C++ core was not built with."""

from __future__ import annotations

from importlib import metadata

__all__ = ["explain_import_error", "pinned_openvino"]


def explain_import_error(error: ImportError) -> ImportError:
    """Say which OpenVINO the core needs, if that is why it cannot be imported.

    OpenVINO's libraries carry their version in their names, so the core runs with one version.
    """
    if "libopenvino" not in str(error):
        return error
    try:
        found = f"found openvino {metadata.version('openvino')}"
    except metadata.PackageNotFoundError:
        found = "found no openvino package"
    pin = _pin()
    return ImportError(
        f"kilomark cannot load OpenVINO: {found}; expected {pin}: pip install '{pin}' ({error})",
        name="openvino",
    )


def pinned_openvino() -> str | None:
    """The version that the core was built with; None if kilomark's metadata does not name it."""
    try:
        needed = metadata.requires("kilomark") or []
    except metadata.PackageNotFoundError:
        return None
    pins = [line.split(";")[0].strip() for line in needed if line.startswith("openvino==")]
    return pins[0].removeprefix("openvino==") if pins else None


def _pin() -> str:
    pinned = pinned_openvino()
    return f"openvino=={pinned}" if pinned else "the openvino that kilomark's metadata names"
