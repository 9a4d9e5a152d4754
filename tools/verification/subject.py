"""What is verified: a landmark bundle on a device, and the faces that it is verified with."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from kilomark import Detector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kilomark import Face

Picture = npt.NDArray[np.uint8]

FRAME_WIDTH, FRAME_HEIGHT = 640, 480
FACE_SHARE = np.array([178, 84, 271, 177]) / 512
"""Box of the face in the demo photo, which is square."""


@dataclass(slots=True)
class Subject:
    """A bundle on a device; detectors are made when they are first asked for.

    Attributes:
        model: name or folder of the landmark bundle.
        device: ``"cuda"``, ``"cuda:1"``; ``"cpu"`` tries the checks themselves.
        num_faces: how many faces parity is checked on.
        iterations: how often the memory check predicts.
        largest_batch: up to which batches are checked.
        is_stand_in: its engine is no network, so that there is no target for its times.
    """

    model: str
    device: str
    num_faces: int = 64
    iterations: int = 10_000
    largest_batch: int = 256
    is_stand_in: bool = False
    _detectors: dict[tuple[Any, ...], Detector] = field(default_factory=dict)

    def detector(self, *, finder: bool = False, graphs: bool = True) -> Detector:
        """Return the detector under test, for batches up to the largest."""
        return self._detector(self.device, finder=finder, graphs=graphs)

    def reference(self, *, finder: bool = False) -> Detector:
        """Return the detector that it is held against: the CPU's, in float32."""
        return self._detector("cpu", finder=finder, graphs=True)

    def _detector(self, device: str, *, finder: bool, graphs: bool) -> Detector:
        key = (device, finder, graphs)
        if key not in self._detectors:
            with _cuda_graphs(graphs):
                self._detectors[key] = Detector(
                    self.model, device=device, finder="faces" if finder else None, eyes=False,
                    max_batch=min(self.largest_batch, 64) if finder else self.largest_batch,
                )  # fmt: skip
        return self._detectors[key]


@contextmanager
def _cuda_graphs(on: bool) -> Iterator[None]:
    """Let sessions that are made meanwhile use CUDA graphs or not."""
    before = os.environ.get("KILOMARK_CUDA_GRAPHS")
    os.environ["KILOMARK_CUDA_GRAPHS"] = "1" if on else "0"
    try:
        yield
    finally:
        if before is None:
            del os.environ["KILOMARK_CUDA_GRAPHS"]
        else:
            os.environ["KILOMARK_CUDA_GRAPHS"] = before


def frames(count: int, seed: int = 0) -> list[Picture]:
    """(480, 640, 3) BGR: the demo photo, lit in another way in each."""
    with Image.open(str(files("kilomark") / "demo" / "astronaut.jpg")) as photo:
        square = np.asarray(photo.convert("RGB").resize((FRAME_HEIGHT, FRAME_HEIGHT)))[..., ::-1]
    left = (FRAME_WIDTH - FRAME_HEIGHT) // 2
    frame = np.pad(square, ((0, 0), (left, left), (0, 0)), mode="edge")
    rng = np.random.default_rng(seed)
    lit = []
    for _ in range(count):
        gain, bias = np.exp(rng.normal(0, 0.2, 3)), rng.normal(0, 12)
        noisy = frame * gain + bias + rng.normal(0, 4, frame.shape)
        lit.append(np.ascontiguousarray(np.clip(noisy, 0, 255).astype(np.uint8)))
    return lit


def boxes(count: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """(count, 4): the box of the face in `frames`, somewhat off in each."""
    rng = np.random.default_rng(seed)
    box = FACE_SHARE * FRAME_HEIGHT + ((FRAME_WIDTH - FRAME_HEIGHT) / 2, 0) * 2
    side = box[2] - box[0]
    shifts = np.tile(rng.normal(0, 0.05, (count, 2)) * side, 2)
    growth = rng.normal(0, 0.06, (count, 1)) * side * np.array([-1, -1, 1, 1])
    return (box + shifts + growth).astype(np.float32)


def moved_px(found: list[Face], wanted: list[Face], crop_sides: npt.ArrayLike) -> npt.NDArray[Any]:
    """(M, K) distances between the landmarks of like faces, in pixels of a 128 px crop."""
    distances = [
        np.linalg.norm(a.landmarks - b.landmarks, axis=1)
        for a, b in zip(found, wanted, strict=True)
    ]
    scaled: npt.NDArray[Any] = np.stack(distances) * 128 / np.asarray(crop_sides)[:, None]
    return scaled


def crop_sides(given: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(M,) sides in the frame of the crops of boxes (M, 4)."""
    sides: npt.NDArray[np.float32] = 1.25 * np.maximum(
        given[:, 2] - given[:, 0], given[:, 3] - given[:, 1]
    )
    return sides
