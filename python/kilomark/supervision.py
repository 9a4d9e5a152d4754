"""Faces as values of supervision (``pip install 'kilomark[supervision]'``).

    from kilomark.supervision import to_detections, to_key_points

supervision's annotators, trackers and data sets then work on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kilomark.errors import DependencyError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import supervision

    from kilomark.faces import Face

__all__ = ["to_detections", "to_key_points"]


def to_key_points(faces: Sequence[Face]) -> supervision.KeyPoints:
    """Convert faces to ``supervision.KeyPoints``.

    Args:
        faces: of one network; F faces of K landmarks.

    Returns:
        ``KeyPoints`` with ``xy`` (F, K, 2) in pixels and ``class_id`` (F,) 0. Its positions are
        kilomark's: pixel i covers [i, i + 1).

    Raises:
        DependencyError: supervision is not installed.
        InvalidInputError: the faces have different numbers of landmarks.
    """
    _check_supervision()
    import supervision

    counts = sorted({len(face.landmarks) for face in faces})
    if len(counts) > 1:
        raise InvalidInputError(
            f"faces of {' and '.join(map(str, counts))} landmarks; expected faces of one network"
        )
    if not faces:
        return supervision.KeyPoints.empty()
    return supervision.KeyPoints(
        xy=np.stack([face.landmarks for face in faces]).astype(np.float32),
        class_id=np.zeros(len(faces), int),
    )


def to_detections(faces: Sequence[Face]) -> supervision.Detections:
    """Convert faces to ``supervision.Detections``.

    Returns:
        ``Detections`` with ``xyxy`` (F, 4), ``confidence`` (F,) the scores, ``class_id`` (F,) 0,
        the class name ``"face"`` in ``data``, and ``tracker_id`` (F,) if all faces are tracked.

    Raises:
        DependencyError: supervision is not installed.
    """
    _check_supervision()
    import supervision

    if not faces:
        return supervision.Detections.empty()
    ids = [getattr(face, "id", None) for face in faces]
    return supervision.Detections(
        xyxy=np.stack([face.box for face in faces]).astype(np.float32),
        confidence=np.array([face.score for face in faces], np.float32),
        class_id=np.zeros(len(faces), int),
        tracker_id=None if None in ids else np.array(ids, int),
        data={"class_name": np.array(["face"] * len(faces))},
    )


def _check_supervision() -> None:
    try:
        import supervision  # noqa: F401
    except ImportError as error:
        raise DependencyError(
            "the converters found no supervision; install it: pip install 'kilomark[supervision]'"
        ) from error
