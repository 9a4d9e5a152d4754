"""What the check of ONNX files accepts, loaded and run by OpenVINO: a typed error, or an answer.

Slow: most inputs are stopped by the check, the others compile. It looks for what the check lets
through and OpenVINO does not survive.
"""

from __future__ import annotations

import numpy as np
from harness import fuzz, instrumented
from outcomes import note_outcome

with instrumented():
    from tests.tiny_bundles import CROP_SIZE, LANDMARKS, _landmark_model

    from kilomark import _core
    from kilomark.errors import KilomarkError

INPUT = _core.NetworkInput(
    width=CROP_SIZE, height=CROP_SIZE, channel_order="rgb", mean=[0, 0, 0], std=[255, 255, 255]
)
IMAGE = np.zeros((40, 40), np.uint8)
BOX = np.array([[5, 5, 30, 30]], np.float32)


def test_one_input(data: bytes) -> None:
    try:
        _core.check_onnx(data)
        note_outcome("accepted")
        network = _core.LandmarkNetwork(
            model=data, input=INPUT, num_landmarks=len(LANDMARKS), crop_scale=1.25
        )
        detector = _core.Detector(network, None, num_threads=1, max_batch=2)
        detector.predict([IMAGE], ["gray"], boxes=[BOX])
        note_outcome("answered")
    except KilomarkError as error:
        note_outcome(error)


def seeds() -> list[bytes]:
    return [_landmark_model().SerializeToString()]


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
