"""kilomark: dense facial landmarks.

    from kilomark import Detector

    detector = Detector()
    for face in detector.predict("photo.jpg"):
        print(face.box, face.pose, face.landmarks.shape)

Importing kilomark imports neither torch nor cv2.
"""

from __future__ import annotations

from kilomark._core import build_info
from kilomark.detector import Detector
from kilomark.devices import available_devices
from kilomark.drawing import draw, show
from kilomark.errors import (
    BundleError,
    DependencyError,
    DeviceUnavailableError,
    EngineError,
    InferenceError,
    InvalidInputError,
    KilomarkError,
)
from kilomark.faces import Face
from kilomark.images import ImageLike
from kilomark.manifest import shipped_bundles
from kilomark.openvino_package import point_core_to_openvino
from kilomark.pose import Pose
from kilomark.raw_images import RawImage
from kilomark.regions import Regions
from kilomark.topology import LandmarkGroup, Topology
from kilomark.tracker import TrackedFace, Tracker

__all__ = [
    "BundleError",
    "DependencyError",
    "Detector",
    "DeviceUnavailableError",
    "EngineError",
    "Face",
    "ImageLike",
    "InferenceError",
    "InvalidInputError",
    "KilomarkError",
    "LandmarkGroup",
    "Pose",
    "RawImage",
    "Regions",
    "Topology",
    "TrackedFace",
    "Tracker",
    "__version__",
    "available_devices",
    "build_info",
    "draw",
    "shipped_bundles",
    "show",
]

__version__: str = build_info()["version"]

point_core_to_openvino()
