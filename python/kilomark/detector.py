"""The way in: `Detector` finds the faces of an image and places their landmarks."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, cast, overload

import numpy as np
import numpy.typing as npt

from kilomark import _core
from kilomark.boxes import to_boxes
from kilomark.devices import choose_num_threads, forwarded_log
from kilomark.engines.device_models import device_models
from kilomark.errors import InvalidInputError
from kilomark.face_search import FaceSearch
from kilomark.faces import Face
from kilomark.finder_choice import choose_finder
from kilomark.images import ImageLike, Pixels, to_core_pixels
from kilomark.manifest import (
    FinderBundle,
    LandmarkBundle,
    NetworkInput,
    read_landmark_bundle,
    shipped_bundles,
)
from kilomark.options import check_fraction, check_whole
from kilomark.provenance import Provenance, make_provenance
from kilomark.regions import Regions
from kilomark.streaming import DEFAULT_BATCH_IMAGES, faces_or_errors, stream_images

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from kilomark.raw_images import PixelArray, RawPixels
    from kilomark.topology import Topology

    CoreArray: TypeAlias = PixelArray | tuple[PixelArray, PixelArray]

__all__ = ["Detector"]

log = logging.getLogger(__name__)

Boxes: TypeAlias = npt.ArrayLike


class Detector:
    """Finds faces and places their landmarks.

    A detector loads its networks when it is made and keeps them. It may be shared by threads:
    its methods may be called from several at once, and release the GIL while they work.

    Two steps do the work. `detect` finds faces with the face detector network (the *finder*) and
    rescores them with a cheap landmark network. `place` puts landmarks into what was found.
    `predict` does both.

    Args:
        model: the landmark network: the name of a shipped bundle (``"resnext50"``, the most
            accurate, or ``"lite"``, made for CPUs), or the folder of a bundle of your own. None to
            have none; only `detect` then works.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ..., or ``"auto"``, which takes the best one of
            this machine and says at INFO through `logging` which it is.
        faces: the finder's bundle, or None to have none; `predict` then needs ``boxes``.
            ``"auto"`` takes ``"faces-large"`` for ``"resnext50"``, else ``"faces"``.
        rescoring: the landmark network whose presence rescores found faces, as the name or folder
            of a bundle. ``"auto"`` takes ``"lite"`` for ``"resnext50"``, else the landmark network
            itself, unless its presence is constant. None: the finder's score stands.
        finder_size: side in pixels of the square that the finder sees an image in; larger finds
            smaller faces and takes longer. By default the size it was trained at.
        finder_tiles: from 2 to 8, the finder also looks at overlapping tiles of the image, this
            many along the longer side and as many along the other as cover it, each as large as
            ``finder_size``: it finds faces nearly that many times smaller, and large ones as
            before, in the time of as many more images. 1 for none.
        score_threshold: found faces below this score, 0 to 1, are dropped. With rescoring,
            ``logit(score) = a logit(finder) + b (logit(presence) - logit(c)) + d``; the finder's
            bundle holds the constants. Faces for which the finder alone gives far lower odds than
            those of this threshold (a ninth by default) are dropped before rescoring.
        presence_threshold: found faces in which the landmark networks see no face, by a presence
            below this, 0 to 1, are dropped. A constant presence is ignored.
        nms_iou: found boxes that overlap the best one by more than this intersection over union, 0
            to 1, are taken for the same face, whose box is their mean, weighted by score. A box at
            most half as large that lies inside the best one, to four fifths, is taken for a part
            of that face and dropped. So is a face whose landmarks' box overlaps a better face's by
            more than this.
        max_faces: keep at most this many found faces per image, those with the finder's highest
            scores; the landmark networks look at no others.
        num_threads: CPU threads to use, at most those that this process may use; by default all.
        max_batch: faces that go through a network at once. More faces take several rounds; memory
            grows with it.

    Raises:
        BundleError: a bundle is missing or damaged.
        DeviceUnavailableError: the device is unknown, or cannot be used on this machine.
        EngineError: the engine of a GPU cannot be built, or its cache not be used.
        InvalidInputError: an option is out of its range.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = "resnext50",
        *,
        device: str = "auto",
        faces: str | os.PathLike[str] | None = "auto",
        rescoring: str | os.PathLike[str] | None = "auto",
        finder_size: int | None = None,
        finder_tiles: int = 1,
        score_threshold: float = 0.5,
        presence_threshold: float = 0.5,
        nms_iou: float = 0.4,
        max_faces: int | None = None,
        num_threads: int | None = None,
        max_batch: int = 16,
    ) -> None:
        check_whole("max_batch", max_batch, at_most=_core.MAX_BATCH)
        landmarks = None if model is None else read_landmark_bundle(model)
        chosen_finder = choose_finder(faces, landmarks)
        finder = None if chosen_finder is None else _sized(chosen_finder, finder_size)
        rescorer = None if finder is None else choose_rescorer(rescoring, landmarks)
        if landmarks is None and finder is None:
            raise InvalidInputError("model and faces are both None; expected at least one network")
        self._options = _DetectOptions(
            score_threshold=check_fraction("score_threshold", score_threshold),
            nms_iou=check_fraction("nms_iou", nms_iou),
            max_faces=0 if max_faces is None else check_whole("max_faces", max_faces),
            rescoring=rescorer is not None,
            presence_threshold=check_fraction("presence_threshold", presence_threshold),
            finder_tiles=check_whole("finder_tiles", finder_tiles, at_most=_core.MAX_FINDER_TILES),
        )
        if landmarks is not None and not landmarks.knows_faces:
            self._options["presence_threshold"] = 0.0
        self._landmarks = None if landmarks is None else replace(landmarks, model=b"")
        self._provenance = (
            None if landmarks is None else make_provenance(landmarks, finder, rescorer)
        )
        self._has_finder = finder is not None
        self._search = (
            None
            if finder is None
            else FaceSearch(
                finder.input.width, self._options["finder_tiles"], self._options["score_threshold"]
            )
        )
        extra = None if rescorer is landmarks else rescorer
        self._core = _load(
            landmarks, finder, extra, device=device, num_threads=num_threads, max_batch=max_batch
        )
        for use, bundle in (("faces", finder), ("landmarks", landmarks), ("rescoring", rescorer)):
            if bundle is not None:
                log.info("%s by %r on %s", use, bundle.name, self.device)

    @property
    def device(self) -> str:
        """The device in use, such as ``"cpu"``."""
        return self._core.device

    @property
    def topology(self) -> Topology:
        """What each landmark of this detector's network stands for.

        Raises:
            InvalidInputError: the detector was made with ``model=None``.
        """
        return self._landmark_bundle().topology

    @property
    def provenance(self) -> Provenance:
        """Which networks this detector runs, and which version of kilomark.

        Raises:
            InvalidInputError: the detector was made with ``model=None``.
        """
        if self._provenance is None:
            raise _no_landmarks()
        return self._provenance

    @property
    def search(self) -> FaceSearch | None:
        """How images are searched for faces; None if this detector has no face detector."""
        return self._search

    def __repr__(self) -> str:
        count = 0 if self._landmarks is None else self._landmarks.topology.num_landmarks
        return f"<Detector of {count} landmarks on {self.device}>"

    @overload  # a str is a path, though it is a sequence of str as well
    def detect(self, image: ImageLike) -> Regions: ...  # type: ignore[overload-overlap]

    @overload
    def detect(self, image: Sequence[ImageLike]) -> list[Regions]: ...

    def detect(self, image: ImageLike | Sequence[ImageLike]) -> Regions | list[Regions]:
        """Find the faces of one image or of many, without placing landmarks.

        Args:
            image: one image, or a list or tuple of images, as for `predict`.

        Returns:
            The regions of the image, the highest score first; for a list, one for each image.

        Raises:
            InvalidInputError: an image is not as described, or there is no finder.
            InferenceError: the network failed.
        """
        self._check_finder()
        many = isinstance(image, list | tuple)
        images = cast("Sequence[ImageLike]", image if many else [image])
        arrays, formats, _ = _to_core_images(images, self._core.input_stream)
        with forwarded_log():
            found, _ = self._core.detect(arrays, formats, **self._options)
        regions = [Regions._from_core(item) for item in found]  # noqa: SLF001 - its other half
        return regions if many else regions[0]

    @overload
    def place(self, image: ImageLike, regions: Regions) -> list[Face]: ...

    @overload
    def place(self, image: Sequence[ImageLike], regions: Sequence[Regions]) -> list[list[Face]]: ...

    def place(
        self, image: ImageLike | Sequence[ImageLike], regions: Regions | Sequence[Regions]
    ) -> list[Face] | list[list[Face]]:
        """Place landmarks in regions that `detect` or `Regions.from_boxes` gave.

        Args:
            image: one image, or a list or tuple of images, as for `predict`.
            regions: where the faces are; for a list of images, a list of as many.

        Returns:
            One face per region, in order, whatever its presence; for a list, such a list for each
            image.

        Raises:
            InvalidInputError: an image or region is not as described, or ``model=None``.
            InferenceError: the network failed.
        """
        topology = self._landmark_bundle().topology
        many = isinstance(image, list | tuple)
        images = cast("Sequence[ImageLike]", image if many else [image])
        arrays, formats, _ = _to_core_images(images, self._core.input_stream)
        given = [regions] if isinstance(regions, Regions) else list(regions)
        if not all(isinstance(item, Regions) for item in given):
            raise InvalidInputError(
                "regions are not kilomark.Regions; make them with Regions.from_boxes(boxes)"
            )
        with forwarded_log():
            placed, _ = self._core.place(
                arrays,
                formats,
                [item._to_core() for item in given],  # noqa: SLF001 - its other half
            )
        faces = [_to_faces(item, topology) for item in placed]
        return faces if many else faces[0]

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
        faces, _ = self._predict_any(image, boxes, measures_stages=False)
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
        return self._predict_any(image, boxes, measures_stages=True)

    def _predict_any(
        self,
        image: ImageLike | Sequence[ImageLike],
        boxes: Boxes | Sequence[Boxes] | None,
        *,
        measures_stages: bool,
    ) -> tuple[list[Face] | list[list[Face]], _core.StageTimes]:
        if isinstance(image, list | tuple):
            per_image = _check_boxes_per_image(boxes, len(image))
            return self._predict_many(image, per_image, measures_stages=measures_stages)
        one_boxes = None if boxes is None else [cast("Boxes", boxes)]
        faces, times = self._predict_many(
            [cast("ImageLike", image)], one_boxes, measures_stages=measures_stages
        )
        return faces[0], times

    def _predict_many(
        self,
        images: Sequence[ImageLike],
        boxes: Sequence[Boxes] | None,
        *,
        measures_stages: bool,
    ) -> tuple[list[list[Face]], _core.StageTimes]:
        topology = self._landmark_bundle().topology
        if boxes is None:
            self._check_finder()
        arrays, formats, pixels = _to_core_images(images, self._core.input_stream)
        with forwarded_log():
            detections, times = self._core.predict(
                arrays,
                formats,
                boxes=None if boxes is None else _to_boxes_per_image(boxes, pixels),
                measures_stages=measures_stages,
                **self._options,
            )
        if boxes is None and self._search is not None:
            for index, (item, found) in enumerate(zip(pixels, detections, strict=True)):
                if not len(found):
                    advice = self._search.advice(item.width, item.height)
                    log.info("image %d: 0 faces; %s", index, advice)
        return [_to_faces(item, topology) for item in detections], times

    def _landmark_bundle(self) -> LandmarkBundle:
        if self._landmarks is None:
            raise _no_landmarks()
        return self._landmarks

    def _check_finder(self) -> None:
        if not self._has_finder:
            raise InvalidInputError(
                "this detector was made with faces=None, so it has no face finder; pass boxes="
            )


