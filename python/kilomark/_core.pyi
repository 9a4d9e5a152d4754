"""The C++ core. Arrays come in exactly as typed here: nothing is cast or copied on the way in.

Errors are those of `kilomark.errors`. Coordinates are pixels; pixel i covers [i, i + 1), so its
centre is i + 0.5.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

_Floats: TypeAlias = NDArray[np.float32]
_Pixels: TypeAlias = NDArray[np.uint8]
_Image: TypeAlias = _Pixels | CudaArray | tuple[_Pixels | CudaArray, _Pixels | CudaArray]
_ChannelOrder: TypeAlias = Literal["rgb", "bgr"]

@final
class NetworkInput:
    """How pixels become a network's input: (pixel - mean) / std per channel, in units of 0..255."""

    def __init__(
        self,
        *,
        width: int,
        height: int,
        channel_order: _ChannelOrder,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...

@final
class LandmarkNetwork:
    """An ONNX network: image (N, 3, H, W) -> landmarks (N, K, 2), spread (N, K), presence (N,)."""

    def __init__(
        self, *, model: bytes, input: NetworkInput, num_landmarks: int, crop_scale: float
    ) -> None: ...
    @property
    def num_landmarks(self) -> int: ...
    @property
    def crop_scale(self) -> float: ...

@final
class FinderNetwork:
    """An ONNX network: image (N, 3, H, W) -> scores (N, M), distances (N, M, 4), keypoints.

    The keypoints are (N, M, 5, 2).
    """

    def __init__(self, *, model: bytes, input: NetworkInput, strides: Sequence[int]) -> None: ...
    @property
    def strides(self) -> list[int]: ...

def check_onnx(model: bytes) -> None:
    """Raise BundleError unless ``model`` is an ONNX file that may be given to an inference library.

    Nothing outside the file is read: external data, functions, subgraphs, sparse tensors, unknown
    operators and fields are refused, and all counts and sizes are bounded.
    """

@final
class Detections:
    """The F faces of one image, in image pixels; keypoints are NaN and scores 1 for given boxes."""

    @property
    def boxes(self) -> _Floats:
        """(F, 4): x0, y0, x1, y1."""

    @property
    def scores(self) -> _Floats:
        """(F,)."""

    @property
    def keypoints(self) -> _Floats:
        """(F, 5, 2): right eye, left eye, nose tip, right and left corner of the mouth."""

    @property
    def landmarks(self) -> _Floats:
        """(F, K, 2)."""

    @property
    def spread(self) -> _Floats:
        """(F, K): expected error."""

    @property
    def presence(self) -> _Floats:
        """(F,): probability that there is a well-placed face."""

    def __len__(self) -> int: ...

@final
class StageTimes:
    """Wall-clock time of each stage of one call, summed over its batches."""

    @property
    def letterbox_ms(self) -> float: ...
    @property
    def find_ms(self) -> float: ...
    @property
    def decode_ms(self) -> float: ...
    @property
    def crop_ms(self) -> float: ...
    @property
    def infer_ms(self) -> float: ...
    @property
    def map_ms(self) -> float: ...
    @property
    def total_ms(self) -> float: ...

@final
class Detector:
    """Face finder and landmark network on one device; several threads may share a detector."""

    def __init__(
        self,
        landmarks: LandmarkNetwork,
        finder: FinderNetwork | None,
        *,
        device: str = "cpu",
        num_threads: int = 0,
        max_batch: int = 16,
    ) -> None: ...
    @property
    def device(self) -> str: ...
    def predict(
        self,
        images: Sequence[_Image],
        formats: Sequence[str],
        *,
        boxes: Sequence[_Floats] | None = None,
        score_threshold: float = 0.5,
        nms_iou: float = 0.4,
        max_faces: int = 0,
        presence_threshold: float = 0.0,
        finder_tiles: int = 1,
    ) -> tuple[list[Detections], StageTimes]: ...
    def infer_landmarks(self, batch: _Floats) -> tuple[_Floats, _Floats, _Floats]: ...
    def infer_finder(self, batch: _Floats) -> tuple[_Floats, _Floats, _Floats]: ...

@final
class CudaDevice:
    """One NVIDIA GPU as `cuda_probe` found it."""

    @property
    def index(self) -> int: ...
    @property
    def reason(self) -> str:
        """Why it cannot be used; empty if it can."""

    @property
    def name(self) -> str: ...
    @property
    def compute_capability(self) -> tuple[int, int]: ...
    @property
    def memory_bytes(self) -> int: ...

@final
class CudaProbe:
    """What there is of a GPU, its driver, TensorRT and kilomark's CUDA plugin.

    Strings are empty where there is nothing.
    """

    @property
    def reason(self) -> str:
        """Why no GPU can be used; empty if one can."""

    @property
    def plugin_path(self) -> str:
        """The library libkilomark_cuda_trt<major>.so."""

    @property
    def driver_version(self) -> str:
        """The newest CUDA that the driver runs, such as "13.0"."""

    @property
    def runtime_version(self) -> str:
        """The CUDA that the plugin was built with."""

    @property
    def tensorrt_version(self) -> str:
        """Of the library that was found, four parts: "10.14.1.48"."""

    @property
    def tensorrt_path(self) -> str: ...
    @property
    def devices(self) -> list[CudaDevice]: ...

@final
class CudaArray:
    """A uint8 array on a GPU, borrowed through DLPack or ``__cuda_array_interface__``."""

    def __init__(self, array: object) -> None: ...
    @property
    def address(self) -> int: ...
    @property
    def stream(self) -> int:
        """The CUDA stream that it is written on, as a number; 0 if it is written."""

    @property
    def shape(self) -> tuple[int, ...]: ...

def take_log_messages() -> list[tuple[int, str]]:
    """Take what the backends logged since the last call: levels as `logging` has them, and texts.

    The core writes to no log itself, since it may run without the GIL.
    """

def cuda_probe(library_folders: Sequence[str] = ()) -> CudaProbe:
    """Look for the plugin, the driver, TensorRT and GPUs; raise nothing for what is missing.

    ``library_folders`` are searched for libnvinfer before the system's folders.
    """

def available_devices() -> list[str]: ...
def build_info() -> dict[str, str]: ...
def crop(
    image: _Pixels,
    format: str,
    *,
    center: tuple[float, float],
    side: float,
    angle_deg: float = 0.0,
    size: tuple[int, int],
    channel_order: _ChannelOrder = "rgb",
    mean: Sequence[float],
    std: Sequence[float],
) -> _Floats: ...
