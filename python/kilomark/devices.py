"""Which device and how many threads to use."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kilomark import _core
from kilomark.cpu_quota import cpu_quota
from kilomark.errors import DeviceUnavailableError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.options import PRECISIONS, check_whole
from kilomark.system import usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "available_devices",
    "choose_device",
    "choose_num_threads",
    "choose_precision",
    "cuda_index",
    "describe_auto_precision",
    "forwarded_log",
    "probe_cuda",
]

log = logging.getLogger(__name__)

NUM_THREADS_VARIABLE = "KILOMARK_NUM_THREADS"

TENSORRT_PACKAGES = ("tensorrt_libs",)
"""Packages of PyPI that hold libnvinfer.so.<major>; looked up, never imported."""


def probe_cuda() -> _core.CudaProbe:
    """Describe the GPUs, their driver, TensorRT and the CUDA plugin, or say what is missing.

    TensorRT's library is looked for in the Python environment first, then in the system.
    """
    folders: list[str] = []
    for package in TENSORRT_PACKAGES:
        spec = importlib.util.find_spec(package)
        folders += [] if spec is None else list(spec.submodule_search_locations or ())
    return _core.cuda_probe(folders)


def available_devices() -> list[str]:
    """Return the devices of this machine that networks can run on: "cpu", "cuda", "cuda:1" ..."""
    probe = probe_cuda()
    usable = [device.index for device in probe.devices if not (probe.reason or device.reason)]
    return ["cpu", *("cuda" if index == 0 else f"cuda:{index}" for index in usable)]


def cuda_index(device: object) -> int | None:
    """Return the number of a CUDA device: 0 for ``"cuda"``, 1 for ``"cuda:1"``; else None."""
    match = re.fullmatch(r"cuda(?::(\d{1,3}))?", device) if isinstance(device, str) else None
    return None if match is None else int(match[1] or 0)


def choose_device(device: object) -> str:
    """Return the device to use; for ``"auto"`` the best of this machine, stated at INFO.

    Raises:
        DeviceUnavailableError: ``device`` is unknown, or cannot be used on this machine.
    """
    if device == "cpu":
        return "cpu"
    index = cuda_index(device)
    if index is None and device != "auto":
        raise DeviceUnavailableError(
            f"there is no device {excerpt(device)}; expected 'auto', 'cpu', 'cuda' or "
            f"'cuda:<number>'; available here: {', '.join(available_devices())}"
        )
    reason = _why_no_cuda(probe_cuda(), index or 0)
    if index is not None:
        if reason:
            raise DeviceUnavailableError(
                f"device {excerpt(device)} cannot be used: {reason}; use device='cpu' or "
                "device='auto'"
            )
        return "cuda" if index == 0 else f"cuda:{index}"
    chosen = "cpu" if reason else "cuda"
    log.info("device='auto' chose %r%s", chosen, f"; not 'cuda': {reason}" if reason else "")
    return chosen


def _why_no_cuda(probe: _core.CudaProbe, index: int) -> str:
    if probe.reason:
        return probe.reason
    if index >= len(probe.devices):
        return f"there is no GPU {index}, there are {len(probe.devices)}"
    return probe.devices[index].reason


def choose_num_threads(num_threads: int | None) -> int:
    """Return the number of threads to use, and log at INFO where it comes from.

    That is ``num_threads``, else the environment's ``KILOMARK_NUM_THREADS``, else all CPUs; at most
    as many as the affinity and the control groups' quota leave to this process.

    Raises:
        InvalidInputError: a number is not a whole number from 1.
    """
    affinity, quota = usable_cores(), cpu_quota()
    usable = affinity if quota is None else min(affinity, quota)
    name, asked = "num_threads", num_threads
    if asked is None and os.environ.get(NUM_THREADS_VARIABLE):
        name, text = NUM_THREADS_VARIABLE, os.environ[NUM_THREADS_VARIABLE]
        asked = int(text) if re.fullmatch(r"\d{1,9}", text) else check_whole(name, text)
    if asked is None:
        chosen = usable
    else:
        chosen = min(check_whole(name, asked), usable)
        if asked > usable:
            log.warning(
                "%s=%d is more than the %d that this process may use; using %d",
                name, asked, usable, usable,
            )  # fmt: skip
    log.info(
        "%d CPU threads: %s, affinity %d CPUs, quota %s",
        chosen, "all" if asked is None else f"{name}={asked}", affinity, quota or "none",
    )  # fmt: skip
    return chosen


def choose_precision(precision: object, device: str) -> str:
    """Check the precision of the networks on a device, and log at INFO what it means there.

    Raises:
        InvalidInputError: it is not one of the known ones, or the device is a GPU, whose engines
            have the precision that they were built with.
    """
    if precision not in PRECISIONS:
        raise InvalidInputError(
            f"precision is {excerpt(precision)}; expected 'auto', 'fp32' or 'bf16'"
        )
    if device != "cpu":
        if precision != "auto":
            raise InvalidInputError(
                f"precision is {excerpt(precision)} on {device}, whose engines have the precision "
                "that they were built with; pass precision='auto' or device='cpu'"
            )
    elif precision == "auto":
        log.info("%s", describe_auto_precision())
    else:
        log.info("all networks compute in %s", precision)
    return str(precision)


def describe_auto_precision() -> str:
    """Say what networks compute in on this machine's CPU unless an option says otherwise.

    Raises:
        DependencyError: there is no OpenVINO.
    """
    finder = "bf16" if _core.has_native_bf16() else "fp32"
    return f"the face detector computes in {finder}, other networks in fp32"


@contextmanager
def forwarded_log() -> Iterator[None]:
    """Pass what the core's backends log meanwhile, TensorRT's messages too, to `logging`.

    The core keeps its messages until they are taken: it may not log itself while it works without
    the GIL.
    """
    try:
        yield
    finally:
        for level, text in _core.take_log_messages():
            log.log(level, "%s", text)
