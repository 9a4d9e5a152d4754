from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kilomark import Detector
from kilomark.conversion.samples import DEMO_FACE_BOX, demo_samples
from kilomark.manifest import read_bundle

if TYPE_CHECKING:
    from pathlib import Path


def test_demo_samples_are_the_same_each_time_and_differ_among_themselves() -> None:
    bundle = read_bundle("lite")
    first, second = demo_samples(bundle, 3), demo_samples(bundle, 3)
    assert first.shape == (3, 3, 128, 128)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, second)
    assert np.abs(first[0] - first[1]).mean() > 0.1


def test_the_demo_samples_are_cut_around_the_face_that_is_found(demo_photo: Path) -> None:
    (face,) = Detector("lite", device="cpu", num_threads=1).predict(demo_photo)
    np.testing.assert_allclose(DEMO_FACE_BOX, face.box, atol=5)
