"""A detector on the CUDA plugin: on a fake GPU with a fake TensorRT, and on a real GPU without any.

What takes `gpu` or `gpu_detector` is run on both, if there are both.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.cuda.gpu_memory import GpuArray
from tests.tiny_bundles import bright_cells

from kilomark import Detector, RawImage
from kilomark.devices import available_devices, probe_cuda
from kilomark.errors import BundleError, DeviceUnavailableError, InferenceError, InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cuda.gpu_memory import GpuMemory

    from kilomark import Face

NOISE = np.random.default_rng(3).integers(0, 256, (90, 120, 3), np.uint8)
BOXES = np.array([[10, 20, 60, 70], [-20, 5, 40, 30], [90, 60, 130, 95]], np.float32)


def assert_same(found: list[Face], expected: list[Face]) -> None:
    assert len(found) == len(expected) > 0
    for face, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(face.landmarks, other.landmarks, atol=1e-3)
        np.testing.assert_allclose(face.spread, other.spread, atol=1e-5)
        np.testing.assert_allclose(face.box, other.box, atol=1e-3)
        assert face.score == pytest.approx(other.score, abs=1e-5)


@pytest.mark.usefixtures("fake_gpu")
def test_probe_of_the_fake() -> None:
    probe = probe_cuda()
    assert probe.reason == ""
    assert probe.tensorrt_version == "10.14.1.48"
    assert probe.devices[0].compute_capability == (8, 6)
    assert "6.1" in probe.devices[1].reason
    assert available_devices() == ["cpu", "cuda"]


@pytest.mark.usefixtures("real_gpu")
def test_probe_of_a_real_gpu() -> None:
    probe = probe_cuda()
    assert float(probe.driver_version) >= float(probe.runtime_version) > 0
    assert probe.devices[0].reason == ""
    assert probe.devices[0].name
    assert probe.devices[0].memory_bytes > 1 << 30
    assert available_devices()[:2] == ["cpu", "cuda"]


@pytest.mark.parametrize("shape", [(90, 120, 3), (90, 120), (90, 120, 4)])
def test_given_boxes_as_on_the_cpu(
    gpu_detector: Detector, detector: Detector, shape: tuple[int, ...]
) -> None:
    image = np.random.default_rng(5).integers(0, 256, shape, np.uint8)
    found = gpu_detector.predict(image, boxes=BOXES)
    assert gpu_detector.device == "cuda"
    assert_same(found, detector.predict(image, boxes=BOXES))


def test_finds_faces_as_on_the_cpu(gpu_detector: Detector, detector: Detector) -> None:
    images = [bright_cells((3, 4)), bright_cells((1, 1), (6, 6)), bright_cells((2, 2))]
    found, expected = gpu_detector.predict(images), detector.predict(images)
    for some, others in zip(found, expected, strict=True):
        assert_same(some, others)


@pytest.fixture
def tiled_on_cpu(tiny: Path, tiny_faces: Path) -> Detector:
    return Detector(
        tiny, finder=tiny_faces, device="cpu", rescoring=None, presence_threshold=0, finder_tiles=2
    )


def test_finds_faces_in_tiles_as_on_the_cpu(
    tiled_on_cpu: Detector,
    gpu: GpuMemory,  # noqa: ARG001 - from here on
    tiny: Path,
    tiny_faces: Path,
) -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[9:13, 50:54], image[50:54, 9:13] = 255, 230  # each most of a cell of one tile
    on_gpu = Detector(
        tiny, finder=tiny_faces, device="cuda", rescoring=None, presence_threshold=0, finder_tiles=2
    )
    assert_same(on_gpu.predict(image), tiled_on_cpu.predict(image))


def test_arrays_on_the_gpu_are_read_where_they_are(gpu_detector: Detector, gpu: GpuMemory) -> None:
    expected = gpu_detector.predict(NOISE, boxes=BOXES)
    wide = np.zeros((90, 130, 3), np.uint8)
    wide[:, :120] = NOISE
    for array in (gpu.array(NOISE), gpu.array(wide[:, :120]), gpu.dlpack(NOISE)):
        assert_same(gpu_detector.predict(array, boxes=BOXES), expected)


def test_dlpack_is_given_the_sessions_stream(gpu_detector: Detector, gpu: GpuMemory) -> None:
    array = gpu.dlpack(NOISE)
    gpu_detector.predict(array, boxes=BOXES)
    assert array.streams == [gpu_detector._core.input_stream]
    assert gpu_detector._core.input_stream not in (0, 1, 2)  # none of the default streams


def test_stages_are_measured_only_where_asked_for(gpu_detector: Detector) -> None:
    _, times = gpu_detector.predict_timed(NOISE, boxes=BOXES)
    assert times.crop_ms > 0
    pixels, formats = [NOISE], ["bgr"]
    _, times = gpu_detector._core.predict(pixels, formats, boxes=[BOXES])
    assert times.crop_ms == 0  # all of the GPU's time counts as the network's
    assert times.infer_ms > 0


@pytest.mark.usefixtures("fake_gpu")
@pytest.mark.parametrize("slots", ["0", "9", "two"])
def test_a_wrong_number_of_slots(tiny: Path, monkeypatch: pytest.MonkeyPatch, slots: str) -> None:
    monkeypatch.setenv("KILOMARK_CUDA_SLOTS", slots)
    with pytest.raises(InvalidInputError, match=f"KILOMARK_CUDA_SLOTS={slots}; expected 1 to 8"):
        Detector(tiny, finder=None, device="cuda")


@pytest.mark.usefixtures("fake_gpu")
def test_an_array_is_waited_for_on_its_stream(tiny: Path) -> None:
    detector = Detector(tiny, finder=None, device="cuda")
    with pytest.raises(InferenceError, match="cudaEventRecord"):  # the fake has no such stream
        detector.predict(GpuArray(NOISE, stream=12345), boxes=BOXES)


@pytest.mark.usefixtures("real_gpu")
@pytest.mark.parametrize("package", ["torch", "cupy"])
def test_arrays_of_other_packages(tiny: Path, package: str) -> None:
    arrays = pytest.importorskip(package)
    on_gpu = arrays.asarray(NOISE, device="cuda") if package == "torch" else arrays.asarray(NOISE)
    detector = Detector(tiny, finder=None, device="cuda")
    for part in (slice(None), slice(10, 115)):
        expected = detector.predict(NOISE[:, part], boxes=BOXES)
        assert_same(detector.predict(on_gpu[:, part], boxes=BOXES), expected)


def test_rgb_and_nv12(gpu_detector: Detector, gpu: GpuMemory) -> None:
    expected = gpu_detector.predict(NOISE, boxes=BOXES)
    rgb = np.ascontiguousarray(NOISE[..., ::-1])
    assert_same(gpu_detector.predict(RawImage(rgb, "rgb"), boxes=BOXES), expected)
    assert_same(gpu_detector.predict(RawImage(gpu.array(rgb), "rgb"), boxes=BOXES), expected)

    surface = np.random.default_rng(7).integers(0, 256, (135, 120), np.uint8)
    one = gpu_detector.predict(RawImage(surface, "nv12"), boxes=BOXES)
    luma, chroma = surface[:90], surface[90:].reshape(45, 60, 2)
    for planes in ((luma, chroma), (gpu.array(luma), gpu.array(chroma))):
        two = gpu_detector.predict(RawImage(planes[0], "nv12", chroma=planes[1]), boxes=BOXES)
        assert_same(two, one)
    other = gpu_detector.predict(RawImage(surface, "nv12_bt709"), boxes=BOXES)
    assert not np.allclose(other[0].spread, one[0].spread)


def test_nv12_has_the_colors_of_opencv(gpu_detector: Detector) -> None:
    cv2 = pytest.importorskip("cv2")
    surface = np.random.default_rng(7).integers(0, 256, (135, 120), np.uint8)
    found = gpu_detector.predict(RawImage(surface, "nv12"), boxes=BOXES)
    bgr = cv2.cvtColor(surface, cv2.COLOR_YUV2BGR_NV12)
    for face, other in zip(found, gpu_detector.predict(bgr, boxes=BOXES), strict=True):
        np.testing.assert_allclose(face.spread, other.spread, atol=1.0 / 255)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (GpuArray(NOISE.astype(np.float32)), 'of type "<f4"'),
        (GpuArray(np.moveaxis(NOISE, -1, 0)), r"on a GPU of shape \(3, 90, 120\).*RawImage"),
        (GpuArray(NOISE[:, ::-1]), "pixels of a row side by side"),
        (GpuArray(NOISE, stream=0), "stream 0"),
        (GpuArray(NOISE, mask=GpuArray(NOISE)), "a mask"),
        (RawImage(NOISE[:, :, 0], "rgb"), r"\(height, width, 3\)"),
        (RawImage(NOISE[:89, :, 0].copy(), "nv12"), "the chroma under the luma"),
        (RawImage(NOISE[:, :, 0].copy(), "nv12", NOISE[:44, :, 0].copy()), "chroma of"),
        (RawImage(NOISE.astype(np.int16), "bgr"), "dtype int16"),
        (RawImage(NOISE[None], "bgr"), r"raw image of shape \(1, 90, 120, 3\)"),
        (RawImage(GpuArray(NOISE[0, 0]), "gray"), r"raw image of shape \(3,\)"),
    ],
)
def test_refuses_arrays_that_do_not_fit(
    gpu_detector: Detector, image: RawImage | GpuArray, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        gpu_detector.predict(image, boxes=BOXES[:1])


def test_threads_share_a_detector(gpu_detector: Detector) -> None:
    expected = gpu_detector.predict(NOISE, boxes=BOXES)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: gpu_detector.predict(NOISE, boxes=BOXES), range(12)):
            assert_same(found, expected)


def test_more_faces_than_the_engine_takes_at_once(gpu_detector: Detector) -> None:
    boxes = np.repeat(BOXES, 20, axis=0)
    assert_same(
        gpu_detector.predict(NOISE, boxes=boxes)[::20], gpu_detector.predict(NOISE, boxes=BOXES)
    )


@pytest.mark.usefixtures("gpu")
def test_a_gpu_that_is_not_there(tiny: Path) -> None:
    with pytest.raises(DeviceUnavailableError, match="there is no GPU 99"):
        Detector(tiny, finder=None, device="cuda:99")


@pytest.mark.usefixtures("fake_gpu")
def test_a_gpu_that_is_too_old(tiny: Path) -> None:
    with pytest.raises(DeviceUnavailableError, match=r"compute capability 6\.1"):
        Detector(tiny, finder=None, device="cuda:1")


@pytest.mark.usefixtures("gpu")
def test_an_engine_that_does_not_load(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "kilomark.network_loading.device_models", lambda *_, **__: ("cuda", [b"junk"])
    )
    with pytest.raises(BundleError, match="magicTag"):
        Detector(tiny, finder=None, device="cuda")


def test_a_cpu_takes_neither_gpu_memory_nor_nv12(detector: Detector) -> None:
    with pytest.raises(InvalidInputError, match="in memory of a GPU"):
        detector.predict(GpuArray(NOISE), boxes=BOXES)
    with pytest.raises(InvalidInputError, match="in NV12"):
        detector.predict(RawImage(NOISE[:, :, 0].copy(), "nv12"), boxes=BOXES[:1])


def test_raw_images_are_checked() -> None:
    with pytest.raises(InvalidInputError, match="format of a raw image is 'yuv'"):
        RawImage(NOISE, "yuv")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="only NV12 has a plane of it"):
        RawImage(NOISE, "bgr", chroma=NOISE)
