"""One detected face, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kilomark.errors import InvalidInputError
from kilomark.pose import Pose, fit_pose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kilomark.images import ImageLike
    from kilomark.topology import Topology

__all__ = ["Face"]

JSON_DECIMALS = 3
"""Digits below 0.001 px carry no information and double the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face and its K landmarks. All positions are in pixels of the image.

    (0, 0) is the top-left corner of the top-left pixel, whose center is (0.5, 0.5). ``left`` and
    ``right`` are the subject's.
    """

    landmarks: npt.NDArray[np.float32]
    """(K, 2) x, y."""
    spread: npt.NDArray[np.float32]
    """(K,) the error to expect of each landmark, in pixels: large where the face is hidden."""
    box: npt.NDArray[np.float32]
    """(4,) x0, y0, x1, y1: as found, or as given."""
    score: float
    """0 to 1, how sure face detector and landmark network are of the face; 1 for a given box."""
    presence: float
    """0 to 1, how sure the landmark network is that its crop holds a well-placed face."""
    topology: Topology = field(repr=False)
    """What each landmark stands for."""
    depth: npt.NDArray[np.float32] | None = field(default=None, repr=False)
    """(K,) pixels away from the camera, the mean over the landmarks being 0; None from a network
    that does not predict it."""

    def __repr__(self) -> str:
        x0, y0, x1, y1 = (round(float(edge)) for edge in self.box)
        return (
            f"<Face score={self.score:.2f} presence={self.presence:.2f} "
            f"box=({x0}, {y0}, {x1}, {y1}) landmarks={len(self.landmarks)}>"
        )

    def group(self, name: str) -> npt.NDArray[np.float32]:
        """Return the (n, 2) landmarks of one group, such as ``"left_eye"``.

        Raises:
            InvalidInputError: the network has no such group.
        """
        return self.landmarks[self.topology.group(name).indices]

    @property
    def groups(self) -> Mapping[str, npt.NDArray[np.float32]]:
        """Every group's (n, 2) landmarks by name."""
        return {name: self.landmarks[group.indices] for name, group in self.topology.groups.items()}

    @property
    def landmarks_3d(self) -> npt.NDArray[np.float32] | None:
        """(K, 3) x, y, z in pixels, z away from the camera; None without ``depth``."""
        if self.depth is None:
            return None
        return np.concatenate([self.landmarks, self.depth[:, None]], 1)

    @property
    def pose(self) -> Pose | None:
        """Head pose, computed at each access; None if the network's bundle has no mean face.

        It is fitted to the landmarks in three dimensions where the network predicts depth.
        """
        if self.topology.mean_shape is None:
            return None
        points = self.landmarks_3d
        return fit_pose(self.landmarks if points is None else points, self.topology.mean_shape)

    def to_68(self) -> npt.NDArray[np.float32]:
        """Convert to the common 68 landmarks: (68, 2), in the order of iBUG / 300-W.

        They are the nearest of the network's landmarks, not a network trained on that annotation.

        Raises:
            InvalidInputError: the network's bundle does not say which landmarks those are.
        """
        if self.topology.subset_68 is None:
            raise InvalidInputError(
                "this network's manifest has no subset_68, so its landmarks cannot be converted to "
                "the 68 of iBUG / 300-W; add the 68 indices to the manifest"
            )
        return self.landmarks[self.topology.subset_68]

    def aligned(
        self, image: ImageLike, size_px: int = 256, *, margin: float = 0.25
    ) -> npt.NDArray[np.uint8]:
        """Cut the face out of its image, upright: the eyes are level, the landmarks centered.

        A face keeps no reference to its image, so that results stay small; pass it again.

        Args:
            image: the one in which the face was found.
            size_px: width and height of the crop.
            margin: around the square that holds the landmarks, over that square's side.

        Returns:
            (size_px, size_px, 3) uint8 BGR. What lies outside the image is black.

        Raises:
            InvalidInputError: the image cannot be read, an argument is out of its range, or the
                landmarks are not finite.
        """
        from kilomark.aligned import align_face

        return align_face(self, image, size_px, margin=margin)

    def _repr_png_(self) -> bytes:
        """Picture the landmarks by themselves, for notebooks."""
        from kilomark.drawing.cards import face_card

        return face_card(self)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain Python values that any JSON writer takes, rounded to 0.001."""
        pose = self.pose
        return {
            "box": _rounded(self.box),
            "score": round(self.score, JSON_DECIMALS),
            "presence": round(self.presence, JSON_DECIMALS),
            "pose": pose
            and {
                "yaw_deg": round(pose.yaw_deg, JSON_DECIMALS),
                "pitch_deg": round(pose.pitch_deg, JSON_DECIMALS),
                "roll_deg": round(pose.roll_deg, JSON_DECIMALS),
            },
            "landmarks": _rounded(self.landmarks),
            "spread": _rounded(self.spread),
        }


def _rounded(values: npt.NDArray[np.float32]) -> list[Any]:
    """Nested lists of Python floats; float64 first, so that no digit of float32 noise is left."""
    rounded: list[Any] = np.round(values.astype(np.float64), JSON_DECIMALS).tolist()
    return rounded
