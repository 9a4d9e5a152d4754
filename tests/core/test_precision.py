from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.core.messages import refused

from kilomark import Detector, DeviceUnavailableError, InvalidInputError, _core
from kilomark.devices import choose_precision

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.conftest import MakeFinder, MakeLandmarks

HAS_BF16 = _core.has_native_bf16()


def test_only_the_face_detector_may_be_rounded_by_default(demo_photo: Path) -> None:
    photo = np.random.default_rng(0).random((1, 3, 128, 128), np.float32)
    exact, default = (
        Detector("lite", device="cpu", precision=name)._core.infer("landmarks", photo)
        for name in ("fp32", "auto")
    )
    for name, values in exact.items():
        np.testing.assert_array_equal(default[name], values)
    ((face,), (same,)) = (
        Detector("lite", device="cpu", precision=name).predict(demo_photo)
        for name in ("fp32", "auto")
    )
    assert same.score == pytest.approx(face.score, abs=0.02)
    assert np.abs(same.box - face.box).max() < 0.02 * (face.box[2] - face.box[0])


def test_the_face_detector_is_rounded_where_the_processor_multiplies_in_bf16() -> None:
    tensors = np.random.default_rng(0).random((1, 3, 192, 256), np.float32)
    exact, default = (
        Detector(None, finder="faces", device="cpu", precision=name)._core.infer("finder", tensors)
        for name in ("fp32", "auto")
    )
    assert (exact["distances"] == default["distances"]).all() == (not HAS_BF16)
    np.testing.assert_allclose(default["distances"], exact["distances"], rtol=0.1, atol=0.5)


def test_bf16_for_all_networks_needs_a_processor_that_multiplies_in_it(demo_photo: Path) -> None:
    if not HAS_BF16:
        with refused(DeviceUnavailableError, 'precision "bf16" on a processor'):
            Detector("lite", device="cpu", precision="bf16")
        return
    ((face,), (near,)) = (
        Detector("lite", device="cpu", precision=name).predict(demo_photo)
        for name in ("fp32", "bf16")
    )
    moved = np.abs(near.landmarks - face.landmarks)
    assert 0 < moved.max() < 0.02 * (face.box[2] - face.box[0])


def test_unknown_precisions_and_those_of_engines_are_refused(
    make_landmarks: MakeLandmarks, make_finder: MakeFinder
) -> None:
    with refused(InvalidInputError, 'precision "half"; expected auto, fp32 or bf16'):
        _core.Detector(make_landmarks(), make_finder(), precision="half")
    with refused(InvalidInputError, "a precision of its own on cuda"):
        _core.Detector(make_landmarks(), None, device="cuda", precision="fp32")
    with pytest.raises(InvalidInputError, match="precision is 16; expected 'auto', 'fp32' or"):
        Detector("lite", device="cpu", precision=16)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="precision is 'bf16' on cuda:1, whose engines"):
        choose_precision("bf16", "cuda:1")


def test_the_log_says_what_computes_in_what(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "kilomark"):
        assert choose_precision("auto", "cpu") == "auto"
        assert choose_precision("fp32", "cpu") == "fp32"
        assert choose_precision("auto", "cuda") == "auto"
    finder = "bf16" if HAS_BF16 else "fp32"
    assert caplog.messages == [
        f"the face detector computes in {finder}, other networks in fp32",
        "all networks compute in fp32",
    ]
