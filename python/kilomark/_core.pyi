"""The C++ core. Arrays come in exactly as typed here: nothing is cast or copied on the way in.

Errors are those of `kilomark.errors`. Coordinates are pixels; pixel i covers [i, i + 1), so its
center is i + 0.5.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

_Floats: TypeAlias = NDArray[np.float32]
_Pixels: TypeAlias = NDArray[np.uint8]
_Image: TypeAlias = _Pixels | CudaArray | tuple[_Pixels | CudaArray, _Pixels | CudaArray]
_ChannelOrder: TypeAlias = Literal["rgb", "bgr"]

MAX_IMAGE_SIDE: int
"""Pixels, width or height of an image."""
MAX_INPUT_SIDE: int
"""Pixels, width or height of a network's input."""
MAX_BATCH: int
MAX_LANDMARKS: int
MAX_STRIDES: int
MAX_STRIDE: int
MAX_CROP_SCALE: float
MAX_FINDER_TILES: int
MAX_FACES_PER_IMAGE: int
MAX_REGIONS_PER_CALL: int
MAX_RESULT_BYTES: int
MAX_BOX_TO_IMAGE: float
"""Longer side of a given box over the longer side of its image."""
MAX_SMOOTHING: float
MAX_MEMORY_SECONDS: float
MAX_TRACKER_TILES: int

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
    """An ONNX network: image (N, 3, H, W) -> landmarks (N, K, 2), spread (N, K), presence (N,).

    With ``has_depth`` also depth (N, K). ``mirror`` (K,) is what two views need.
    """

    def __init__(
        self,
        *,
        model: bytes,
        input: NetworkInput,
        num_landmarks: int,
        crop_scale: float,
        has_depth: bool = False,
        mirror: Sequence[int] = ...,
    ) -> None: ...
    @property
    def num_landmarks(self) -> int: ...
    @property
    def crop_scale(self) -> float: ...
    @property
    def has_depth(self) -> bool: ...

@final
class CompanionRule:
    """Which faces the companion of a landmark network places, and how much it counts.

    ``gate = clip((mean spread / root of the box's area - spread_from) / (spread_to - spread_from),
    0, 1)``; the companion's weight is ``gate / (1 + (spread_factor * its spread / spread) ** 3)``.
    """

    def __init__(self, *, spread_from: float, spread_to: float, spread_factor: float) -> None: ...
    @property
    def spread_from(self) -> float: ...
    @property
    def spread_to(self) -> float: ...
    @property
    def spread_factor(self) -> float: ...

@final
class EyeRule:
    """How much the eye network counts.

    ``gate = clip((width of the eye / that of the wider eye - width_from)
    / (width_to - width_from), 0, 1)``; its weight is
    ``gate / (1 + (spread_factor * its spread / spread) ** 3)``.
    """

    def __init__(self, *, width_from: float, width_to: float, spread_factor: float) -> None: ...
    @property
    def width_from(self) -> float: ...
    @property
    def width_to(self) -> float: ...
    @property
    def spread_factor(self) -> float: ...

@final
class EyeNetwork:
    """A network of the landmarks of a right eye, and the landmarks of the face that these are."""

    def __init__(
        self, *, network: LandmarkNetwork, rule: EyeRule, face: Topology, eye: Topology
    ) -> None: ...
    @property
    def rule(self) -> EyeRule: ...
    @property
    def right(self) -> list[int]:
        """(K,) the landmark of the face that each of the network's is in the right eye."""
    @property
    def left(self) -> list[int]:
        """(K,) the same in the left eye."""

