"""Landmarks in a plot of matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kilomark.drawing.colors import LIGHT, group_colors
from kilomark.drawing.pictures import to_rgb
from kilomark.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

    from kilomark.faces import Face
    from kilomark.images import ImageLike

__all__ = ["plot_landmarks"]

BYTE = 255


def plot_landmarks(
    faces: Iterable[Face],
    image: ImageLike | None = None,
    *,
    axes: Axes | None = None,
    size: float = 4.0,
    indices_every: int | None = None,
) -> Axes:
    """Plot the landmarks of faces, colored by group.

    Args:
        faces: of one image.
        image: to plot below them.
        axes: of matplotlib, to plot into; by default those of a new figure.
        size: of the dots, as of ``Axes.scatter``.
        indices_every: write the index beside every n-th landmark.

    Returns:
        The axes. y runs downwards; pixel i covers [i, i + 1).

    Raises:
        DependencyError: matplotlib is not installed.
        InvalidInputError: ``image`` cannot be read.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise DependencyError(
            "plot_landmarks found no matplotlib; install it: pip install matplotlib, or draw "
            "without it: kilomark.draw(image, faces)"
        ) from error
    if axes is None:
        axes = plt.subplots(layout="constrained")[1]
    if image is not None:
        picture = to_rgb(image)
        axes.imshow(np.asarray(picture), extent=(0, picture.width, picture.height, 0))
    for face in faces:
        _plot_face(axes, face, size, indices_every)
    axes.set_aspect("equal")
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    return axes


def _plot_face(axes: Axes, face: Face, size: float, indices_every: int | None) -> None:
    colors = np.tile(np.array(LIGHT) * 0.6, (len(face.landmarks), 1))
    for name, color in group_colors(face.topology).items():
        colors[face.topology.group(name).indices] = np.array(color) * 0.9
    x, y = face.landmarks.T
    axes.scatter(x, y, s=size, c=colors / BYTE, linewidths=0)
    for index in range(0, len(face.landmarks), indices_every or len(face.landmarks) + 1):
        if indices_every:
            axes.annotate(str(index), (x[index], y[index]), fontsize=6)
