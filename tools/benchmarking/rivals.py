"""What kilomark is measured against. Each function sets a rival up and returns the call to time.

Raises NotInstalledError where the rival's packages are missing; tools/requirements-benchmark.txt
has them all.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .results import NotInstalledError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kilomark.manifest import LandmarkBundle
    from kilomark.networks.landmark_network import HeadName

    from .photos import BgrImage, Box
    from .timing import Call


@contextmanager
def _installed_by(requirements: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise NotInstalledError(f"pip install {requirements}") from error


def bare_openvino(bundle: LandmarkBundle, *, num_threads: int, batch: int = 1) -> Call:
    """Inference alone, by OpenVINO's Python API: fixed shape, latency hint, input in place."""
    with _installed_by("openvino"):
        import openvino
    shape = [batch, 3, bundle.input.height, bundle.input.width]
    model = openvino.Core().read_model(bundle.model)
    model.reshape(shape)
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": num_threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",  # in float32 throughout, as the core computes
    }
    request = openvino.compile_model(model, "CPU", settings).create_infer_request()
    pixels = np.random.default_rng(0).standard_normal(shape, np.float32)
    request.set_input_tensor(openvino.Tensor(pixels))
    return request.infer


def baseline_way(photo: BgrImage, box: Box, bundle: LandmarkBundle, *, head: HeadName) -> Call:
    """The baseline notebook's prediction: cv2 resize, torchvision normalize, PyTorch eager.

    The network is ``resnext50`` with the compact head of kilomark or with the baseline's own. Its
    weights are random, which take as long as others.
    """
    with _installed_by("torch torchvision opencv-python-headless"):
        import cv2
        import torch
        from torchvision import transforms

        from kilomark.networks.resnext50 import make_resnext50

    mean, std = (np.array(values) / 255 for values in (bundle.input.mean, bundle.input.std))
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
    network = make_resnext50(bundle.topology.num_landmarks, head).eval()
    x0, y0, side = _square_around(box, bundle.crop_scale)
    size = (bundle.input.width, bundle.input.height)

    @torch.no_grad()
    def predict() -> npt.NDArray[np.float32]:
        crop = cv2.resize(photo[y0 : y0 + side, x0 : x0 + side], size)
        batch = prepare(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))[None]
        landmarks: npt.NDArray[np.float32] = network(batch).landmarks[0].numpy()
        return landmarks * side + (x0, y0)

    return predict


def opencv_crop(photo: BgrImage, crop_to_photo: npt.NDArray[np.float64], size: int) -> Call:
    """cv2.warpAffine (bilinear) and numpy, on one thread."""
    with _installed_by("opencv-python-headless"):
        import cv2
    cv2.setNumThreads(1)
    mean = np.array([123.675, 116.28, 103.53], np.float32)
    std = np.array([58.395, 57.12, 57.375], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def crop() -> npt.NDArray[np.float32]:
        warped = cv2.warpAffine(photo, crop_to_photo, (size, size), flags=flags)
        normalized = (warped[..., ::-1].astype(np.float32) - mean) / std
        return np.ascontiguousarray(normalized.transpose(2, 0, 1))

    return crop


def mediapipe_network() -> Call:
    """MediaPipe's face_landmark.tflite (192 x 192, 468 points) under LiteRT/XNNPACK, one thread."""
    with _installed_by("ai-edge-litert"):
        from ai_edge_litert.interpreter import Interpreter
    model = _mediapipe_folder() / "modules" / "face_landmark" / "face_landmark.tflite"
    interpreter = Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    (image,) = interpreter.get_input_details()
    pixels = np.random.default_rng(0).random(image["shape"], np.float32)
    interpreter.set_tensor(image["index"], pixels)
    run: Call = interpreter.invoke
    return run


def mediapipe_face_mesh(photo: BgrImage, *, with_irises: bool) -> Call:
    """MediaPipe FaceMesh in static mode, one face; it is given the RGB image that it wants."""
    _mediapipe_folder()
    with _installed_by("mediapipe==0.10.21"):
        from mediapipe.python.solutions.face_mesh import FaceMesh
    mesh = FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=with_irises)
    rgb = np.ascontiguousarray(photo[..., ::-1])
    rgb.flags.writeable = False  # so that MediaPipe borrows it instead of copying
    if mesh.process(rgb).multi_face_landmarks is None:
        raise RuntimeError("MediaPipe found no face in the frame, so there is nothing to compare")
    return lambda: mesh.process(rgb)


def _mediapipe_folder() -> Path:
    spec = find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalledError("pip install mediapipe==0.10.21")
    return Path(spec.submodule_search_locations[0])


def _square_around(box: Box, crop_scale: float) -> tuple[int, int, int]:
    x0, y0, x1, y1 = box
    side = crop_scale * max(x1 - x0, y1 - y0)
    return round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2), round(side)