@final
class RescoringRule:
    """How finder and presence make one score.

    ``logit(score) = finder_weight * logit(finder) + offset
    + presence_weight * (logit(presence) - logit(neutral_presence))
    + largeness * (large_presence_weight * (logit(presence) - logit(neutral_presence))
    + large_offset) + smallness * (company_weight * company - loneliness)``

    ``largeness`` is ``log2(longer side / 30 px)``, from 0 to 1, and ``smallness`` is
    ``log2(40 px / longer side)``, from 0 to 3. ``company`` is ``ln(1 + sum)`` of the scores of the
    image's other faces, each by how much it is alike in size.
    Candidates with fewer than ``candidate_odds`` of the odds that the score threshold asks for are
    dropped unseen.
    """

    def __init__(
        self,
        *,
        finder_weight: float = ...,
        presence_weight: float = ...,
        neutral_presence: float = ...,
        offset: float = ...,
        candidate_odds: float = ...,
        large_presence_weight: float = ...,
        large_offset: float = ...,
        company_weight: float = ...,
        loneliness: float = ...,
    ) -> None: ...
    @property
    def finder_weight(self) -> float: ...
    @property
    def presence_weight(self) -> float: ...
    @property
    def neutral_presence(self) -> float: ...
    @property
    def offset(self) -> float: ...
    @property
    def candidate_odds(self) -> float: ...
    @property
    def large_presence_weight(self) -> float: ...
    @property
    def large_offset(self) -> float: ...
    @property
    def company_weight(self) -> float: ...
    @property
    def loneliness(self) -> float: ...

@final
class FinderNetwork:
    """An ONNX network: image (N, 3, H, W) -> scores (N, M), distances (N, M, 4), keypoints.

    The keypoints are (N, M, 5, 2).
    """

    def __init__(
        self,
        *,
        model: bytes,
        input: NetworkInput,
        strides: Sequence[int],
        rescoring: RescoringRule = ...,
    ) -> None: ...
    def for_common_images(self) -> FinderNetwork:
        """The network with an input of about 4 : 3, the aspect of most images."""

    @property
    def strides(self) -> list[int]: ...
    @property
    def rescoring(self) -> RescoringRule: ...

@final
class LandmarkGroup:
    """See `kilomark.LandmarkGroup`."""

    def __init__(self, name: str, start: int, count: int, closed: bool | None) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def closed(self) -> bool | None: ...

@final
class Topology:
    """See `kilomark.Topology`. What a manifest does not state is an empty list."""

    def __init__(
        self, num_landmarks: int, groups: list[LandmarkGroup], mirror: list[int]
    ) -> None: ...
    @property
    def num_landmarks(self) -> int: ...
    @property
    def groups(self) -> list[LandmarkGroup]: ...
    @property
    def mirror(self) -> list[int]: ...
    @property
    def subset_68(self) -> list[int]: ...
    @property
    def mean_shape(self) -> list[list[float]]: ...

def same_landmarks(one: Topology, other: Topology) -> bool:
    """Whether two networks place the same landmarks: by number, groups and mirror."""

