from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="needs the gpu extra: pip install '.[gpu]'")

from tools.verification import device_input, engines, graphs_and_batches, memory, parity, speed
from tools.verification.outcomes import (
    CannotCheckError,
    Check,
    CheckFailedError,
    require,
    run_check,
)
from tools.verification.report import to_markdown
from tools.verification.roofline import GPUS, bound, gpu_named
from tools.verification.subject import Subject, boxes, frames

from kilomark.conversion.arithmetic import LayerWork
from kilomark.devices import probe_cuda

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kilomark import Detector, Face


@dataclass
class Spoilt:
    """A detector whose landmarks are off by ``shift_px`` whenever ``when`` says so."""

    real: Detector
    shift_px: float
    when: Callable[[Any], bool]
    calls: list[int] = field(default_factory=list)
    device: str = "cpu"

    def predict(self, image: object, *, boxes: object = None) -> list[Any]:
        faces = self.real.predict(image, boxes=boxes)
        if not self.when(boxes):
            return faces
        if isinstance(image, list):
            return [[self._shifted(face) for face in of_image] for of_image in faces]
        return [self._shifted(face) for face in faces]

    def _shifted(self, face: Face) -> Face:
        moved = face.landmarks + np.float32(self.shift_px)
        return replace(face, landmarks=moved, box=face.box + np.float32(self.shift_px))


class SpoiltSubject(Subject):
    """A subject whose detector under test is spoilt, and the reference is not."""

    def __init__(self, when: Callable[[Any], bool] = lambda _boxes: True) -> None:
        super().__init__("lite", "cpu", num_faces=8, iterations=20, largest_batch=8)
        self.when = when

    def detector(self, *, finder: bool = False, graphs: bool = True) -> Detector:
        real = super().detector(finder=finder)
        return cast("Detector", Spoilt(real, 2.0, self.when)) if graphs else real


@pytest.fixture
def subject() -> Subject:
    return Subject("lite", "cpu", num_faces=8, iterations=20, largest_batch=8)


SOUND = (
    parity.build_says_cuda,
    parity.network_parity,
    parity.pipeline_parity,
    parity.finder_parity,
    graphs_and_batches.graphs_on_and_off,
    graphs_and_batches.batches_as_singles,
    graphs_and_batches.two_threads,
    memory.memory_stays,
    speed.latency,
    speed.throughput,
)


@pytest.mark.parametrize("check", SOUND, ids=lambda check: check.__name__)
def test_a_check_holds_between_the_cpu_and_itself(check: Check, subject: Subject) -> None:
    assert check(subject)


@pytest.mark.parametrize(
    "check",
    [parity.pipeline_parity, parity.finder_parity, graphs_and_batches.graphs_on_and_off],
    ids=lambda check: check.__name__,
)
def test_a_check_fails_where_the_landmarks_are_off(check: Check) -> None:
    with pytest.raises(CheckFailedError, match=r"moves? by"):
        check(SpoiltSubject())


def test_a_batch_that_differs_from_its_singles_is_found() -> None:
    subject = SpoiltSubject(lambda given: len(given) == 7)
    with pytest.raises(CheckFailedError, match=r"batches \[7\] differ"):
        graphs_and_batches.batches_as_singles(subject)


