"""The networks of a detector: loaded when it is made, once in each process, until it is closed."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from kilomark import _core
from kilomark.blending import choose_blend, choose_companion
from kilomark.detect_options import check_mirror, make_detect_options, sized
from kilomark.errors import InvalidInputError
from kilomark.eye_choice import choose_eyes
from kilomark.face_search import FaceSearch
from kilomark.finder_choice import choose_finder
from kilomark.manifest import read_face_bundle
from kilomark.network_loading import choose_rescorer, load_core
from kilomark.options import check_whole
from kilomark.provenance import make_provenance

if TYPE_CHECKING:
    from typing_extensions import Self

    from kilomark.manifest import FinderBundle, LandmarkBundle
    from kilomark.provenance import Provenance
    from kilomark.topology import Topology

    CoreDetector: TypeAlias = _core.Detector

__all__ = ["LoadedDetector"]

log = logging.getLogger(__name__)

LARGEST_ZOOM = 5
"""Of the sizes that follow the image, over the size that the finder was trained at; see
look_plan.hpp."""


@dataclass(frozen=True, slots=True, eq=False)
class _Bundles:
    """The networks of a detector, with their models."""

    landmarks: LandmarkBundle | None
    finder: FinderBundle | None
    rescorer: LandmarkBundle | None
    """``landmarks`` itself if they are the same."""
    companion: LandmarkBundle | None
    eyes: LandmarkBundle | None

    def log_uses(self, device: str) -> None:
        """Say which networks are used for what."""
        uses = {
            "faces": self.finder,
            "landmarks": self.landmarks,
            "rescoring": self.rescorer,
            "hard faces": self.companion,
            "eyes": self.eyes,
        }
        for use, bundle in uses.items():
            if bundle is not None:
                log.info("%s by %r on %s", use, bundle.name, device)


class LoadedDetector:
    """What a `Detector` loads and holds; the detector itself is the work that it does.

    Args:
        settings: the arguments of `Detector`, by name.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._options = make_detect_options(settings)
        check_whole("max_batch", settings["max_batch"], at_most=_core.MAX_BATCH)
        self._views = check_whole("views", settings["views"], at_most=2)
        self._lock = threading.Lock()
        self._live: CoreDetector | None = self._load()

    def _load(self) -> CoreDetector:
        """Read the bundles and load their networks in this process."""
        settings = self._settings
        bundles = self._choose_bundles()
        self._describe(bundles)
        core = load_core(
            bundles.landmarks,
            bundles.finder,
            None if bundles.rescorer is bundles.landmarks else bundles.rescorer,
            bundles.companion,
            bundles.eyes,
            device=settings["device"],
            num_threads=settings["num_threads"],
            max_batch=settings["max_batch"],
            cache_dir=settings["cache_dir"],
            precision=settings["precision"],
        )
        bundles.log_uses(core.device)
        self._process = os.getpid()
        return core

    def _choose_bundles(self) -> _Bundles:
        """Read the bundles, and set the options that depend on them."""
        settings = self._settings
        model = settings["model"]
        landmarks = None if model is None else read_face_bundle(model)
        check_mirror(landmarks, self._views)
        named = settings["finder"]
        finder = None if named is None else choose_finder(named, landmarks)
        if landmarks is None and finder is None:
            raise InvalidInputError("model and finder are both None; expected at least one network")
        if finder is not None:
            finder, self._options["finder_size"] = sized(finder, settings["finder_size"])
        rescorer = None if finder is None else choose_rescorer(settings["rescoring"], landmarks)
        self._options["rescoring"] = rescorer is not None
        companion = choose_companion(settings["blend"], landmarks)
        check_mirror(companion, self._views)
        self._blends = choose_blend(settings["blend"], landmarks, rescorer, companion)
        self._uses_companion = companion is not None
        eyes = choose_eyes(settings["eyes"], landmarks)
        if landmarks is not None and not landmarks.knows_faces:
            self._options["presence_threshold"] = 0.0
        return _Bundles(landmarks, finder, rescorer, companion, eyes)

    def _describe(self, bundles: _Bundles) -> None:
        """Keep what the detector says of its networks."""
        landmarks, finder = bundles.landmarks, bundles.finder
        self._landmarks = None if landmarks is None else replace(landmarks, model=b"")
        self._provenance = (
            None
            if landmarks is None
            else make_provenance(
                landmarks, finder, bundles.rescorer, bundles.companion, bundles.eyes
            )
        )
        self._search = None if finder is None else self._make_search(finder.input.width)

    def _make_search(self, trained_px: int) -> FaceSearch:
        size, tiles = self._options["finder_size"], self._options["finder_tiles"]
        follows_image = size == tiles == 0
        return FaceSearch(
            LARGEST_ZOOM * trained_px if follows_image else size or trained_px,
            max(tiles, 1),
            self._options["score_threshold"],
            follows_image,
        )

    @property
    def _core(self) -> CoreDetector:
        """The networks in this process; a forked process loads them again when it needs them."""
        live = self._live
        if live is not None and self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    _INHERITED.append(live)
                    self._live = self._load()
                live = self._live
        if live is None:
            raise InvalidInputError("this detector is closed; make another one")
        return live

    def close(self) -> None:
        """Free the networks. Calls that run end as usual; later ones raise InvalidInputError."""
        if self._process != os.getpid():
            _INHERITED.append(self._live)
        self._live = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        count = 0 if self._landmarks is None else self._landmarks.topology.num_landmarks
        return (
            f"<Detector of {count} landmarks {f'on {self.device}' if self._live else '(closed)'}>"
        )

    @property
    def device(self) -> str:
        """The device in use, such as ``"cpu"``."""
        return self._core.device

    @property
    def views(self) -> int:
        """How many views of each face are averaged: 1, or 2 with its mirror image."""
        return self._views

    @property
    def blends(self) -> bool:
        """Whether photos get the blended landmarks of several networks; see ``blend``."""
        return self._blends or self._uses_companion

    @property
    def topology(self) -> Topology:
        """What each landmark of this detector's network stands for.

        Raises:
            InvalidInputError: the detector was made with ``model=None``.
        """
        if self._landmarks is None:
            raise _no_landmarks()
        return self._landmarks.topology

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

    def _checked_search(self) -> FaceSearch:
        if self._search is None:
            raise InvalidInputError(
                "this detector was made with finder=None, so it has no face detector; pass boxes="
            )
        return self._search


def _no_landmarks() -> InvalidInputError:
    return InvalidInputError(
        "this detector was made with model=None, so it places no landmarks; pass model="
    )


_INHERITED: list[object] = []
"""Networks of a process that this one was forked from. They must not be freed: their threads are
not in this process."""