class _BundleHeader:
    """What every bundle holds."""

    @property
    def name(self) -> str: ...
    @property
    def accuracy(self) -> dict[str, float]: ...
    @property
    def model(self) -> bytes:
        """A copy of the ONNX file; empty if only the manifest was parsed."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def channel_order(self) -> _ChannelOrder: ...
    @property
    def mean(self) -> list[float]: ...
    @property
    def std(self) -> list[float]: ...

@final
class LandmarkBundle(_BundleHeader):
    """See `kilomark.manifest.LandmarkBundle`."""

    @property
    def crop_scale(self) -> float: ...
    @property
    def has_depth(self) -> bool: ...
    @property
    def knows_faces(self) -> bool: ...
    @property
    def topology(self) -> Topology: ...
    @property
    def blends_with(self) -> list[str]: ...
    @property
    def finder(self) -> str: ...
    @property
    def rescorer(self) -> str: ...
    @property
    def companion(self) -> str | None: ...
    @property
    def companion_rule(self) -> CompanionRule | None: ...
    @property
    def of_eye(self) -> bool: ...
    @property
    def eyes(self) -> str | None: ...
    @property
    def eye_rule(self) -> EyeRule | None: ...

@final
class FinderBundle(_BundleHeader):
    """See `kilomark.manifest.FinderBundle`."""

    @property
    def strides(self) -> list[int]: ...
    @property
    def rescoring(self) -> dict[str, float]:
        """The numbers that the manifest states."""

BUNDLE_PRESENCE_THRESHOLD: float
DEFAULT_FINDER: str
DEFAULT_RESCORER: str

def read_bundle(folder: bytes) -> LandmarkBundle | FinderBundle:
    """Read and check the bundle of a folder, given as the bytes of its path."""

def parse_manifest(text: bytes, folder: bytes) -> LandmarkBundle | FinderBundle:
    """Parse a manifest alone; the folder is for messages."""

@final
class Regions:
    """The R regions of one image; see `kilomark.Regions`. Every array is float32."""

    def __init__(
        self, boxes: _Floats, angles_deg: _Floats, scores: _Floats, keypoints: _Floats
    ) -> None: ...
    @property
    def boxes(self) -> _Floats:
        """(R, 4): x0, y0, x1, y1, of the face turned upright."""

    @property
    def angles_deg(self) -> _Floats:
        """(R,): clockwise in the image."""

    @property
    def scores(self) -> _Floats:
        """(R,)."""

    @property
    def keypoints(self) -> _Floats:
        """(R, 5, 2): right eye, left eye, nose tip, right and left corner of the mouth."""

    def __len__(self) -> int: ...

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
        """(F, 4): x0, y0, x1, y1, of the region that a face was found or given in."""

    @property
    def angles_deg(self) -> _Floats:
        """(F,): of that region."""

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

    @property
    def depth(self) -> _Floats | None:
        """(F, K): away from the camera, in image pixels; None if not predicted."""

    @property
    def landmark_boxes(self) -> _Floats:
        """(F, 4): x0, y0, x1, y1, around the landmarks."""

    def __len__(self) -> int: ...

@final
class StageTimes:
    """Wall-clock time of each stage of one call, summed over its batches; they add up to total."""

    @property
    def hold_ms(self) -> float: ...
    @property
    def letterbox_ms(self) -> float: ...
    @property
    def find_ms(self) -> float: ...
    @property
    def decode_ms(self) -> float: ...
    @property
    def rescore_ms(self) -> float: ...
    @property
    def select_ms(self) -> float: ...
    @property
    def crop_ms(self) -> float: ...
    @property
    def infer_ms(self) -> float: ...
    @property
    def map_ms(self) -> float: ...
    @property
    def total_ms(self) -> float: ...
    @property
    def looks(self) -> list[list[list[int]]]:
        """What the finder saw of each image: width, height and number of its inputs, per look."""

@final
class Detector:
    """Face finder and landmark network on one device; several threads may share a detector."""

    def __init__(
        self,
        landmarks: LandmarkNetwork | None,
        finder: FinderNetwork | None,
        *,
        rescorer: LandmarkNetwork | None = None,
        companion: LandmarkNetwork | None = None,
        companion_rule: CompanionRule = ...,
        eyes: EyeNetwork | None = None,
        device: str = "cpu",
        num_threads: int = 0,
        max_batch: int = 16,
        cache_folder: str = "",
        precision: str = "auto",
    ) -> None: ...
    @property
    def device(self) -> str: ...
    @property
    def input_stream(self) -> int:
        """CUDA stream on which other libraries may have their images ready; 0 on the CPU."""

    def detect(
        self,
        images: Sequence[_Image],
        formats: Sequence[str],
        *,
        score_threshold: float = 0.5,
        nms_iou: float = 0.4,
        max_faces: int = 0,
        rescoring: bool = False,
        presence_threshold: float = 0.5,
        finder_size: int = 0,
        finder_tiles: int = 0,
    ) -> tuple[list[Regions], StageTimes]: ...
    def place(
        self,
        images: Sequence[_Image],
        formats: Sequence[str],
        regions: Sequence[Regions],
        *,
        views: int = 1,
        blends: bool = False,
        uses_companion: bool = False,
        measures_stages: bool = False,
    ) -> tuple[list[Detections], StageTimes]: ...
    def predict(
        self,
        images: Sequence[_Image],
        formats: Sequence[str],
        *,
        boxes: Sequence[_Floats] | None = None,
        score_threshold: float = 0.5,
        nms_iou: float = 0.4,
        max_faces: int = 0,
        rescoring: bool = False,
        presence_threshold: float = 0.5,
        finder_size: int = 0,
        finder_tiles: int = 0,
        views: int = 1,
        blends: bool = False,
        uses_companion: bool = False,
        measures_stages: bool = False,
    ) -> tuple[list[Detections], StageTimes]:
        """Detect, then place; with ``boxes`` (M, 4) per image, place in these, upright.

        On a GPU crops and networks are timed apart only if ``measures_stages``.
        """

    def infer(
        self,
        network: Literal["finder", "landmarks", "rescorer", "companion", "eyes"],
        batch: _Floats,
    ) -> dict[str, _Floats]:
        """Run one network on normalized tensors (N, 3, H, W); return its outputs by name."""

@final
class TrackedFaces:
    """The F faces of one frame, the smallest id first, in image pixels."""

    @property
    def ids(self) -> list[int]: ...
    @property
    def ages(self) -> list[int]:
        """Frames since each face was first returned."""

    @property
    def boxes(self) -> _Floats:
        """(F, 4) of the landmarks: x0, y0, x1, y1."""

    @property
    def scores(self) -> list[float]: ...
    @property
    def presence(self) -> list[float]: ...
    @property
    def landmarks(self) -> _Floats:
        """(F, K, 2), smoothed."""

    @property
    def raw_landmarks(self) -> _Floats:
        """(F, K, 2), as placed."""

    @property
    def spread(self) -> _Floats:
        """(F, K): expected error."""

    @property
    def depth(self) -> _Floats | None:
        """(F, K), away from the camera; None if the network does not predict it."""

    @property
    def velocities(self) -> _Floats:
        """(F, 2), pixels per second."""

    def __len__(self) -> int: ...

@final
class Tracker:
    """Follows the faces of one video; one thread at a time may use it.

    ``groups`` are the name, first landmark and number of landmarks of each group.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        groups: Sequence[tuple[str, int, int]],
        smoothing: float = 1.0,
        memory_s: float = 1.0,
        detect_every: int = 15,
        tiles: int = 0,
        max_faces: int = 0,
        score_threshold: float = 0.5,
        nms_iou: float = 0.4,
        rescoring: bool = False,
        presence_threshold: float = 0.5,
        views: int = 1,
        blends: bool = False,
        uses_companion: bool = False,
    ) -> None: ...
    def update(self, image: _Image, format: str, timestamp: float) -> TrackedFaces: ...
    def reset(self) -> None: ...

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
    """A uint8 array on a GPU, borrowed through DLPack or ``__cuda_array_interface__``.

    ``input_stream`` is handed to DLPack producers; 0: the default stream.
    """

    def __init__(self, array: object, input_stream: int = 0) -> None: ...
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

