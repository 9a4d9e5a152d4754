"""What an engine is built for: a network, a precision, batches, a GPU and a TensorRT version."""

from __future__ import annotations

import hashlib
import json
import platform
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from kilomark.errors import DeviceUnavailableError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.options import check_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.manifest import Bundle

__all__ = ["RECIPE", "BatchProfile", "EngineKey", "EngineTarget", "Precision"]

Precision: TypeAlias = Literal["fp16", "fp32"]

RECIPE = 2
"""Raised whenever a network is converted in another way, so that older engines are rebuilt."""


class _Gpu(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def compute_capability(self) -> tuple[int, int]: ...
    @property
    def reason(self) -> str: ...


class _Probe(Protocol):
    @property
    def reason(self) -> str: ...
    @property
    def tensorrt_version(self) -> str: ...
    @property
    def devices(self) -> Sequence[_Gpu]: ...


@dataclass(frozen=True, slots=True)
class BatchProfile:
    """The batches that an engine takes, and the size of their images.

    An engine that takes single images is tuned for these too: see `tuned_batches`.

    Attributes:
        width: of the images, in pixels.
        height: of the images, in pixels.
        max_batch: the largest batch; the session splits larger ones.
        opt_batch: the batch that the engine is tuned for; by default ``max_batch``, at most 8.
        min_batch: the smallest batch.
    """

    width: int
    height: int
    max_batch: int = 16
    opt_batch: int = 0
    min_batch: int = 1

    def __post_init__(self) -> None:
        """Check the sizes.

        Raises:
            InvalidInputError: a size is below 1, or the batches are not in order.
        """
        if self.opt_batch == 0:
            object.__setattr__(self, "opt_batch", max(self.min_batch, min(self.max_batch, 8)))
        for name in ("width", "height", "min_batch", "opt_batch", "max_batch"):
            check_whole(name, getattr(self, name))
        if not self.min_batch <= self.opt_batch <= self.max_batch:
            raise InvalidInputError(
                f"the batches are min {self.min_batch}, opt {self.opt_batch}, max "
                f"{self.max_batch}; expected min <= opt <= max"
            )

    def shape(self, batch: int) -> tuple[int, int, int, int]:
        """(N, 3, H, W) of a batch."""
        return (batch, 3, self.height, self.width)

    def tuned_batches(self) -> list[tuple[int, int, int]]:
        """(min, opt, max) of each optimization profile: one for single images, one for the rest.

        TensorRT chooses its kernels for the opt of a profile. One face is what video and the demo
        have most of the time, and kernels for 8 are not the fastest for 1.
        """
        whole = (self.min_batch, self.opt_batch, self.max_batch)
        return [(1, 1, 1), whole] if self.min_batch == 1 < self.opt_batch else [whole]

    def serves(self, wanted: BatchProfile) -> bool:
        """Whether an engine of this profile takes all that one of ``wanted`` would take."""
        same_size = (self.width, self.height) == (wanted.width, wanted.height)
        return (
            same_size and self.min_batch <= wanted.min_batch and self.max_batch >= wanted.max_batch
        )


@dataclass(frozen=True, slots=True)
class EngineTarget:
    """The GPU and the TensorRT that an engine runs with.

    Attributes:
        gpu_name: such as ``"NVIDIA GeForce RTX 4090"``.
        compute_capability: such as ``(8, 9)``.
        tensorrt_version: with four parts, such as ``"10.14.1.48"``.
        gpu_index: which of the machine's GPUs to build on; engines of like GPUs are shared.
    """

    gpu_name: str
    compute_capability: tuple[int, int]
    tensorrt_version: str
    gpu_index: int = 0

    @staticmethod
    def of_probe(probe: _Probe, gpu_index: int = 0) -> EngineTarget:
        """Return the target that is GPU ``gpu_index`` of those that the core's CUDA probe found.

        Raises:
            DeviceUnavailableError: that GPU cannot be used; the message says why.
        """
        if probe.reason:
            raise DeviceUnavailableError(f"there is no GPU to build an engine for: {probe.reason}")
        if not 0 <= gpu_index < len(probe.devices):
            raise DeviceUnavailableError(
                f"there is no GPU {gpu_index}; this machine has {len(probe.devices)}, from 0 on"
            )
        gpu = probe.devices[gpu_index]
        if gpu.reason:
            raise DeviceUnavailableError(f"GPU {gpu_index} cannot be used: {gpu.reason}")
        return EngineTarget(gpu.name, gpu.compute_capability, probe.tensorrt_version, gpu_index)


@dataclass(frozen=True, slots=True)
class EngineKey:
    """All that two engines must have in common for one to stand in for the other."""

    bundle_name: str
    model_sha256: str
    precision: Precision
    profile: BatchProfile
    target: EngineTarget

    @staticmethod
    def of(
        bundle: Bundle, precision: Precision, profile: BatchProfile, target: EngineTarget
    ) -> EngineKey:
        """Return the key of an engine of ``bundle``."""
        sha256 = hashlib.sha256(bundle.model).hexdigest()
        return EngineKey(bundle.name, sha256, precision, profile, target)

    def to_record(self) -> dict[str, Any]:
        """Return the key as JSON values; equal keys have equal records."""
        return {
            **self._shared(),
            "min_batch": self.profile.min_batch,
            "opt_batch": self.profile.opt_batch,
            "max_batch": self.profile.max_batch,
        }

    def _shared(self) -> dict[str, Any]:
        major, minor = self.target.compute_capability
        return {
            "recipe": RECIPE,
            "model_sha256": self.model_sha256,
            "precision": self.precision,
            "width": self.profile.width,
            "height": self.profile.height,
            "gpu": self.target.gpu_name,
            "compute_capability": f"{major}.{minor}",
            "tensorrt": self.target.tensorrt_version,
            "platform": f"{platform.system()}-{platform.machine()}".lower(),
        }

    def differences(self, record: dict[str, Any]) -> list[str]:
        """Say which fields of another engine's record, except its batches, differ from this key."""
        return [
            f"{name} {excerpt(record.get(name))} is not {excerpt(wanted)}"
            for name, wanted in self._shared().items()
            if record.get(name) != wanted
        ]

    def file_name(self) -> str:
        """Name a file for the engine, readable and different for different keys."""
        record = self.to_record()
        digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
        profile = self.profile
        batches = f"b{profile.min_batch}-{profile.opt_batch}-{profile.max_batch}"
        size = f"{profile.width}x{profile.height}"
        parts = [self.bundle_name, self.precision, size, batches, self.target.gpu_name]
        version = f"trt{self.target.tensorrt_version}"
        name = "_".join(_plain(part) for part in [*parts, version])
        return f"{name}_{digest[:12]}.engine"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:48]
