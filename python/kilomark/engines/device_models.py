"""What the core is given of each network: its ONNX model on the CPU, its engine on a GPU."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kilomark.devices import choose_device, cuda_index, probe_cuda
from kilomark.engines.lookup import find_engine, find_or_build_engine
from kilomark.engines.target import BatchProfile, EngineTarget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.manifest import Bundle

__all__ = ["device_models"]

log = logging.getLogger(__name__)


def device_models(
    device: object, bundles: Sequence[Bundle], *, max_batch: int
) -> tuple[str, list[bytes]]:
    """Choose the device, and return the model of each bundle that it runs.

    On a GPU that is an engine. One that is not there yet is built, which takes minutes, if the GPU
    was asked for by name; ``"auto"`` then takes the CPU, and says at INFO why.

    Args:
        device: as `Detector` takes it.
        bundles: the networks, each at the size of its ``input``.
        max_batch: the largest batch.

    Returns:
        The device, and a model or an engine for each bundle.

    Raises:
        DeviceUnavailableError: ``device`` is unknown, or cannot be used on this machine.
        EngineError: an engine cannot be built.
    """
    chosen = choose_device(device)
    index = cuda_index(chosen)
    if index is None:
        return chosen, [bundle.model for bundle in bundles]
    target = EngineTarget.of_probe(probe_cuda(), index)
    if device != "auto":
        return chosen, [_engine(bundle, target, max_batch) for bundle in bundles]
    found = [_find(bundle, target, max_batch) for bundle in bundles]
    engines = [engine for engine in found if engine is not None]
    if len(engines) == len(bundles):
        return chosen, engines
    lacking = [b.name for b, engine in zip(bundles, found, strict=True) if engine is None]
    log.info(
        "device='auto' uses 'cpu': there is no engine of %s for %s yet; device='cuda' "
        "or `kilomark convert` builds it, once",
        " and ".join(map(repr, lacking)), target.gpu_name,
    )  # fmt: skip
    return "cpu", [bundle.model for bundle in bundles]


def _engine(bundle: Bundle, target: EngineTarget, max_batch: int) -> bytes:
    return find_or_build_engine(bundle, target, _profile(bundle, max_batch))


def _find(bundle: Bundle, target: EngineTarget, max_batch: int) -> bytes | None:
    return find_engine(bundle, target, _profile(bundle, max_batch))


def _profile(bundle: Bundle, max_batch: int) -> BatchProfile:
    return BatchProfile(bundle.input.width, bundle.input.height, max_batch=max_batch)