def test_memory_that_grows_is_found(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter(range(0, 10**9, 2048))
    monkeypatch.setattr(memory, "_host_kib", lambda: float(next(readings)))
    with pytest.raises(CheckFailedError, match="the host's grew by"):
        memory.memory_stays(subject)


def test_what_a_check_raises_becomes_its_outcome(subject: Subject) -> None:
    def fails(_subject: Subject) -> dict[str, Any]:
        require(False, "too far", {"px": 3.0})
        return {}

    def cannot(_subject: Subject) -> dict[str, Any]:
        raise CannotCheckError("no torch")

    def breaks(_subject: Subject) -> dict[str, Any]:
        raise ZeroDivisionError("by zero")

    found = [run_check("n", "c", check, subject) for check in (fails, cannot, breaks)]
    assert [outcome.status for outcome in found] == ["FAIL", "not checked", "FAIL"]
    assert found[0].figures == {"px": 3.0}
    assert found[2].reason == "ZeroDivisionError: by zero"
    report = to_markdown({"gpus": []}, {"lite": found})
    assert "| n | c | not checked: no torch |" in report


def test_frames_and_boxes_are_the_same_each_time() -> None:
    np.testing.assert_array_equal(frames(2)[1], frames(2)[1])
    np.testing.assert_array_equal(boxes(3), boxes(3))
    assert boxes(3).shape == (3, 4)


@pytest.mark.parametrize(
    ("described", "half"),
    [
        ("Channel major FP16 format where channel % 8 == 0", True),
        ("Half", True),
        ("Row major linear FP32", False),
        ("Float", False),
    ],
)
def test_the_inspectors_formats_are_understood(described: str, half: bool) -> None:
    layer = {"Name": "conv", "Inputs": [{"Name": "image", "Format/Datatype": described}]}
    assert engines._reads_half(layer) is half


def test_nv12_is_what_opencv_reads() -> None:
    cv2 = pytest.importorskip("cv2", reason="opencv is the oracle")
    (picture,) = frames(1)
    smooth = cv2.GaussianBlur(picture, (0, 0), 4)  # so that halving the colors changes little

    back = cv2.cvtColor(device_input.to_nv12(smooth), cv2.COLOR_YUV2BGR_NV12)

    assert np.abs(back.astype(int) - smooth).mean() < 1.5


def test_the_roofline_is_the_larger_of_operations_and_bytes() -> None:
    gpu = replace(GPUS[0], tensor_tflops=1.0, vector_tflops=0.1, memory_gbps=100.0)
    compute = LayerWork("a", "Conv", flops=10**9, groups=1, weights=10, activations=10)
    moving = LayerWork("b", "Conv", flops=10, groups=1, weights=25 * 10**6, activations=0)
    grouped = replace(compute, groups=32)
    assert bound([compute], gpu).floor_us == pytest.approx(1000)
    assert bound([moving], gpu).floor_us == pytest.approx(500)
    assert bound([grouped], gpu).floor_us == pytest.approx(10_000)
    assert bound([compute, moving], gpu).floor_us == pytest.approx(1500)


@pytest.mark.parametrize(
    ("driver_name", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 3060", None),
        ("Tesla T4", None),
    ],
)
def test_gpus_are_known_by_their_drivers_names(driver_name: str, name: str | None) -> None:
    found = gpu_named(driver_name)
    assert (found and found.name) == name


@pytest.mark.skipif(not probe_cuda().reason, reason="there is a GPU")
@pytest.mark.parametrize(("options", "code"), [(["--allow-no-gpu"], 0), ([], 1)])
def test_without_a_gpu_it_lists_what_it_could_not_check(
    root: Path, tmp_path: Path, options: list[str], code: int
) -> None:
    command = [sys.executable, str(root / "tools/verify_gpu.py"), "--out", str(tmp_path / "report")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, done.stderr
    record = json.loads((tmp_path / "report.json").read_text())
    statuses = {check["status"] for found in record["bundles"].values() for check in found}
    assert statuses == {"not checked"}
    assert record["machine"]["why_no_gpu"]
    assert (tmp_path / "report.md").read_text().count("not checked: ") == 2 * 16


@pytest.mark.skipif(not probe_cuda().reason, reason="there is a GPU")
@pytest.mark.parametrize(("required", "outcome"), [("0", "skipped"), ("1", "error")])
def test_a_run_that_needs_a_gpu_cannot_pass_by_skipping(
    root: Path, required: str, outcome: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/cuda", "-q", "-k", "says_cuda",
         "-p", "no:cacheprovider"],
        cwd=root, env={**os.environ, "KILOMARK_REQUIRE_CUDA": required},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert outcome in done.stdout.splitlines()[-1], done.stdout
    assert done.returncode == (1 if required == "1" else 0)
