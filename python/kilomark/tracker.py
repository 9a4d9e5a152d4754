"""Following the faces of a video: `Tracker` gives them ids and steady landmarks."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, NoReturn, TypeGuard

import numpy as np

from kilomark import _core
from kilomark.devices import forwarded_log
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.faces import Face
from kilomark.images import ImageLike, to_core_pixels
from kilomark.loaded_detector import LoadedDetector
from kilomark.options import check_whole

if TYPE_CHECKING:
    import numpy.typing as npt

    from kilomark.detector import Detector
    from kilomark.topology import Topology

__all__ = ["TrackedFace", "Tracker"]

USUAL_FRAME_SECONDS = 1 / 30
"""Between frames without time stamps."""

TRACKED_PRESENCE = 0.5
"""A new face needs this presence; a followed one may have half of it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True, repr=False)
class TrackedFace(Face):
    """A face of a video: a `Face` whose landmarks are smoothed, with what a tracker knows of it."""

    id: int
    """From 1. A face keeps it as long as it is followed, and when it comes back within the memory.

    After a scene cut every face has a new one.
    """
    age: int
    """Frames since the face was first returned; 0 in the first."""
    raw_landmarks: npt.NDArray[np.float32]
    """(K, 2) as the network placed them in this frame."""
    velocity: npt.NDArray[np.float32]
    """(2,) of the face's center, in pixels per second."""

    def __repr__(self) -> str:
        return Face.__repr__(self).replace("<Face", f"<TrackedFace id={self.id} age={self.age}", 1)