@final
class OpenvinoProbe:
    """The OpenVINO that runs networks on the CPU, or why it cannot."""

    @property
    def version(self) -> str:
        """Its build, which begins with the release; "" if no library was found."""

    @property
    def path(self) -> str: ...
    @property
    def reason(self) -> str:
        """Why it cannot be used; "" if it can."""

OPENVINO_RANGE: Final[str]
"""The releases of OpenVINO that the core runs with, as pip writes them."""

def probe_openvino() -> OpenvinoProbe:
    """Load OpenVINO's library if that has not happened; raise nothing if it is missing."""

def use_openvino_folder(folder: str) -> None:
    """Name a folder that may hold OpenVINO's libraries."""

def available_devices() -> list[str]: ...
def has_native_bf16() -> bool:
    """Whether the processor multiplies in bfloat16, so that OpenVINO computes in it by default."""

def build_info() -> dict[str, str]: ...
def paint(
    image: _Pixels,
    strokes: Sequence[
        tuple[
            _Floats,
            Literal["curve", "ring", "dots", "fill"],
            float,
            tuple[int, int, int, int],
            float,
        ]
    ],
) -> None:
    """Draw on an image (H, W, C) in place, anti-aliased.

    A stroke is: points (N, 2), kind, width in pixels, color in the order of the image's channels,
    opacity from 0 to 1. A stroke with a point that is not finite is not drawn.
    """

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
