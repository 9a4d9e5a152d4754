"""Turning a labeled photo of a face out of its plane along the mesh: the labels follow exactly.

After Zhu et al., "Face Alignment Across Large Poses: A 3D Solution", CVPR 2016. One mesh covers
the picture: the face, rings around it that turn with the head (ears, hair), and the photo's
border, which stays. Eyelids close by the same warp.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np

from kilomark.data.face_mesh import (
    FACE_OVAL,
    LEFT_EYE,
    NUM_VERTICES,
    RIGHT_EYE,
    EyeVertices,
    HeadFrame,
    face_triangles,
    head_frame,
    pitch_deg,
    yaw_deg,
)

__all__ = ["Z_SCALE", "TurnedFace", "choose_turn", "close_eye", "profile_face", "turn_matrix"]

Array = np.ndarray[Any, Any]

MAX_YAW_DEG, MAX_PITCH_DEG = 80.0, 25.0
Z_SCALE = 1.1  # the labels' depth is about a tenth too flat
_PIVOT_DEPTH = 0.30  # face widths behind the outline: where a head turns
_HIDDEN_DEPTH = 0.06  # face widths that a vertex may lie behind the surface and be seen
# Rings around the outline: scale, depth in face widths, and the share of the turn they take.
_RINGS = ((1.10, 0.20, 1.0), (1.28, 0.50, 1.0), (1.65, 0.70, 0.5), (2.2, 0.75, 0.0))
_NEAR = 1.5  # rings of a smaller scale are part of the head


class TurnedFace(NamedTuple):
    """A photo that was turned, and where its vertices are.

    Attributes:
        image: (H, W, 3) uint8.
        vertices: (478, 3) pixels.
        visible: (478,) bool; hidden vertices keep their place in space.
    """

    image: Array
    vertices: Array
    visible: Array


def choose_turn(vertices: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Draw yaw and pitch in degrees that a face can be turned by and still look real.

    Faces that look aside by 25 degrees and more are turned on by 20 to 35: their near side is real
    texture. Others are turned by up to 40, and only away from the front unless they face it.
    """
    yaw, pitch = yaw_deg(vertices), pitch_deg(vertices)
    outward = 1.0 if yaw >= 0 else -1.0
    if abs(yaw) >= 25:
        turn = outward * rng.uniform(20, 35)
    else:
        if abs(yaw) < 12 and rng.random() < 0.5:
            outward = -outward
        turn = outward * rng.uniform(8, 40)
    turn = float(np.clip(yaw + turn, -MAX_YAW_DEG, MAX_YAW_DEG)) - yaw
    nod = float(np.clip(pitch + rng.normal(0, 6), -MAX_PITCH_DEG, MAX_PITCH_DEG)) - pitch
    return turn, float(np.clip(nod, -12, 12))


def profile_face(
    image: Array,
    vertices: Array,
    *,
    yaw_deg: float = 0.0,
    pitch_deg: float = 0.0,
    closing: tuple[float, float] = (0.0, 0.0),
) -> TurnedFace:
    """Turn a face and close its eyes.

    Args:
        image: (H, W, 3) uint8 photo; what lies outside it should repeat its border.
        vertices: (478, 3) float pixels; z away from the camera, already multiplied by `Z_SCALE`.
        yaw_deg: turn about the head's own axis; above 0 the nose moves to the image's right.
        pitch_deg: above 0 the nose moves up.
        closing: of the right and the left eye: 0 leaves it, 1 closes it.
    """
    vertices = vertices.astype(np.float64)
    frame = head_frame(vertices)
    rotation = turn_matrix(frame, yaw_deg, pitch_deg)
    pivot = frame.center - _PIVOT_DEPTH * frame.width_px * frame.forward
    posed = vertices
    for eye, amount in ((RIGHT_EYE, closing[0]), (LEFT_EYE, closing[1])):
        if amount > 0:
            posed = close_eye(posed, eye, amount)
    turned = (posed - pivot) @ rotation.T + pivot
    source, target, triangles = _with_surroundings(vertices, turned, frame, rotation, pivot)
    return _render(image, source, target, triangles, frame.width_px)


def turn_matrix(frame: HeadFrame, yaw_deg: float, pitch_deg: float) -> Array:
    """Rotation (3, 3) about the head's own axes."""
    # x right, y down, z away: about ``up`` (-y) a positive angle takes -z to -x.
    yaw = cv2.Rodrigues(frame.up * -np.radians(yaw_deg))[0]
    if (yaw @ frame.forward - frame.forward)[0] * yaw_deg < 0:
        yaw = yaw.T
    pitch = cv2.Rodrigues(frame.side * np.radians(pitch_deg))[0]
    if (pitch @ frame.forward - frame.forward)[1] * pitch_deg > 0:
        pitch = pitch.T
    combined: Array = yaw @ pitch
    return combined


def close_eye(vertices: Array, eye: EyeVertices, amount: float) -> Array:
    """Move lids, the crease and the iris as MediaPipe's labels of closing eyes do.

    The shares come from 1,500 labeled faces whose eyes are shut. The upper lid moves nine tenths of
    the way to the lower lid, which rises by a tenth. The crease follows by a third and the iris by
    two fifths. The iris shrinks by a sixth.
    """
    closed: Array = vertices.copy()
    upper, lower = vertices[list(eye.upper)], vertices[list(eye.lower)]
    gap = lower - upper
    axis = vertices[eye.corners[1]] - vertices[eye.corners[0]]
    axis = axis / np.linalg.norm(axis)
    gap = gap - (gap @ axis)[:, None] * axis  # lids meet across the eye, not along it
    closed[list(eye.upper)] = upper + 0.90 * amount * gap
    closed[list(eye.lower)] = lower - 0.08 * amount * gap
    closed[list(eye.crease)] += 0.33 * amount * gap
    middle = gap[2:5].mean(0)
    pupil = vertices[eye.iris[0]]
    iris = vertices[list(eye.iris)] - pupil
    closed[list(eye.iris)] = pupil + 0.37 * amount * middle + iris * (1 - 0.17 * amount)
    return closed


