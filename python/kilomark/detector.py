"""`Detector` finds the faces of an image and places their landmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, overload

from kilomark.core_values import (
    Boxes,
    check_boxes_per_image,
    to_boxes_per_image,
    to_core_images,
    to_faces,
)
from kilomark.detect_options import one_finder, portable
from kilomark.devices import forwarded_log
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.face_search import log_searches
from kilomark.loaded_detector import LoadedDetector
from kilomark.options import DEFAULT_PRESENCE_THRESHOLD, DEFAULT_SCORE_THRESHOLD, Precision
from kilomark.regions import Regions
from kilomark.streaming import DEFAULT_BATCH_IMAGES, faces_or_errors, stream_images

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Sequence

    from kilomark import _core
    from kilomark.faces import Face
    from kilomark.images import ImageLike

    StageTimes: TypeAlias = _core.StageTimes

__all__ = ["Detector"]


class Detector(LoadedDetector):
    """Finds faces and places their landmarks.

    A detector loads its networks when it is made and keeps them. It may be shared by threads:
    its methods may be called from several at once, and release the GIL while they work.

    Two steps do the work. `detect` finds faces with the face detector network (the *finder*) and
    rescores them with a cheap landmark network. `place` puts landmarks into what was found.
    `predict` does both.

    Args:
        model: the landmark network: the name of a shipped bundle, or the folder of a bundle of
            your own. ``"resnext50"`` is the most accurate, ``"lite"`` the fastest; ``"wild"`` is
            for profiles and masks. None: no landmark network; only `detect` then works.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` ..., or ``"auto"``: a GPU whose engines are
            built, else the CPU. The choice is logged at INFO.
        finder: the face detector's bundle, or None to have none; `predict` then needs ``boxes``.
            ``"auto"`` takes the one that the model's manifest names: ``"faces-large"`` for
            ``"resnext50"``, else ``"faces"``.
        rescoring: the landmark network whose presence rescores found faces, as the name or folder
            of a bundle. ``"auto"`` takes the one that the model's manifest names: ``"wild"`` for
            ``"resnext50"``, else ``"lite"``. The presence of both knows masks, profiles and crops
            that are turned wrongly. With ``model="lite"`` no other network runs. None: the finder's
            score stands.
        finder_size: longer side in pixels of what the finder sees of an image; larger finds
            smaller faces and takes longer, in proportion to the area. ``"auto"`` (or None) looks
            at 256 or 320 px first, as the finder's bundle says, and again at up to 640, 1280 and
            2048 px where the last look found small or many faces, or none in a large image.
        finder_tiles: from 2 to 8, the finder also looks at overlapping tiles of the image, this
            many along the longer side. Each tile is scaled to ``finder_size``. The finder then
            finds faces nearly that many times smaller, in the time of as many more images as there
            are tiles. 1: no tiles. ``"auto"`` leaves the zoom to ``finder_size``; on devices whose
            networks have one size, it chooses tiles.
        score_threshold: found faces below this score, 0 to 1, are dropped. With rescoring,
            ``logit(score) = a logit(finder) + b (logit(presence) - logit(c)) + d``; the finder's
            bundle holds the constants. Faces for which the finder alone gives far lower odds than
            those of this threshold are dropped before rescoring.
        presence_threshold: found faces in which the landmark networks see no face, by a presence
            below this, 0 to 1, are dropped. It is low, because the score holds the presence
            already. 0 drops none, in trackers too. A constant presence is ignored.
        nms_iou: limit of the intersection over union, 0 to 1. Found boxes that overlap a better
            one by more are merged with it; the result is their mean, weighted by score. A box at
            most half as large as a better one, and to four fifths inside it, is dropped. So is a
            face whose landmarks' box overlaps that of a better face by more than the limit.
        max_faces: keep at most this many found faces per image, those with the finder's highest
            scores; the landmark networks look at no others.
        num_threads: CPU threads to use, at most those that this process may use; by default all.
        max_batch: faces that go through a network at once. More faces take several rounds; memory
            grows with it.
        cache_dir: a folder where OpenVINO keeps compiled networks, so that the next detector of
            the same networks and options starts faster on a CPU. It is made if it is missing. A
            folder that other users may write to is refused, since what it holds is run. GPUs keep
            their engines elsewhere and ignore it.
        views: 2 places each face in its crop and in the mirrored crop, and averages landmarks,
            spread, depth and presence. It is more accurate and steadier, and doubles the work of
            the landmark network. Finding and rescoring are unchanged. 1: one crop.
        blend: whether the landmarks of several networks are averaged, each landmark weighted by
            1 / spread³. ``"auto"`` blends as the landmark network's manifest says, but not in
            trackers. True blends in trackers too, with whichever network rescores. False: the
            landmark network alone.

            - The network that rescores is blended into every face, its spread counting 1.2 times.
              It has placed found faces already, so this takes time in given boxes and trackers
              only. It adds the depth that ``"wild"`` predicts. The manifests of ``"resnext50"`` and
              ``"lite"`` name ``"wild"``.
            - The *companion* is blended into faces that are still hard: those whose mean spread is
              above a limit of the manifest, 1.2 % of the root of their box's area. They take the
              landmark network's time twice. ``"resnext50"`` has ``"resnext50-turned"``, for turned
              and masked faces.
        eyes: whether each eye is looked at again, in a crop of its own, by the small network that
            the manifest of the landmark network names. It sees lids close that the network of the
            whole face smooths away. Trackers use it too. Bundles without one are as before. A name
            or folder takes this bundle instead, with the rule of the landmark network's manifest.
        precision: what the networks compute in on a CPU. ``"fp32"``: single precision. ``"bf16"``:
            bfloat16, for processors that multiply in it (AVX-512 BF16, AMX); landmarks then move by
            some hundredths of a pixel of the network's input. ``"auto"``: bfloat16 for the face
            detector where the processor multiplies in it, and single precision for all others. A
            GPU takes ``"auto"`` alone: its engines have the precision that they were built with.
        faces: the name that ``finder`` had in version 0.1.

    Raises:
        BundleError: a bundle is missing or damaged.
        DeviceUnavailableError: the device is unknown, or cannot be used on this machine, or does
            not compute in ``precision``.
        EngineError: the engine of a GPU cannot be built, or its cache not be used.
        InvalidInputError: an option is out of its range.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = "resnext50",
        *,
        device: str = "auto",
        finder: str | os.PathLike[str] | None = "auto",
        rescoring: str | os.PathLike[str] | None = "auto",
        finder_size: int | Literal["auto"] | None = "auto",
        finder_tiles: int | Literal["auto"] = "auto",
        score_threshold: float = DEFAULT_SCORE_THRESHOLD,
        presence_threshold: float = DEFAULT_PRESENCE_THRESHOLD,
        nms_iou: float = 0.4,
        max_faces: int | None = None,
        num_threads: int | None = None,
        max_batch: int = 16,
        cache_dir: str | os.PathLike[str] | None = None,
        views: int = 1,
        blend: bool | Literal["auto"] = "auto",
        eyes: bool | str | os.PathLike[str] = True,
        precision: Precision = "auto",
        faces: str | os.PathLike[str] | None = "auto",
    ) -> None:
        settings = {
            "model": portable(model),
            "device": device,
            "finder": portable(one_finder(finder, faces)),
            "rescoring": portable(rescoring),
            "finder_size": finder_size,
            "finder_tiles": finder_tiles,
            "score_threshold": score_threshold,
            "presence_threshold": presence_threshold,
            "nms_iou": nms_iou,
            "max_faces": max_faces,
            "num_threads": num_threads,
            "max_batch": max_batch,
            "cache_dir": None if cache_dir is None else Path(cache_dir).absolute(),
            "views": views,
            "blend": blend,
            "eyes": portable(eyes),
            "precision": precision,
        }
        super().__init__(settings)

    def __reduce__(self) -> tuple[Any, ...]:
        return _make_detector, (type(self), self._settings)

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
        self._checked_search()
        many = isinstance(image, list | tuple)
        images = cast("Sequence[ImageLike]", image if many else [image])
        arrays, formats, _ = to_core_images(images, self._core.input_stream)
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
        topology = self.topology
        many = isinstance(image, list | tuple)
        images = cast("Sequence[ImageLike]", image if many else [image])
        arrays, formats, _ = to_core_images(images, self._core.input_stream)
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
                views=self._views,
                blends=self._blends,
                uses_companion=self._uses_companion,
            )
        faces = [to_faces(item, topology) for item in placed]
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
                (H, W, 4), in memory of the host or of the detector's GPU; a path, ``bytes``, an
                open file or a PIL image, whose EXIF orientation is applied; a `kilomark.RawImage`
                for RGB or NV12; or a list or tuple of these. An array is always one image: pass
                ``list(batch)``.
            boxes: where the faces are, so that no face detector runs: (M, 4) x0, y0, x1, y1 in
                pixels, around the landmarks (brows to chin, ear to ear), or (4,) for one face. For
                a list of images, a list of as many of these. There is then one face per box, in
                order, whatever its presence, with score 1.

        Returns:
            The faces of the image, the highest score first; for a list of images, such a list for
            each. An empty list where there are no faces.

        Raises:
            InvalidInputError: an image or a box is not as described above.
            InferenceError: the network failed.
        """
        faces, _ = self._predict(image, boxes, measures_stages=False)
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
            decode_threads: threads that read and decode; by default one for each core.
            errors: ``"raise"`` to raise the error of an image that cannot be read, after the
                results of those before it; ``"return"`` to yield the error in place of its faces.

        Yields:
            The faces of each image, as `predict` returns them, in the order of the images.

        Raises:
            InvalidInputError: an image or an option is not as described above.
            InferenceError: the network failed.
        """
        if errors not in ("raise", "return"):
            raise InvalidInputError(f"errors is {excerpt(errors)}; expected 'raise' or 'return'")
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
    ) -> tuple[list[Face] | list[list[Face]], StageTimes]:
        """Do as `predict` does, and say how long each stage of the core took.

        Returns:
            What `predict` returns, and the stage times in milliseconds, which add up to
            ``total_ms``. Their ``looks`` say what the finder saw of each image: width, height and
            number of its inputs, look by look.
        """
        return self._predict(image, boxes, measures_stages=True)

    def _predict(
        self,
        image: ImageLike | Sequence[ImageLike],
        boxes: Boxes | Sequence[Boxes] | None,
        *,
        measures_stages: bool,
    ) -> tuple[list[Face] | list[list[Face]], StageTimes]:
        many = isinstance(image, list | tuple)
        images = cast("Sequence[ImageLike]", image if many else [image])
        given = boxes if many or boxes is None else [cast("Boxes", boxes)]
        per_image = check_boxes_per_image(given, len(images))
        topology = self.topology
        search = self._checked_search() if per_image is None else None
        arrays, formats, pixels = to_core_images(images, self._core.input_stream)
        with forwarded_log():
            detections, times = self._core.predict(
                arrays,
                formats,
                boxes=None if per_image is None else to_boxes_per_image(per_image, pixels),
                views=self._views,
                blends=self._blends,
                uses_companion=self._uses_companion,
                measures_stages=measures_stages,
                **self._options,
            )
        faces = [to_faces(item, topology) for item in detections]
        if search is not None:
            sizes = [(item.width, item.height) for item in pixels]
            log_searches(search, sizes, [len(found) for found in faces], times.looks)
        return (faces if many else faces[0]), times


def _make_detector(kind: type[Detector], settings: dict[str, Any]) -> Detector:
    return kind(**settings)
