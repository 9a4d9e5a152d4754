"""The way in: `Detector` finds the faces of an image and places their landmarks."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, overload

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.boxes import to_boxes
from kilomark.devices import choose_num_threads, forwarded_log
from kilomark.engines.device_models import device_models
from kilomark.errors import InvalidInputError
from kilomark.face_search import FaceSearch
from kilomark.faces import Face
from kilomark.images import ImageLike, Pixels, to_core_pixels
from kilomark.manifest import (
    LARGEST_INPUT_PX,
    FinderBundle,
    LandmarkBundle,
    NetworkInput,
    read_finder_bundle,
    read_landmark_bundle,
)
from kilomark.options import check_fraction, check_whole
from kilomark.provenance import Provenance, make_provenance
from kilomark.streaming import DEFAULT_BATCH_IMAGES, faces_or_errors, stream_images

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from kilomark.raw_images import RawPixels
    from kilomark.topology import Topology

__all__ = ["Detector"]

log = logging.getLogger(__name__)

MOST_FINDER_TILES = 8

Boxes: TypeAlias = npt.ArrayLike


class Detector:
    """Finds faces and places their landmarks.

    A detector loads its networks when it is made and keeps them. It may be shared by threads:
    `predict` may be called from several at once, and releases the GIL while it works.

    Args:
        model: the landmark network: the name of a shipped bundle (``"resnext50"``, the most
            accurate, or ``"lite"``, made for CPUs), or the folder of a bundle of your own.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ..., or ``"auto"``, which takes the best one of
            this machine and says at INFO through `logging` which it is.
        faces: the face finder's bundle, or None to have none; `predict` then needs ``boxes``.
        finder_size: side in pixels of the square that the face finder sees an image in; larger
            finds smaller faces and takes longer. By default the size it was trained at.
        finder_tiles: from 2 to 8, the face finder also looks at overlapping tiles of the image,
            this many along the longer side and as many along the other as cover it, each as large
            as ``finder_size``: it finds faces nearly that many times smaller, and large ones as
            before, in the time of as many more images. 1 for none.
        score_threshold: found faces below this score, 0 to 1, are dropped. The face finder and
            the landmark network decide together: the score's log-odds are the finder's and half of
            what those of the presence exceed those of 0.9 by. The landmark network looks at all
            that the finder gives a ninth of the odds that are asked for here.
        presence_threshold: found faces in whose crop the landmark network sees no face, by a
            presence below this, 0 to 1, are dropped. At 0 the face finder decides alone, as it does
            where the network's manifest calls its presence constant.
        nms_iou: found boxes that overlap the best one by more than this intersection over union, 0
            to 1, are taken for the same face, whose box is their mean, weighted by score. One at
            most half as large that lies inside the best one, to four fifths, is taken for a part
            of that face and dropped. So is a face whose landmarks' box overlaps a better face's by
            more than this.
        max_faces: keep at most this many found faces per image, those of which the face finder is
            surest; the landmark network looks at no others.
        num_threads: CPU threads to use, at most those that this process may use; by default all.
        max_batch: faces that go through the landmark network at once. More faces take several
            rounds; memory grows with it.

    Raises:
        BundleError: a bundle is missing or damaged.
        DeviceUnavailableError: the device is unknown, or cannot be used on this machine.
        EngineError: the engine of a GPU cannot be built, or its cache not be used.
        InvalidInputError: an option is out of its range.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "resnext50",
        *,
        device: str = "auto",
        faces: str | os.PathLike[str] | None = "faces",
        finder_size: int | None = None,
        finder_tiles: int = 1,
        score_threshold: float = 0.5,
        presence_threshold: float = 0.5,
        nms_iou: float = 0.4,
        max_faces: int | None = None,
        num_threads: int | None = None,
        max_batch: int = 16,
    ) -> None:
        self._score_threshold = check_fraction("score_threshold", score_threshold)
        self._presence_threshold = check_fraction("presence_threshold", presence_threshold)
        self._nms_iou = check_fraction("nms_iou", nms_iou)
        self._finder_tiles = check_whole("finder_tiles", finder_tiles, at_most=MOST_FINDER_TILES)
        self._max_faces = 0 if max_faces is None else check_whole("max_faces", max_faces)
        landmarks = read_landmark_bundle(model)
        if not landmarks.knows_faces:
            self._presence_threshold = 0.0
        finder = None if faces is None else _sized(read_finder_bundle(faces), finder_size)
        check_whole("max_batch", max_batch)
        bundles = [landmarks] if finder is None else [landmarks, finder]
        chosen, models = device_models(device, bundles, max_batch=max_batch)
        self._topology = landmarks.topology
        self._provenance = make_provenance(landmarks, finder)
        with forwarded_log():
            self._core = _core.Detector(
                _to_landmark_network(landmarks, models[0]),
                None if finder is None else _to_finder_network(finder, models[1]),
                device=chosen,
                num_threads=choose_num_threads(num_threads),
                max_batch=max_batch,
            )
        self._has_finder = finder is not None
        self._search = (
            None
            if finder is None
            else FaceSearch(finder.input.width, self._finder_tiles, self._score_threshold)
        )
        log.info("landmarks by %r on %s", landmarks.name, self.device)

    @property
    def device(self) -> str:
        """The device in use, such as ``"cpu"``."""
        return self._core.device

    @property
    def topology(self) -> Topology:
        """What each landmark of this detector's network stands for."""
        return self._topology

    @property
    def provenance(self) -> Provenance:
        """Which networks this detector runs, and which version of kilomark."""
        return self._provenance

    @property
    def search(self) -> FaceSearch | None:
        """How images are searched for faces; None if this detector has no face detector."""
        return self._search

    def __repr__(self) -> str:
        return f"<Detector of {self._topology.num_landmarks} landmarks on {self.device}>"

    @overload  # a str is a path, though it is a sequence of str as well
    def predict(  # type: ignore[overload-overlap]
        self, image: ImageLike, *, boxes: Boxes | None = None
    ) -> list[Face]: ...

    @overload
    def predict(
        self, image: Sequence[ImageLike], *, boxes: Sequence[Boxes] | None = None
    ) -> list[list[Face]]: ...

    def predict(
        self,
        image: ImageLike | Sequence[ImageLike],
        *,
        boxes: Boxes | Sequence[Boxes] | None = None,
    ) -> list[Face] | list[list[Face]]:
        """Find the faces of one image or of many, and place their landmarks.

        Args:
            image: a uint8 array (H, W, 3) BGR as OpenCV gives it, gray (H, W) or (H, W, 1), or BGRA
                (H, W, 4), in memory of the host or of the detector's GPU; a path, whose EXIF
                orientation is honoured; a PIL image; a `kilomark.RawImage` for RGB or NV12; or a
                list or tuple of these. An array is always one image: pass ``list(batch)``.
            boxes: where the faces are, so that the face finder is not run: (M, 4) x0, y0, x1, y1 in
                pixels, around the landmarks (brows to chin, ear to ear), or (4,) for one face. For
                a list of images, a list of as many of these. There is then one face per box, in
                order, whatever its presence, with score 1.

        Returns:
            The faces of the image, the highest score first; for a list of images, such a list for
            each. A list without faces where there are none.

        Raises:
            InvalidInputError: an image or a box is not as described above.
            InferenceError: the network failed.
        """
        faces, _ = self.predict_timed(image, boxes=boxes)
        return faces

    @overload
    def predict_many(
        self,
        images: Iterable[ImageLike],
        *,
        batch_images: int = ...,
        decode_threads: int | None = ...,
        errors: Literal["raise"] = ...,
    ) -> Iterator[list[Face]]: ...

    @overload
    def predict_many(
        self,
        images: Iterable[ImageLike],
        *,
        batch_images: int = ...,
        decode_threads: int | None = ...,
        errors: Literal["return"],
    ) -> Iterator[list[Face] | InvalidInputError]: ...

    def predict_many(
        self,
        images: Iterable[ImageLike],
        *,
        batch_images: int = DEFAULT_BATCH_IMAGES,
        decode_threads: int | None = None,
        errors: Literal["raise", "return"] = "raise",
    ) -> Iterator[list[Face]] | Iterator[list[Face] | InvalidInputError]:
        """Find the faces of any number of images, in bounded memory.

        Images are decoded in threads ahead of the network, and predicted in batches. At most
        about half a gigabyte of decoded images is in memory.

        Args:
            images: any iterable of images as `predict` takes them, such as paths. It is read as
                the results are.
            batch_images: images that are predicted at once.
            decode_threads: threads that read and decode; by default one a core.
            errors: ``"raise"`` to raise the error of an image that cannot be read, after the
                results of those before it; ``"return"`` to yield the error in place of its faces.

        Yields:
            The faces of each image, as `predict` returns them, in the order of the images.

        Raises:
            InvalidInputError: an image or an option is not as described above.
            InferenceError: the network failed.
        """
        if errors not in ("raise", "return"):
            raise InvalidInputError(f"errors is {errors!r}; expected 'raise' or 'return'")
        results = stream_images(
            [self.predict],
            images,
            load=lambda image: image,
            batch_images=batch_images,
            decode_threads=decode_threads,
        )
        return faces_or_errors(results, is_raising=errors == "raise")

    def predict_timed(
        self,
        image: ImageLike | Sequence[ImageLike],
        *,
        boxes: Boxes | Sequence[Boxes] | None = None,
    ) -> tuple[list[Face] | list[list[Face]], _core.StageTimes]:
        """Do as `predict` does, and say how long each stage of the core took.

        Returns:
            What `predict` returns, and the stage times in milliseconds.
        """
        if isinstance(image, list | tuple):
            return self._predict_many(image, _check_boxes_per_image(boxes, len(image)))
        one_boxes = None if boxes is None else [cast("Boxes", boxes)]
        faces, times = self._predict_many([cast("ImageLike", image)], one_boxes)
        return faces[0], times

    def _predict_many(
        self, images: Sequence[ImageLike], boxes: Sequence[Boxes] | None
    ) -> tuple[list[list[Face]], _core.StageTimes]:
        if boxes is None and not self._has_finder:
            raise InvalidInputError(
                "this detector was made with faces=None, so it has no face finder; pass boxes="
            )
        pixels = [to_core_pixels(image) for image in images]
        with forwarded_log():
            detections, times = self._core.predict(
                [item.array for item in pixels],
                [item.format for item in pixels],
                boxes=None if boxes is None else _to_boxes_per_image(boxes, pixels),
                score_threshold=self._score_threshold,
                nms_iou=self._nms_iou,
                max_faces=self._max_faces,
                presence_threshold=self._presence_threshold,
                finder_tiles=self._finder_tiles,
            )
        if boxes is None and self._search is not None:
            for index, (item, found) in enumerate(zip(pixels, detections, strict=True)):
                if not len(found):
                    advice = self._search.advice(item.width, item.height)
                    log.info("image %d: 0 faces; %s", index, advice)
        return [_to_faces(item, self._topology) for item in detections], times


