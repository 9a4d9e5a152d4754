"""From a bundle to its engine: out of the cache, or built."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from kilomark.engines.cache import Built, EngineCache, default_engine_folder
from kilomark.engines.target import BatchProfile, EngineKey, EngineTarget, Precision

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.manifest import Bundle

__all__ = ["Build", "find_engine", "find_or_build_engine"]

log = logging.getLogger(__name__)


Build: TypeAlias = Callable[["Bundle", EngineKey, EngineCache], Built]


def find_engine(
    bundle: Bundle,
    target: EngineTarget,
    profile: BatchProfile,
    *,
    precision: Precision = "fp16",
    folder: Path | None = None,
) -> bytes | None:
    """Return the serialized engine of ``bundle`` if the cache has one that fits; build nothing.

    Args:
        bundle: the network.
        target: the GPU and the TensorRT to run with; see `EngineTarget.of_probe`.
        profile: the batches to be taken; an engine that takes more than these serves as well.
        precision: of the engine's arithmetic.
        folder: of the engines; by default `default_engine_folder`.

    Raises:
        EngineError: the cache cannot be read.
    """
    cache = EngineCache(folder or default_engine_folder())
    found = cache.find(EngineKey.of(bundle, precision, profile, target))
    if found.plan is None:
        log.info("no %s engine of %r: %s", precision, bundle.name, found.reason)
    return found.plan


def find_or_build_engine(
    bundle: Bundle,
    target: EngineTarget,
    profile: BatchProfile,
    *,
    precision: Precision = "fp16",
    folder: Path | None = None,
    build: Build | None = None,
) -> bytes:
    """Return the serialized engine of ``bundle``, from the cache or built on this machine's GPU.

    A build takes minutes. A warning through `logging` says so, with the reason, and its
    progress at INFO. When several processes ask for the same engine, one builds and the others
    wait for it.

    Args:
        bundle: the network.
        target: the GPU and the TensorRT to run with; see `EngineTarget.of_probe`.
        profile: the batches to be taken; an engine that takes more than these serves as well.
        precision: of the engine's arithmetic.
        folder: of the engines; by default `default_engine_folder`.
        build: makes the engine; by default TensorRT, in a process of its own.

    Raises:
        EngineError: the engine cannot be built, or the cache cannot be read or written.
    """
    cache = EngineCache(folder or default_engine_folder())
    key = EngineKey.of(bundle, precision, profile, target)
    found = cache.find(key)
    if found.plan is not None:
        log.info("engine from %s", found.path)
        return found.plan
    cache.check_writable()
    with cache.locked(key):
        found = cache.find(key)  # another process may have built it while this one waited
        if found.plan is not None:
            log.info("engine from %s", found.path)
            return found.plan
        return _build(bundle, key, cache, found.reason, build)


def _build(
    bundle: Bundle, key: EngineKey, cache: EngineCache, reason: str, build: Build | None
) -> bytes:
    if build is None:
        from kilomark.engines.build_process import EngineBuild

        build = EngineBuild()
    log.warning(
        "building the %s engine of %r for %s and TensorRT %s: %s. This takes minutes, once.",
        key.precision, bundle.name, key.target.gpu_name, key.target.tensorrt_version, reason,
    )  # fmt: skip
    start = time.monotonic()
    built = build(bundle, key, cache)
    seconds = round(time.monotonic() - start, 1)
    path = cache.write(key, built.plan, {**built.facts, "build_seconds": seconds})
    log.warning("built %s in %.0f s", path, seconds)
    return built.plan
