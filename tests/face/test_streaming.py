from __future__ import annotations

import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from tests.tiny_bundles import bright_cells

import kilomark
from kilomark import streaming
from kilomark.streaming import stream_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def image_of(number: int) -> np.ndarray:
    """An image with ``number`` modulo 4 faces."""
    return bright_cells(*[(1, 1), (1, 5), (5, 1)][: number % 4])


@pytest.mark.parametrize("batch_images", [1, 3, 50])
def test_results_are_those_of_predict_in_order(
    detector: kilomark.Detector, batch_images: int
) -> None:
    images = [image_of(number) for number in range(20)]
    found = list(detector.predict_many(iter(images), batch_images=batch_images))
    assert [len(faces) for faces in found] == [number % 4 for number in range(20)]
    for faces, image in zip(found, images, strict=True):
        for face, expected in zip(faces, detector.predict(image), strict=True):
            np.testing.assert_allclose(face.landmarks, expected.landmarks, atol=1e-4)


def test_paths_arrays_and_raw_images_mix(detector: kilomark.Detector, tmp_path: Path) -> None:
    Image.fromarray(image_of(1)).save(tmp_path / "one.png")
    raw = kilomark.RawImage(image_of(2), "rgb")
    data = (tmp_path / "one.png").read_bytes()
    images = [tmp_path / "one.png", image_of(3), raw, Image.fromarray(image_of(1)), data]
    assert [len(faces) for faces in detector.predict_many(images)] == [1, 3, 2, 1, 1]


def test_nothing_comes_of_nothing(detector: kilomark.Detector) -> None:
    assert list(detector.predict_many([])) == []


def test_errors_as_values_stand_at_their_image(detector: kilomark.Detector, tmp_path: Path) -> None:
    images = [image_of(1), tmp_path / "gone.png", image_of(2), np.zeros((2, 2), np.float32)]
    one, gone, two, floats = detector.predict_many(images, batch_images=4, errors="return")
    assert isinstance(gone, kilomark.InvalidInputError)
    assert "gone.png" in str(gone)
    assert isinstance(floats, kilomark.InvalidInputError)
    assert (len(one), len(two)) == (1, 2)  # type: ignore[arg-type]


def test_errors_are_raised_after_the_results_before_them(detector: kilomark.Detector) -> None:
    found = detector.predict_many([image_of(1), "gone.png", image_of(2)])
    assert len(next(found)) == 1
    with pytest.raises(kilomark.InvalidInputError, match=r"gone\.png"):
        next(found)
    assert list(found) == []


def test_an_error_of_the_iterable_comes_after_the_results_before_it(
    detector: kilomark.Detector,
) -> None:
    def images() -> Iterator[np.ndarray]:
        yield image_of(1)
        yield image_of(2)
        raise LookupError("no more")

    found = detector.predict_many(images(), batch_images=8)
    assert [len(next(found)), len(next(found))] == [1, 2]
    with pytest.raises(LookupError, match="no more"):
        next(found)


def test_an_image_that_the_network_refuses_does_not_fail_its_batch() -> None:
    def predict(images: list[Any]) -> list[list[Any]]:
        if any(image.array[0, 0, 0] == 7 for image in images):
            raise kilomark.InvalidInputError("seven")
        return [[image.array[0, 0, 0]] for image in images]

    sources = [np.full((1, 1, 3), number, np.uint8) for number in range(10)]
    results = list(stream_images([predict], sources, load=lambda image: image, batch_images=4))
    assert [result.faces for result in results if result.error is None] == [
        [number] for number in range(10) if number != 7
    ]
    assert str(results[7].error) == "seven"


def test_several_predictors_work_at_once_and_keep_the_order() -> None:
    together = threading.Barrier(2, timeout=300)

    def predict(images: list[Any]) -> list[list[Any]]:
        together.wait()  # passes only if two are in here
        time.sleep(0.01 * (images[0].array[0, 0, 0] % 3))
        return [[int(image.array[0, 0, 0])] for image in images]

    sources = [np.full((1, 1, 3), number, np.uint8) for number in range(8)]
    results = stream_images(
        [predict, predict], sources, load=lambda image: image, batch_images=1, decode_threads=2
    )
    assert [result.faces[0] for result in results] == list(range(8))


def test_an_endless_iterable_is_read_no_further_than_needed(detector: kilomark.Detector) -> None:
    taken = 0

    def images() -> Iterator[np.ndarray]:
        nonlocal taken
        while True:
            taken += 1
            yield image_of(1)

    found = detector.predict_many(images(), batch_images=2, decode_threads=2)
    for _ in range(10):
        next(found)
    found.close()  # type: ignore[attr-defined]
    assert 10 <= taken <= 10 + 2 * 4 + 2 * 2
    assert not [item for item in threading.enumerate() if item.name.startswith("kilomark-")]


def test_memory_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    side = 500
    num_bytes = side * side * 3
    monkeypatch.setattr(streaming, "AHEAD_BYTES", 6 * num_bytes)

    held: list[int] = []

    def count_images() -> None:  # by their size: threads of other tests may allocate meanwhile
        traces = tracemalloc.take_snapshot().traces
        held.append(sum(trace.size == num_bytes for trace in traces))

    def load(_: object) -> np.ndarray:
        image = np.zeros((side, side, 3), np.uint8)
        count_images()
        return image

    def predict(images: list[Any]) -> list[list[Any]]:
        time.sleep(0.002)
        count_images()
        return [[] for _ in images]

    tracemalloc.start()
    results = stream_images([predict], range(60), load=load, batch_images=16, decode_threads=2)
    assert sum(1 for _ in results) == 60
    tracemalloc.stop()
    assert 2 < max(held) < 9  # of 60 images; the images of the moment and a few more


def test_one_image_larger_than_the_limit_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "AHEAD_BYTES", 100)
    results = stream_images(
        [lambda images: [[] for _ in images]],
        range(9),
        load=lambda _: np.zeros((20, 20), np.uint8),
    )
    assert [result.source for result in results] == list(range(9))


def test_bad_options_are_said(detector: kilomark.Detector) -> None:
    with pytest.raises(kilomark.InvalidInputError, match="batch_images is 0"):
        detector.predict_many([], batch_images=0)
    with pytest.raises(kilomark.InvalidInputError, match="decode_threads is -1"):
        detector.predict_many([], decode_threads=-1)
    with pytest.raises(kilomark.InvalidInputError, match="errors is 'ignore'"):
        detector.predict_many([], errors="ignore")  # type: ignore[call-overload]
