"""Engines of the C++ tests' TensorRT, which do what the networks of tests/tiny_bundles.py do."""

from __future__ import annotations

from tests.tiny_bundles import CROP_SIZE, FINDER_SIZE, STRIDES

_CELLS = sum((FINDER_SIZE // stride) ** 2 for stride in STRIDES)


def _plan(size: int, **outputs: tuple[int, ...]) -> bytes:
    words = ["fake-plan", "input", size, size, 0, "profile", 1, 16]
    for stride in STRIDES if "scores" in outputs else []:
        words += ["stride", stride]
    for name, shape in outputs.items():
        words += ["output", name, 0, len(shape), *shape]
    return " ".join(map(str, words)).encode()


LANDMARK_PLAN = _plan(CROP_SIZE, landmarks=(5, 2), spread=(5,), presence=())
FINDER_PLAN = _plan(FINDER_SIZE, scores=(_CELLS,), distances=(_CELLS, 4), keypoints=(_CELLS, 5, 2))
