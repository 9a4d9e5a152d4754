"""MediaPipe's FaceMesh as the network whose labels are learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kilomark.manifest import read_landmark_bundle

from .mesh_contours import landmark_matrix
from .views import Labeler

if TYPE_CHECKING:
    from .views import Image, Landmarks

INSTALL = (
    "pip install . && pip install -r tools/requirements-label.txt, in an environment of its own"
)


class MediaPipeMissingError(Exception):
    """MediaPipe is not installed."""


def open_mediapipe() -> Labeler:
    """Load FaceMesh with irises, for single photos.

    Raises:
        MediaPipeMissingError: it is not installed.
    """
    try:
        from mediapipe.python.solutions.face_mesh import FaceMesh
    except ImportError as error:
        raise MediaPipeMissingError(f"mediapipe is not installed ({error}): {INSTALL}") from error
    mesh = FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True)
    matrix = landmark_matrix()

    def place(image: Image) -> Landmarks | None:
        found = mesh.process(image).multi_face_landmarks
        if not found:
            return None
        # Fractions of the image's sides, from its corner.
        vertices = np.array([(vertex.x, vertex.y) for vertex in found[0].landmark])
        landmarks: Landmarks = matrix @ (vertices * image.shape[1::-1])
        return landmarks

    mirror = read_landmark_bundle("lite").topology.mirror
    assert mirror is not None  # the shipped bundles have one
    return Labeler("mediapipe", place, mirror)
