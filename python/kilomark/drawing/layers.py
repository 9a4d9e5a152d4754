"""The layers of a style: each draws one thing of a face."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kilomark.drawing.colors import AXIS_COLORS, LIGHT, RIM, group_colors, part_of, ramp_color
from kilomark.measures.head_axes import head_axes
from kilomark.topology import LandmarkGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kilomark.drawing.canvas import Canvas, Color
    from kilomark.faces import Face

__all__ = [
    "Axes",
    "Boxes",
    "Contours",
    "Irises",
    "Layer",
    "Masks",
    "Points",
    "Spread",
]

RIM_OPACITY = 0.45
RIM_RATIO = 2.2
"""Width of the dark rim under a stroke over the stroke's."""
DOT_RATIO = 1.4
"""Width of a dot over that of a line."""
OVAL_SHARE = 0.5
"""Of the opacity of masks: the oval lies under all others."""


class Layer(ABC):
    """Draws one thing of each face."""

    @abstractmethod
    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """Draw it.

        Args:
            canvas: to draw on.
            face: whose landmarks may not be finite.
            number: of the face in the image, from 0.
        """


def _line_px(canvas: Canvas, face: Face) -> float:
    """Width of a line: 0.6 % of the face, 1 px at least."""
    size = float(np.ptp(face.landmarks, axis=0).max())
    return max(1.0, 0.006 * min(size, float(max(canvas.width, canvas.height))))


def _is_placed(face: Face) -> bool:
    return bool(np.isfinite(face.landmarks).all())


def _groups(face: Face, words: Iterable[str] | None) -> list[LandmarkGroup]:
    """The groups whose names, or whose last words, are among ``words``."""
    groups = list(face.topology.groups.values())
    if not groups:
        return [LandmarkGroup("landmarks", 0, face.topology.num_landmarks, closed=None)]
    if words is None:
        return groups
    wanted = set(words)
    return [
        group
        for group in groups
        if wanted & {group.name, part_of(group.name), group.name.rpartition("_")[2]}
    ]


@dataclass(frozen=True, slots=True)
class Contours(Layer):
    """The landmark groups as curves.

    Attributes:
        groups: only these, by name (``"left_eye"``), part (``"nose_ridge"``) or last word
            (``"eye"``, ``"lips"``).
        width: times the usual one, 0.6 % of the face.
        color: red, green, blue; by default one for each group, see `group_colors`.
    """

    groups: Sequence[str] | None = None
    width: float = 1.0
    color: Color | None = None

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        if not _is_placed(face):
            return
        width_px = self.width * _line_px(canvas, face)
        colors, groups = group_colors(face.topology), _groups(face, self.groups)
        for is_rim in (True, False):  # all rims first: none covers a neighbor's line
            for group in groups:
                color = self.color or colors.get(group.name, LIGHT)
                dots = DOT_RATIO if group.closed is None else 1.0
                canvas.add(
                    "dots" if group.closed is None else "ring" if group.closed else "curve",
                    face.landmarks[group.indices],
                    RIM if is_rim else color,
                    width_px=dots * width_px * (RIM_RATIO if is_rim else 1.0),
                    opacity=RIM_OPACITY if is_rim else 1.0,
                )


@dataclass(frozen=True, slots=True)
class Points(Layer):
    """Each landmark as a dot.

    Attributes:
        groups: only these, as of `Contours`.
        size: times the usual one, 0.84 % of the face.
        color: red, green, blue; by default one for each group.
    """

    groups: Sequence[str] | None = None
    size: float = 1.0
    color: Color | None = None

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        if not _is_placed(face):
            return
        width_px = self.size * DOT_RATIO * _line_px(canvas, face)
        colors, groups = group_colors(face.topology), _groups(face, self.groups)
        for is_rim in (True, False):
            for group in groups:
                canvas.add(
                    "dots",
                    face.landmarks[group.indices],
                    RIM if is_rim else self.color or colors.get(group.name, LIGHT),
                    width_px=width_px * (RIM_RATIO if is_rim else 1.0),
                    opacity=RIM_OPACITY if is_rim else 1.0,
                )


@dataclass(frozen=True, slots=True)
class Irises(Layer):
    """Irises as tinted discs with a ring, and pupils as dots."""

    color: Color = (34, 211, 238)
    opacity: float = 0.35

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        if not _is_placed(face):
            return
        width_px = _line_px(canvas, face)
        for group in _groups(face, ("iris",)):
            if group.closed:
                points = face.landmarks[group.indices]
                canvas.add("fill", points, self.color, opacity=self.opacity)
                canvas.add("ring", points, self.color, width_px=width_px)
        for group in _groups(face, ("pupil",)):
            points = face.landmarks[group.indices]
            canvas.add("dots", points, LIGHT, width_px=2 * DOT_RATIO * width_px)