def _check_boxes_per_image(boxes: object, num_images: int) -> Sequence[Boxes] | None:
    if boxes is None:
        return None
    if not isinstance(boxes, list | tuple | np.ndarray) or len(boxes) != num_images:
        found = len(boxes) if isinstance(boxes, list | tuple | np.ndarray) else type(boxes).__name__
        raise InvalidInputError(
            f"boxes for {num_images} images is {found}; expected a list of {num_images}, one array "
            "(M, 4) per image"
        )
    return list(boxes)


def _to_boxes_per_image(
    boxes: Sequence[Boxes], pixels: Sequence[Pixels | RawPixels]
) -> list[npt.NDArray[np.float32]]:
    return [
        to_boxes(item, width=image.width, height=image.height, shown=f"boxes of image {index}")
        for index, (item, image) in enumerate(zip(boxes, pixels, strict=True))
    ]


def _to_faces(found: _core.Detections, topology: Topology) -> list[Face]:
    return [
        Face(*values, topology=topology)
        for values in zip(
            found.landmarks,
            found.spread,
            found.boxes,
            found.scores.tolist(),
            found.presence.tolist(),
            strict=True,
        )
    ]


def _to_core_input(given: NetworkInput) -> _core.NetworkInput:
    return _core.NetworkInput(
        width=given.width,
        height=given.height,
        channel_order=given.channel_order,
        mean=given.mean,
        std=given.std,
    )


def _to_landmark_network(bundle: LandmarkBundle, model: bytes) -> _core.LandmarkNetwork:
    return _core.LandmarkNetwork(
        model=model,
        input=_to_core_input(bundle.input),
        num_landmarks=bundle.topology.num_landmarks,
        crop_scale=bundle.crop_scale,
    )


def _to_finder_network(bundle: FinderBundle, model: bytes) -> _core.FinderNetwork:
    return _core.FinderNetwork(
        model=model, input=_to_core_input(bundle.input), strides=list(bundle.strides)
    )


def _sized(bundle: FinderBundle, size: int | None) -> FinderBundle:
    if size is None:
        return bundle
    check_whole("finder_size", size, multiple_of=max(bundle.strides), at_most=LARGEST_INPUT_PX)
    return replace(bundle, input=replace(bundle.input, width=size, height=size))