def _with_surroundings(
    vertices: Array, turned: Array, frame: HeadFrame, rotation: Array, pivot: Array
) -> tuple[Array, Array, Array]:
    """Add rings around the face and the photo's border: source, target, triangles."""
    oval = vertices[list(FACE_OVAL)]
    count, center, width = len(oval), frame.center, frame.width_px
    outward = oval[:, :2] - center[:2]
    # 1 at the ears, which lie far back; 0 at crown and chin, which do not.
    aside = np.abs(outward @ frame.side[:2]) / np.linalg.norm(outward, axis=1)
    sources, targets, triangles = [vertices], [turned], [face_triangles()[0]]
    inner, base = np.array(FACE_OVAL), NUM_VERTICES
    for scale, depth, share in _RINGS:
        flat = center + (oval - center) * scale
        deep = flat.copy()
        if scale < _NEAR:
            deep[:, 2] = oval[:, 2] + depth * width * (0.2 + 0.8 * aside**2)
        else:
            deep[:, 2] = center[2] + depth * width
        moved = (deep - pivot) @ rotation.T + pivot
        placed = flat * (1 - share) + moved * share
        placed[:, 2] = moved[:, 2] if share else center[2] + 2 * width
        outer = base + np.arange(count)
        sources.append(flat)
        targets.append(placed)
        triangles.append(_strip(inner, outer))
        inner, base = outer, base + count
    direction = sources[-1][:, :2] - center[:2]
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    far = np.c_[center[:2] + 40 * width * direction, np.full(count, center[2] + 2.2 * width)]
    sources.append(far)
    targets.append(far)
    triangles.append(_strip(inner, base + np.arange(count)))
    return np.concatenate(sources), np.concatenate(targets), np.concatenate(triangles)


def _strip(inner: Array, outer: Array) -> Array:
    """Triangles between two closed rows of vertices."""
    next_inner, next_outer = np.roll(inner, -1), np.roll(outer, -1)
    return np.concatenate(
        [np.c_[inner, outer, next_inner], np.c_[next_inner, outer, next_outer]], axis=0
    )


def _render(
    image: Array, source: Array, target: Array, triangles: Array, width: float
) -> TurnedFace:
    height, columns = image.shape[:2]
    covered = _rasterize(target[:, :2], target[:, 2], triangles, (height, columns))
    index, triangle, second, third, depth = covered
    nearest = index.clip(0)
    corners = triangles[triangle[nearest]]
    b, c = second[nearest][..., None], third[nearest][..., None]
    places = source[corners[..., 0], :2] * (1 - b - c)
    places += source[corners[..., 1], :2] * b + source[corners[..., 2], :2] * c
    places = places.astype(np.float32) - np.float32(0.5)
    turned = cv2.remap(
        image, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    turned[index < 0] = 0
    surface: Array = np.where(index >= 0, depth[nearest], np.inf).astype(np.float32)
    surface = cv2.erode(surface, np.ones((3, 3)))
    vertices = target[:NUM_VERTICES]
    column = np.clip(np.round(vertices[:, 0] - 0.5), 0, columns - 1).astype(int)
    row = np.clip(np.round(vertices[:, 1] - 0.5), 0, height - 1).astype(int)
    visible = vertices[:, 2] < surface[row, column] + _HIDDEN_DEPTH * width
    return TurnedFace(turned, vertices, visible)


def _rasterize(
    points: Array, depth: Array, triangles: Array, shape: tuple[int, int]
) -> tuple[Array, Array, Array, Array, Array]:
    """The nearest triangle at each pixel, all candidate pixels of all triangles at once.

    Returns:
        index (H, W) into the candidates, -1 where there is none; for each candidate its triangle,
        the weights of the triangle's second and third corner, and its depth.
    """
    height, width = shape
    corners = points[triangles]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    low = np.clip(np.ceil(corners.min(1) - 0.5), 0, [width, height]).astype(int)
    high = np.clip(np.floor(corners.max(1) - 0.5) + 1, 0, [width, height]).astype(int)
    extent = np.maximum(high - low, 0)
    extent[np.abs(area) < 1e-6] = 0
    counts = extent[:, 0] * extent[:, 1]
    triangle = np.repeat(np.arange(len(triangles)), counts)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    x = low[triangle, 0] + number % extent[triangle, 0]
    y = low[triangle, 1] + number // extent[triangle, 0]
    right, down = x + 0.5 - a[triangle, 0], y + 0.5 - a[triangle, 1]
    to_b, to_c = (b - a)[triangle], (c - a)[triangle]
    second = (right * to_c[:, 1] - down * to_c[:, 0]) / area[triangle]
    third = (down * to_b[:, 0] - right * to_b[:, 1]) / area[triangle]
    inside = (second >= -1e-6) & (third >= -1e-6) & (second + third <= 1 + 1e-6)
    triangle, x, y = triangle[inside], x[inside], y[inside]
    second, third = second[inside], third[inside]
    near = depth[triangles[triangle]]
    z = near[:, 0] * (1 - second - third) + near[:, 1] * second + near[:, 2] * third
    order = np.argsort(-z, kind="stable")  # the nearest is written last
    index = np.full(height * width, -1)
    index[(y * width + x)[order]] = order
    return index.reshape(height, width), triangle, second, third, z
