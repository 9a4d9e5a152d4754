"""Any bytes as model.onnx, as Python calls the check: accepted, or BundleError."""

from __future__ import annotations

from harness import check_message, fuzz, instrumented
from outcomes import note_outcome

with instrumented():
    from tests.tiny_bundles import KEYPOINTS, _finder_model, _landmark_model

    from kilomark import _core
    from kilomark.errors import BundleError


def test_one_input(data: bytes) -> None:
    try:
        _core.check_onnx(data)
    except BundleError as error:
        check_message(error)
        note_outcome(error)
    else:
        note_outcome("accepted")


def seeds() -> list[bytes]:
    models = [_landmark_model(), _finder_model(KEYPOINTS)]
    return [model.SerializeToString() for model in models]


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