class Tracker:
    """Follows the faces of one video.

    A face is looked for where its last landmarks and its velocity say. The face detector runs only
    at the start, after scene cuts, when a face is lost or uncertain, and every few frames. So most
    frames cost one run of the landmark network per face.

    The landmarks are smoothed in the face's own frame: shift, size and roll by one filter, the
    shape by another. Both follow motion at once and average out noise. Lids and lips are smoothed
    least, so that blinks and speech stay as they are.

    Time stamps may be uneven. A repeated one measures the faces again without moving them on. One
    that runs back, or leaps by more than ``memory_seconds``, begins a new scene, as does a frame of
    another size: all ids end. Equal frames and time stamps give equal faces.

    Threads: a tracker belongs to one video; calls from several threads wait for one another. Many
    trackers, each in its own thread, may share one detector.

    Args:
        detector: finds the faces and places the landmarks. Its thresholds hold for new faces.
        smoothing: multiplies the time constants of the smoothing. 0 returns the raw landmarks, 1
            suits webcams, larger values are steadier and follow slow changes later.
        memory_seconds: a lost face that turns up again within this time, near where it was or where
            its velocity would have taken it, keeps its id.
        detect_every: frames from one look of the face detector to the next, if all is well.
        tiles: tiles along the frame's longer side that the face detector looks at in turn, for
            small faces; by default one for each 320 px, at most 4. 1 looks at whole frames only,
            and finds no tiny faces.
        max_faces: follow at most this many faces.

    Raises:
        InvalidInputError: an option is out of its range, or the detector has no face detector.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        smoothing: float = 1.0,
        memory_seconds: float = 1.0,
        detect_every: int = 15,
        tiles: int | None = None,
        max_faces: int | None = None,
    ) -> None:
        if not isinstance(detector, LoadedDetector):
            raise InvalidInputError(
                f"the detector is {excerpt(detector)}; expected a kilomark.Detector, such as "
                'Tracker(Detector("lite"))'
            )
        if detector.search is None:
            raise InvalidInputError(
                "this detector was made with finder=None; a tracker needs its face detector"
            )
        self._topology = detector.topology
        detect = detector._options  # noqa: SLF001 - the tracker is built on its core
        is_blending = detector._settings["blend"] is True  # noqa: SLF001
        self._core = _core.Tracker(
            detector._core,  # noqa: SLF001
            groups=[
                (group.name, group.start, group.count) for group in self._topology.groups.values()
            ],
            smoothing=_check_number("smoothing", smoothing, _core.MAX_SMOOTHING),
            memory_s=_check_number("memory_seconds", memory_seconds, _core.MAX_MEMORY_SECONDS),
            detect_every=check_whole("detect_every", detect_every),
            tiles=0
            if tiles is None
            else check_whole("tiles", tiles, at_most=_core.MAX_TRACKER_TILES),
            max_faces=0 if max_faces is None else check_whole("max_faces", max_faces),
            score_threshold=detect["score_threshold"],
            nms_iou=detect["nms_iou"],
            rescoring=detect["rescoring"],
            presence_threshold=TRACKED_PRESENCE if detect["presence_threshold"] else 0.0,
            views=detector.views,
            blends=is_blending and detector._blends,  # noqa: SLF001
            uses_companion=is_blending and detector._uses_companion,  # noqa: SLF001
        )
        self._detector = detector
        self._last_timestamp: float | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Tracker with {self._detector}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Tracker cannot be pickled or copied: it belongs to one video in one process; pickle "
            "its detector and make a Tracker of it there"
        )

    @property
    def detector(self) -> Detector:
        """The detector that this tracker uses."""
        return self._detector

    def update(self, frame: ImageLike, timestamp: float | None = None) -> list[TrackedFace]:
        """Follow the faces into the next frame.

        Args:
            frame: one image, as for `Detector.predict`.
            timestamp: the frame's time in seconds, from any origin, as a float, an int, a Fraction
                or a number of NumPy; by default 1/30 s after the frame before.

        Returns:
            The faces that are seen in this frame, the longest known first.

        Raises:
            InvalidInputError: the frame is not an image, or the time stamp is not finite.
            InferenceError: the network failed.
        """
        if isinstance(frame, list | tuple):
            raise InvalidInputError(
                "update takes one frame, not a list; call it for each frame of the video in turn"
            )
        stream = self._detector._core.input_stream  # noqa: SLF001
        pixels = to_core_pixels(frame, input_stream=stream)
        with self._lock, forwarded_log():
            time = self._time_of(timestamp)
            found = self._core.update(pixels.array, pixels.format, time)
            self._last_timestamp = time
        return _to_faces(found, self._topology)

    def reset(self) -> None:
        """Forget all faces; ids begin at 1 again."""
        with self._lock:
            self._core.reset()
            self._last_timestamp = None

    def _time_of(self, timestamp: float | None) -> float:
        if timestamp is None:
            last = self._last_timestamp
            return 0.0 if last is None else last + USUAL_FRAME_SECONDS
        if not _is_number(timestamp):
            raise InvalidInputError(
                f"the time stamp is {excerpt(timestamp)}; expected a number of seconds, or None"
            )
        return _as_float(timestamp)


def _is_number(value: object) -> TypeGuard[Real]:
    """NumPy counts its durations among the whole numbers."""
    return isinstance(value, Real) and not isinstance(value, bool | np.timedelta64)


def _as_float(number: Real) -> float:
    """Infinite where the number is too large for a float."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _check_number(name: str, value: object, at_most: float) -> float:
    if (
        not _is_number(value) or not 0 <= _as_float(value) <= at_most  # false for NaN
    ):
        raise InvalidInputError(
            f"{name} is {excerpt(value)}; expected a number from 0 to {at_most:g}"
        )
    return float(value)


def _to_faces(found: _core.TrackedFaces, topology: Topology) -> list[TrackedFace]:
    depths = [None] * len(found.ids) if found.depth is None else found.depth
    return [
        TrackedFace(
            landmarks=landmarks,
            spread=spread,
            box=box,
            score=score,
            presence=presence,
            topology=topology,
            depth=depth,
            id=number,
            age=age,
            raw_landmarks=raw,
            velocity=velocity,
        )
        for number, age, box, score, presence, landmarks, raw, spread, depth, velocity in zip(
            found.ids,
            found.ages,
            found.boxes,
            found.scores,
            found.presence,
            found.landmarks,
            found.raw_landmarks,
            found.spread,
            depths,
            found.velocities,
            strict=True,
        )
    ]
