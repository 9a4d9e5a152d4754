"""However faces are spread over images, batches and threads, each comes out as if alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.core.area_crop import noise
from tests.core.tolerances import BATCH_PX

from kilomark import InvalidInputError, _core

if TYPE_CHECKING:
    from tests.core.conftest import MakeFinder, MakeLandmarks

ARRAYS = ("boxes", "scores", "keypoints", "landmarks", "spread", "presence")


def make_calls(count: int) -> list[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Images of several sizes with 0 to 7 boxes each, several images to a call."""
    rng = np.random.default_rng(0)
    calls = []
    for call in range(count):
        images = [noise(30 + 7 * i, 90 - 9 * i, 3, seed=call + i) for i in range(1 + call % 3)]
        corners = [rng.uniform(0, 20, (rng.integers(0, 8), 2)) for _ in images]
        boxes = [np.hstack([c, c + rng.uniform(3, 60, c.shape)]).astype("f4") for c in corners]
        calls.append((images, boxes))
    return calls


def predict(core: _core.Detector, call: object) -> list[dict[str, np.ndarray]]:
    """The arrays of each image's faces, by name."""
    images, boxes = call
    results, _ = core.predict(images, ["bgr"] * len(images), boxes=boxes)
    return [to_arrays(result) for result in results]


def to_arrays(result: _core.Detections) -> dict[str, np.ndarray]:
    return {name: getattr(result, name) for name in ARRAYS}


def assert_same(
    one: dict[str, np.ndarray], other: dict[str, np.ndarray], *, atol: float = 0.0
) -> None:
    for name in ARRAYS:
        np.testing.assert_allclose(one[name], other[name], rtol=0, atol=atol)


@pytest.mark.parametrize("max_batch", [1, 2, 3, 5, 16])
def test_a_batch_is_as_many_singles(make_landmarks: MakeLandmarks, max_batch: int) -> None:
    core = _core.Detector(make_landmarks(), None, num_threads=1, max_batch=max_batch)
    for images, boxes in make_calls(6):
        together = predict(core, (images, boxes))
        for image, rows, result in zip(images, boxes, together, strict=True):
            assert len(result["boxes"]) == len(rows)
            for index, row in enumerate(rows):
                (alone,) = predict(core, ([image], [row[None]]))
                of_batch = {name: values[index : index + 1] for name, values in result.items()}
                assert_same(alone, of_batch, atol=BATCH_PX)


@pytest.mark.parametrize("count", [1, 3, 4, 11])
def test_tensors_in_batches_are_as_many_singles(core: _core.Detector, count: int) -> None:
    for network, size in (("landmarks", 32), ("finder", 64)):
        tensors = np.random.default_rng(1).random((count, 3, size, size), np.float32)
        together = core.infer(network, tensors)
        for index in range(count):
            alone = core.infer(network, tensors[index : index + 1])
            for name, many in together.items():
                np.testing.assert_allclose(alone[name][0], many[index], atol=BATCH_PX)


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("num_callers", [2, 9])
def test_threads_share_a_detector(
    make_landmarks: MakeLandmarks, num_threads: int, num_callers: int
) -> None:
    """Nine callers are more than the core keeps lanes for; the first batch is compiled for all."""
    alone, shared = (
        _core.Detector(make_landmarks(), None, num_threads=num_threads, max_batch=4)
        for _ in range(2)
    )
    calls = make_calls(12)
    expected = [predict(alone, call) for call in calls]
    start = Barrier(num_callers)

    def work(caller: int) -> None:
        start.wait()
        for turn in range(2 * len(calls)):
            index = (turn + caller) % len(calls)
            for one, other in zip(predict(shared, calls[index]), expected[index], strict=True):
                assert_same(one, other)

    with ThreadPoolExecutor(num_callers) as pool:
        list(pool.map(work, range(num_callers)))


def test_threads_find_faces_while_others_are_refused(
    make_landmarks: MakeLandmarks, make_finder: MakeFinder
) -> None:
    core = _core.Detector(make_landmarks(), make_finder(), num_threads=1, max_batch=2)
    images = [noise(64, 64, 3, seed=seed) for seed in range(5)]

    def find() -> list[dict[str, np.ndarray]]:
        results, _ = core.predict(images, ["bgr"] * 5, score_threshold=0.5, nms_iou=0.1)
        return [to_arrays(result) for result in results]

    def fail() -> None:
        for _ in range(20):
            with pytest.raises(InvalidInputError):
                core.predict([images[0][:0]], ["bgr"])

    expected = find()
    assert sum(len(found["boxes"]) for found in expected) > 10
    with ThreadPoolExecutor(4) as pool:
        failing = [pool.submit(fail) for _ in range(2)]
        for found in [pool.submit(find) for _ in range(10)]:
            for one, other in zip(found.result(), expected, strict=True):
                assert_same(one, other)
        for future in failing:
            future.result()
