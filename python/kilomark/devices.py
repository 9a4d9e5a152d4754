"""Which device and how many threads to use."""

from __future__ import annotations

import logging
import os
import re

from kilomark import _core
from kilomark.errors import DeviceUnavailableError
from kilomark.options import check_whole

__all__ = ["choose_device", "choose_num_threads"]

log = logging.getLogger(__name__)


def choose_device(device: object) -> str:
    """Return the device to use; for ``"auto"`` the best of this machine, stated at INFO.

    Raises:
        DeviceUnavailableError: ``device`` is unknown, or cannot be used on this machine.
    """
    available = _core.available_devices()
    listed = ", ".join(available)
    if device == "auto":
        chosen = "cuda" if "cuda" in available else "cpu"
        log.info("device='auto' chose %r; available: %s", chosen, listed)
        return chosen
    if isinstance(device, str) and device in available:
        return device
    if isinstance(device, str) and re.fullmatch(r"cuda(:\d+)?", device):
        raise DeviceUnavailableError(
            f"device {device!r} cannot be used: this release of kilomark has no GPU backend yet; "
            f"available here: {listed}; use device='cpu' or device='auto'"
        )
    raise DeviceUnavailableError(
        f"there is no device {device!r}; expected 'auto', 'cpu', 'cuda' or 'cuda:<number>'; "
        f"available here: {listed}"
    )


def choose_num_threads(num_threads: int | None) -> int:
    """Return the number of threads to use: as asked, but no more than this process may use."""
    usable = len(os.sched_getaffinity(0))
    if num_threads is None:
        return usable
    check_whole("num_threads", num_threads)
    if num_threads > usable:
        log.warning(
            "num_threads=%d is more than the %d that this process may use; using %d",
            num_threads, usable, usable,
        )  # fmt: skip
    return min(num_threads, usable)