def _no_landmarks() -> InvalidInputError:
    return InvalidInputError(
        "this detector was made with model=None, so it places no landmarks; pass model="
    )


class _DetectOptions(TypedDict):
    score_threshold: float
    nms_iou: float
    max_faces: int
    rescoring: bool
    presence_threshold: float
    finder_tiles: int


def choose_rescorer(
    rescoring: str | os.PathLike[str] | None, landmarks: LandmarkBundle | None
) -> LandmarkBundle | None:
    """Return the network that rescores found faces; `landmarks` itself where they are the same.

    Raises:
        BundleError: there is no such bundle, or it is damaged.
        InvalidInputError: the presence of the network is constant.
    """
    if rescoring is None:
        return None
    if rescoring != "auto":
        chosen = read_landmark_bundle(rescoring)
    elif landmarks is None or landmarks.folder == shipped_bundles().get("resnext50"):
        chosen = read_landmark_bundle("lite")
    else:
        chosen = landmarks
    if landmarks is not None and chosen.folder == landmarks.folder:
        chosen = landmarks
    if chosen.knows_faces:
        return chosen
    if rescoring != "auto":
        raise InvalidInputError(
            f"rescoring is {chosen.name!r}, whose presence is constant; pass another bundle or None"
        )
    return None


def _load(
    landmarks: LandmarkBundle | None,
    finder: FinderBundle | None,
    rescorer: LandmarkBundle | None,
    *,
    device: str,
    num_threads: int | None,
    max_batch: int,
) -> _core.Detector:
    bundles = [bundle for bundle in (landmarks, finder, rescorer) if bundle is not None]
    chosen, models = device_models(device, bundles, max_batch=max_batch)
    by_bundle = {id(bundle): model for bundle, model in zip(bundles, models, strict=True)}

    def to_landmarks(bundle: LandmarkBundle | None) -> _core.LandmarkNetwork | None:
        return None if bundle is None else _to_landmark_network(bundle, by_bundle[id(bundle)])

    with forwarded_log():
        return _core.Detector(
            to_landmarks(landmarks),
            None if finder is None else _to_finder_network(finder, by_bundle[id(finder)]),
            rescorer=to_landmarks(rescorer),
            device=chosen,
            num_threads=choose_num_threads(num_threads),
            max_batch=max_batch,
        )


def _to_core_images(
    images: Sequence[ImageLike], input_stream: int
) -> tuple[list[CoreArray], list[str], list[Pixels | RawPixels]]:
    pixels = [to_core_pixels(image, input_stream=input_stream) for image in images]
    return [item.array for item in pixels], [item.format for item in pixels], pixels


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
        has_depth=bundle.has_depth,
    )


def _to_finder_network(bundle: FinderBundle, model: bytes) -> _core.FinderNetwork:
    return _core.FinderNetwork(
        model=model,
        input=_to_core_input(bundle.input),
        strides=list(bundle.strides),
        rescoring=_core.RescoringRule(**(bundle.rescoring or {})),
    )


def _sized(bundle: FinderBundle, size: int | None) -> FinderBundle:
    if size is None:
        return bundle
    check_whole("finder_size", size, multiple_of=max(bundle.strides), at_most=_core.MAX_INPUT_SIDE)
    return replace(bundle, input=replace(bundle.input, width=size, height=size))
