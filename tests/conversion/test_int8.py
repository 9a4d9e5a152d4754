from __future__ import annotations

import pytest

pytest.importorskip("nncf", reason="needs the int8 extra: pip install '.[int8]'")

import json
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import onnx
from PIL import Image

from kilomark import Detector
from kilomark.cli.main import main
from kilomark.conversion.converted import convert_model
from kilomark.conversion.int8 import quantize_bundle, quantize_model
from kilomark.conversion.samples import demo_samples
from kilomark.errors import EngineError, InvalidInputError
from kilomark.export.sample_faces import read_calibration_samples
from kilomark.manifest import read_bundle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, demo_photo: Path) -> Path:
    """The demo photo in 25 sizes and lights."""
    folder = tmp_path_factory.mktemp("photos")
    with Image.open(demo_photo) as photo:
        for number in range(25):
            size = 400 + 8 * number
            varied = (
                photo.convert("RGB")
                .resize((size, size))
                .point(lambda v, n=number: v * (0.7 + 0.02 * n))
            )
            varied.save(folder / f"{number:02}.jpg")
    return folder


def test_a_quantized_bundle_answers_like_the_one_it_came_from(
    photos: Path, tmp_path: Path, demo_photo: Path
) -> None:
    folder = tmp_path / "lite-int8"
    command = ["convert", "lite", "--precision", "int8", "--samples", str(photos)]
    assert main([*command, "--out", str(folder)]) == 0

    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["name"] == "lite-int8"
    assert manifest["quantization"]["calibrated_on_images"] == 20
    (before,), (after,) = (
        Detector(model, device="cpu", num_threads=1).predict(demo_photo)
        for model in ("lite", folder)
    )
    crop_px = 1.25 * max(before.box[2:] - before.box[:2])
    moved = np.linalg.norm(before.landmarks - after.landmarks, axis=1) * 128 / crop_px
    assert 0 < moved.mean() < 0.5


def test_convolutions_are_quantized_and_the_head_is_not() -> None:
    bundle = read_bundle("lite")
    quantized, kept = quantize_model(onnx.load_from_string(bundle.model), demo_samples(bundle, 4))
    made_by = {output: node.op_type for node in quantized.graph.node for output in node.output}
    inputs = Counter(
        (node.op_type, made_by.get(node.input[0]), made_by.get(node.input[1]))
        for node in quantized.graph.node
        if node.op_type in ("Conv", "Gemm")
    )
    assert inputs["Conv", "DequantizeLinear", "DequantizeLinear"] == 25
    assert inputs["Gemm", "DequantizeLinear", "DequantizeLinear"] == 0
    assert len(kept) == 6  # four of the landmarks, two of the presence


def test_a_quantized_bundle_is_for_the_cpu_alone(photos: Path, tmp_path: Path) -> None:
    samples, others = read_calibration_samples(read_bundle("lite"), photos)
    quantize_bundle(read_bundle("lite"), samples, others, tmp_path / "once")
    quantized = read_bundle(tmp_path / "once")
    with pytest.raises(InvalidInputError, match="is quantized already"):
        quantize_bundle(quantized, samples, others, tmp_path / "twice")
    with pytest.raises(EngineError, match="quantized for CPUs"):
        convert_model(quantized)


def test_a_face_detector_is_refused(tmp_path: Path) -> None:
    bundle = read_bundle("faces")
    samples = demo_samples(bundle, 2)
    with pytest.raises(InvalidInputError, match="finds faces"):
        quantize_bundle(bundle, samples, samples, tmp_path / "out")
