"""The configurations (``config.pbtxt``) of the models in a repository.

The fields are those of ``model_config.proto`` of Triton; see "Model Configuration" in its manual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from kilomark.triton.pbtxt import Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kilomark.manifest import FinderBundle, LandmarkBundle
    from kilomark.triton.pbtxt import Message

__all__ = [
    "FACES",
    "LANDMARKS",
    "PHOTOS",
    "Engine",
    "finder_config",
    "landmark_config",
    "photo_config",
]

PHOTOS, LANDMARKS, FACES = "kilomark", "kilomark_landmarks", "kilomark_faces"
"""Names of the models: whole photos, the landmark network, the face detector."""

Engine = Literal["onnx", "onnx-tensorrt", "plan"]
"""ONNX Runtime; ONNX Runtime with TensorRT, which builds engines on the server; a TensorRT plan."""

QUEUE_DELAY_US = 2000
"""How long Triton waits for more requests to fill a batch."""


def photo_config(
    num_landmarks: int, *, is_gpu: bool, max_batch: int, options: Mapping[str, str]
) -> Message:
    """Configure the Python model that holds a Detector.

    Args:
        num_landmarks: K of the landmark network.
        is_gpu: whether it runs on a GPU.
        max_batch: photos of one request, and of the requests that Triton puts together.
        options: of the Detector, as text.
    """
    return {
        "name": PHOTOS,
        "backend": "python",
        "max_batch_size": max_batch,
        "input": [_tensor("photo", "TYPE_STRING", [1])],
        "output": [
            _tensor("num_faces", "TYPE_INT32", [1]),
            _tensor("error", "TYPE_STRING", [1]),
            _tensor("size", "TYPE_INT32", [2]),
            _tensor("boxes", "TYPE_FP32", [-1, 4]),
            _tensor("scores", "TYPE_FP32", [-1]),
            _tensor("presence", "TYPE_FP32", [-1]),
            _tensor("landmarks", "TYPE_FP32", [-1, num_landmarks, 2]),
            _tensor("spread", "TYPE_FP32", [-1, num_landmarks]),
        ],
        "instance_group": [_instances(is_gpu=is_gpu)],
        "dynamic_batching": {"max_queue_delay_microseconds": QUEUE_DELAY_US},
        "parameters": [
            {"key": name, "value": {"string_value": text}} for name, text in options.items()
        ],
    }


def landmark_config(
    bundle: LandmarkBundle, engine: Engine, *, is_gpu: bool, max_batch: int
) -> Message:
    """Configure the landmark network: crops in, landmarks in pixels of the crop out."""
    size = [3, bundle.input.height, bundle.input.width]
    count = bundle.topology.num_landmarks
    outputs = [
        _tensor("landmarks", "TYPE_FP32", [count, 2]),
        _tensor("spread", "TYPE_FP32", [count]),
        # Triton has no tensors of rank 0: one number an item is declared as [1] and reshaped.
        {**_tensor("presence", "TYPE_FP32", [1]), "reshape": {}},
    ]
    if bundle.has_depth:
        outputs.append(_tensor("depth", "TYPE_FP32", [count]))
    return _network(LANDMARKS, size, outputs, engine, is_gpu=is_gpu, max_batch=max_batch)


def finder_config(bundle: FinderBundle, engine: Engine, *, is_gpu: bool, max_batch: int) -> Message:
    """Configure the face detector: letterboxed images in, its grids' outputs out."""
    side = -1 if engine != "plan" else bundle.input.height
    size = [3, side, side if engine != "plan" else bundle.input.width]
    outputs = [
        _tensor("scores", "TYPE_FP32", [-1]),
        _tensor("distances", "TYPE_FP32", [-1, 4]),
        _tensor("keypoints", "TYPE_FP32", [-1, 5, 2]),
    ]
    return _network(FACES, size, outputs, engine, is_gpu=is_gpu, max_batch=max_batch)


def _network(
    name: str,
    size: Sequence[int],
    outputs: Sequence[Message],
    engine: Engine,
    *,
    is_gpu: bool,
    max_batch: int,
) -> Message:
    config: dict[str, Any] = {
        "name": name,
        "platform": "tensorrt_plan" if engine == "plan" else "onnxruntime_onnx",
        "max_batch_size": max_batch,
        "input": [_tensor("image", "TYPE_FP32", size)],
        "output": list(outputs),
        "instance_group": [_instances(is_gpu=is_gpu)],
        "dynamic_batching": {"max_queue_delay_microseconds": QUEUE_DELAY_US},
    }
    if engine == "onnx-tensorrt":
        half = {"key": "precision_mode", "value": "FP16"}
        accelerator = {"name": "tensorrt", "parameters": [half]}
        config["optimization"] = {
            "execution_accelerators": {"gpu_execution_accelerator": [accelerator]}
        }
    return config


def _tensor(name: str, data_type: str, dims: Sequence[int]) -> dict[str, Any]:
    return {"name": name, "data_type": Symbol(data_type), "dims": list(dims)}


def _instances(*, is_gpu: bool) -> Message:
    return {"count": 1, "kind": Symbol("KIND_GPU" if is_gpu else "KIND_CPU")}