@dataclass(frozen=True, slots=True)
class Boxes(Layer):
    """The boxes, with round corners."""

    color: Color = LIGHT

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        box = np.asarray(face.box, np.float64)
        size = min(float((box[2:] - box[:2]).max()), float(max(canvas.width, canvas.height)))
        width_px = max(1.0, 0.008 * size, max(canvas.width, canvas.height) / 1200)
        outline = _rounded(box, 0.04 * size)
        canvas.add("ring", outline, RIM, width_px=RIM_RATIO * width_px, opacity=RIM_OPACITY)
        canvas.add("ring", outline, self.color, width_px=width_px)


def _rounded(box: npt.NDArray[np.float64], radius_px: float) -> npt.NDArray[np.float64]:
    """Outline of a box with round corners, (N, 2)."""
    radius_px = min(radius_px, *((box[2:] - box[:2]) / 2))
    angles = np.linspace(0, np.pi / 2, 7)
    arc = radius_px * np.stack([np.cos(angles), np.sin(angles)], 1)
    x0, y0, x1, y1 = box + np.array([1, 1, -1, -1]) * radius_px
    turns = [(x1, y1, 0), (x0, y1, 1), (x0, y0, 2), (x1, y0, 3)]
    corners = []
    for x, y, quarter in turns:
        c, s = np.cos(quarter * np.pi / 2), np.sin(quarter * np.pi / 2)
        corners.append(arc @ np.array([[c, s], [-s, c]]) + [x, y])
    return np.concatenate(corners)


@dataclass(frozen=True, slots=True)
class Axes(Layer):
    """The head's axes: red to the right of the image, green down, blue out of the face.

    Attributes:
        length: of an axis that lies in the image's plane, over the box's longer side.
    """

    length: float = 0.5

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        if face.pose is None:
            return
        side = float(max(face.box[2] - face.box[0], face.box[3] - face.box[1]))
        origin, *ends = head_axes(face, self.length * side)
        width_px = 2.5 * _line_px(canvas, face)
        depths = np.argsort([0.0, 0.0, -1.0])[::-1]  # the one towards the viewer last
        for is_rim in (True, False):
            for axis in depths:
                canvas.add(
                    "curve",
                    np.stack([origin, ends[axis]]),
                    RIM if is_rim else AXIS_COLORS[axis],
                    width_px=width_px * (1.7 if is_rim else 1.0),
                    opacity=RIM_OPACITY if is_rim else 1.0,
                )


@dataclass(frozen=True, slots=True)
class Spread(Layer):
    """Each landmark as a dot whose color is the error to expect: teal small, red large.

    Attributes:
        low: spread over the face's size that is teal.
        high: spread over the face's size that is red.
        size: of the dots, as of `Points`.
    """

    low: float = 0.004
    high: float = 0.02
    size: float = 1.3
    steps: int = 24

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        if not _is_placed(face):
            return
        size = max(float(np.ptp(face.landmarks, axis=0).max()), 1e-3)
        share = (face.spread / size - self.low) / (self.high - self.low)
        bins = np.clip(np.nan_to_num(share, nan=1.0) * self.steps, 0, self.steps - 1).astype(int)
        width_px = self.size * DOT_RATIO * _line_px(canvas, face)
        canvas.add("dots", face.landmarks, RIM, width_px=1.7 * width_px, opacity=RIM_OPACITY)
        for step in np.unique(bins):
            color = ramp_color(step / (self.steps - 1))
            canvas.add("dots", face.landmarks[bins == step], color, width_px=width_px)


@dataclass(frozen=True, slots=True)
class Masks(Layer):
    """The areas of the closed groups, tinted; those of the lips without the mouth between them.

    Attributes:
        groups: only these, as of `Contours`.
        opacity: 0 to 1.
    """

    groups: Sequence[str] | None = None
    opacity: float = 0.45

    def draw(self, canvas: Canvas, face: Face, number: int) -> None:
        """See `Layer.draw`."""
        del number
        if not _is_placed(face):
            return
        colors = group_colors(face.topology)
        groups = [group for group in _groups(face, self.groups) if group.closed]
        names = {group.name for group in groups}
        for group in groups:
            points = face.landmarks[group.indices]
            if group.name == "inner_lips" and "outer_lips" in names:
                continue
            if group.name == "outer_lips" and "inner_lips" in face.topology.groups:
                points = _with_hole(points, face.group("inner_lips"))
            share = OVAL_SHARE if part_of(group.name) == "face_oval" else 1.0
            canvas.add("fill", points, colors[group.name], opacity=share * self.opacity)


def _with_hole(
    outer: npt.NDArray[np.float32], inner: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """One ring around the area between two rings, by the even-odd rule."""
    return np.concatenate([outer, outer[:1], inner, inner[:1]])
