"""Faces of a stream of images: decoded ahead in threads, predicted in batches, order kept.

    images -> decode threads -> batches -> one thread a predictor -> results in the order of images

Memory is bounded: new images are taken from the iterable only while there is room for them.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kilomark.devices import choose_num_threads
from kilomark.errors import InvalidInputError
from kilomark.images import to_core_pixels
from kilomark.options import check_whole
from kilomark.raw_images import RawImage, RawPixels

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from kilomark.faces import Face
    from kilomark.images import ImageLike

__all__ = ["DEFAULT_BATCH_IMAGES", "ImageResult", "faces_or_errors", "stream_images"]

DEFAULT_BATCH_IMAGES = 8
AHEAD_BYTES = 512 << 20
"""Decoded images in memory take about this much at most, or one image where that is larger."""
SIZES_REMEMBERED = 32
"""Images whose mean size says how much the images that are being decoded will take."""

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True, eq=False)
class ImageResult(Generic[Source]):
    """What came out of one image of a stream."""

    source: Source
    """The image as it was given, such as its path."""
    size: tuple[int, int] | None
    """Width and height of the upright image in pixels; None if it could not be read."""
    faces: list[Face]
    error: InvalidInputError | None
    """Why the image could not be read or predicted."""


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded(Generic[Source]):
    source: Source
    image: Any
    size: tuple[int, int] | None
    num_bytes: int
    error: InvalidInputError | None


def stream_images(
    predictors: Sequence[Callable[[list[Any]], list[list[Face]]]],
    sources: Iterable[Source],
    *,
    load: Callable[[Source], ImageLike],
    batch_images: int = DEFAULT_BATCH_IMAGES,
    decode_threads: int | None = None,
) -> Generator[ImageResult[Source], None, None]:
    """Predict the faces of a stream of images.

    Args:
        predictors: functions that find the faces of a list of images, such as
            ``[detector.predict]``. Each runs in a thread of its own; several are for detectors of
            few threads each.
        sources: what the images are made from. It is read in the thread that reads the results,
            never far ahead of them.
        load: makes an image of a source, in a thread. An InvalidInputError is the image's result.
        batch_images: images that go through a predictor at once.
        decode_threads: threads that load and decode; by default one a core.

    Yields:
        A result for each source, in the order of the sources.

    Raises:
        InvalidInputError: ``batch_images`` or ``decode_threads`` is out of range.
        InferenceError: a network failed.
    """
    check_whole("batch_images", batch_images)
    if decode_threads is not None:
        check_whole("decode_threads", decode_threads)
    threads = decode_threads or choose_num_threads(None)
    return _Stream(predictors, sources, load, batch_images, threads).results()


def faces_or_errors(
    results: Generator[ImageResult[Any], None, None], *, is_raising: bool
) -> Iterator[list[Face] | InvalidInputError]:
    """Reduce results to the faces of each image, or its error, which may be raised instead."""
    try:
        for result in results:
            if result.error is not None and is_raising:
                raise result.error
            yield result.faces if result.error is None else result.error
    finally:
        results.close()


class _Stream(Generic[Source]):
    """The state of one stream; used by one thread, except for `_decode` and `_predict`."""

    def __init__(
        self,
        predictors: Sequence[Callable[[list[Any]], list[list[Face]]]],
        sources: Iterable[Source],
        load: Callable[[Source], ImageLike],
        batch_images: int,
        decode_threads: int,
    ) -> None:
        self._sources = iter(sources)
        self._is_exhausted = False
        self._source_error: BaseException | None = None
        self._load = load
        self._batch_images = batch_images
        self._decode_threads = decode_threads
        self._idle_predictors = list(predictors)
        self._max_batches = len(predictors) + 1
        self._max_images = batch_images * self._max_batches + 2 * decode_threads
        self._decoding: deque[Future[_Decoded[Source]]] = deque()
        self._predicting: deque[tuple[Future[list[ImageResult[Source]]], int, int]] = deque()
        self._num_images = 0
        """Images between the sources and the results."""
        self._num_bytes = 0
        """What the decoded ones of them take, those in ``_decoding`` excepted."""
        self._recent_bytes: deque[int] = deque(maxlen=SIZES_REMEMBERED)

    def results(self) -> Generator[ImageResult[Source], None, None]:
        decoders = ThreadPoolExecutor(self._decode_threads, "kilomark-decode")
        core = ThreadPoolExecutor(len(self._idle_predictors), "kilomark-predict")
        try:
            while True:
                self._start_batches(decoders, core)
                if not self._predicting:
                    break
                future, num_images, num_bytes = self._predicting.popleft()
                batch = future.result()
                self._num_images -= num_images
                self._num_bytes -= num_bytes
                yield from batch
            if self._source_error is not None:
                raise self._source_error
        finally:
            for executor in (decoders, core):
                executor.shutdown(cancel_futures=True)

    def _start_batches(self, decoders: ThreadPoolExecutor, core: ThreadPoolExecutor) -> None:
        while len(self._predicting) < self._max_batches:
            batch = self._take_batch(decoders)
            if not batch:
                break
            num_bytes = sum(image.num_bytes for image in batch)
            self._predicting.append((core.submit(self._predict, batch), len(batch), num_bytes))
        self._start_decoding(decoders)

    def _take_batch(self, decoders: ThreadPoolExecutor) -> list[_Decoded[Source]]:
        """Take the next images, fewer where these are large or no more of them fit in memory."""
        batch: list[_Decoded[Source]] = []
        num_bytes = 0
        enough_bytes = AHEAD_BYTES // (2 * self._max_batches)
        while len(batch) < self._batch_images and num_bytes < enough_bytes:
            self._start_decoding(decoders)
            if not self._decoding:
                break
            image = self._decoding.popleft().result()
            num_bytes += image.num_bytes
            self._num_bytes += image.num_bytes
            self._recent_bytes.append(image.num_bytes)
            batch.append(image)
        return batch

    def _start_decoding(self, decoders: ThreadPoolExecutor) -> None:
        while self._has_room():
            found = self._next_source()
            if not found:
                break
            self._num_images += 1
            self._decoding.append(decoders.submit(self._decode, found[0]))

    def _next_source(self) -> tuple[Source] | None:
        if self._is_exhausted:
            return None
        try:
            return (next(self._sources),)
        except StopIteration:
            pass
        except Exception as error:  # raised after the results of the images before it
            self._source_error = error
        self._is_exhausted = True
        return None

    def _has_room(self) -> bool:
        if self._num_images == 0:
            return True
        expected = sum(self._recent_bytes) / max(len(self._recent_bytes), 1)
        if not self._recent_bytes and len(self._decoding) >= self._decode_threads:
            return False  # their size is not known yet
        num_bytes = self._num_bytes + (len(self._decoding) + 1) * expected
        return self._num_images < self._max_images and num_bytes <= AHEAD_BYTES

    def _decode(self, source: Source) -> _Decoded[Source]:
        try:
            given = self._load(source)
            pixels = to_core_pixels(given)
        except InvalidInputError as error:
            return _Decoded(source, None, None, 0, error)
        size = (pixels.width, pixels.height)
        if isinstance(pixels, RawPixels):
            return _Decoded(source, given, size, 0, None)
        image = RawImage(pixels.array, pixels.format)
        return _Decoded(source, image, size, pixels.array.nbytes, None)

    def _predict(self, batch: list[_Decoded[Source]]) -> list[ImageResult[Source]]:
        predict = self._idle_predictors.pop()  # there are as many as threads
        try:
            readable = [image for image in batch if image.error is None]
            found = iter(_predict_each(predict, [image.image for image in readable]))
        finally:
            self._idle_predictors.append(predict)
        results = []
        for image in batch:
            faces = image.error if image.error is not None else next(found)
            if isinstance(faces, InvalidInputError):
                results.append(ImageResult(image.source, image.size, [], faces))
            else:
                results.append(ImageResult(image.source, image.size, faces, None))
        return results


def _predict_each(
    predict: Callable[[list[Any]], list[list[Face]]], images: list[Any]
) -> list[list[Face] | InvalidInputError]:
    """Predict images together; one by one if one of them is refused."""
    if not images:
        return []
    try:
        return list(predict(images))
    except InvalidInputError as error:
        if len(images) == 1:
            return [error]
    return [result for image in images for result in _predict_each(predict, [image])]
