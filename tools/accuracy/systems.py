"""Systems that find faces and place points, behind one function each: a BGR photo -> `Found`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark import Detector
from kilomark.errors import InvalidInputError
from kilomark.options import DEFAULT_SCORE_THRESHOLD

from .scoring import Found

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run_system"]

_WORKER = Path(__file__).with_name("mediapipe_worker.py")


def run_system(
    name: str, photos: Sequence[Path], *, lowest_score: float | None = None
) -> list[Found]:
    """Run one system on photos.

    Args:
        name: ``kilomark:BUNDLE``; ``yunet:MODEL.onnx`` through OpenCV; ``mediapipe:PYTHON``, the
            interpreter of an environment that has mediapipe.
        photos: paths of the photos.
        lowest_score: keep what scores at least this, instead of each system's own default.

    Raises:
        InvalidInputError: the system is not known or cannot be run.
    """
    kind, _, choice = name.partition(":")
    if kind == "kilomark":
        return _run_kilomark(choice or "resnext50", photos, lowest_score)
    if kind == "yunet":
        return _run_yunet(choice, photos, lowest_score)
    if kind == "mediapipe":
        return _run_mediapipe(choice or "python3", photos)
    raise InvalidInputError(
        f"the system is {name!r}; expected kilomark:BUNDLE, yunet:MODEL.onnx or mediapipe:PYTHON"
    )


def _run_kilomark(bundle: str, photos: Sequence[Path], lowest_score: float | None) -> list[Found]:
    threshold = DEFAULT_SCORE_THRESHOLD if lowest_score is None else lowest_score
    detector = Detector(bundle, score_threshold=threshold)
    found = []
    for path in photos:
        faces = detector.predict(_read(path))
        num_landmarks = detector.topology.num_landmarks
        points = np.array([face.landmarks for face in faces], float).reshape(-1, num_landmarks, 2)
        scores = np.array([face.score for face in faces], float)
        found.append(Found(_boxes_of(points), points, scores))
    return found


def _run_yunet(model: str, photos: Sequence[Path], lowest_score: float | None) -> list[Found]:
    import cv2

    if not Path(model).is_file():
        raise InvalidInputError(
            f"no YuNet model {model!r}; expected yunet:face_detection_yunet.onnx"
        )
    detector = cv2.FaceDetectorYN.create(model, "", (320, 320))
    if lowest_score is not None:
        detector.setScoreThreshold(lowest_score)
    found = []
    for path in photos:
        image = _read(path)
        detector.setInputSize((image.shape[1], image.shape[0]))
        rows = detector.detect(image)[1]
        rows = np.zeros((0, 15)) if rows is None else rows.astype(float)
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], 1)
        found.append(Found(boxes, rows[:, 4:14].reshape(-1, 5, 2), rows[:, 14]))
    return found


def _run_mediapipe(python: str, photos: Sequence[Path]) -> list[Found]:
    done = subprocess.run(
        [python, str(_WORKER)],
        input="\n".join(map(str, photos)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise InvalidInputError(
            f"{python} could not run mediapipe: {done.stderr.strip()[-300:]}; expected the Python "
            "of an environment that has mediapipe and OpenCV"
        )
    found = []
    for line in done.stdout.splitlines():
        faces = json.loads(line)
        points = np.array(faces, float).reshape(len(faces), -1, 2) if faces else np.zeros((0, 1, 2))
        found.append(Found(_boxes_of(points), points))
    return found


def _read(path: Path) -> np.ndarray[Any, Any]:
    import cv2

    image = cv2.imread(str(path))
    if image is None:
        raise InvalidInputError(f"{path} cannot be read; expected a photo that OpenCV decodes")
    return image


def _boxes_of(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.concatenate([points.min(1), points.max(1)], 1)
