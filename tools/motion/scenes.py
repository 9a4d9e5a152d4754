"""Clips in which something happens: a blink, two faces that cross, a cut, a fade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from .clips import FPS, NUM_FRAMES, SIZE, Clip, Floats, Image, Photo, encode, map_of, render, warp
from .clips import Motion as _Motion

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["scene_clips"]

BLINK_FRAMES = {-2: 0.35, -1: 0.8, 0: 0.95, 1: 0.8, 2: 0.5, 3: 0.2}
"""How far the lids are closed around the frame in which they are closed most."""
BLINKS_AT = (25, 50, 72)


def scene_clips(photo: Photo, eye_contours: list[Floats]) -> Iterator[Clip]:
    """Render the scenes of one photo.

    Args:
        photo: of one face.
        eye_contours: of each eye, (n, 2) points of the photo around the opening between the lids.
    """
    yield blink(photo, eye_contours)
    yield crossing(photo)
    yield cut(photo)
    yield fade(photo)


def still() -> _Motion:
    """Return a motion at rest."""
    zero = np.zeros(NUM_FRAMES)
    return _Motion(zero, zero, np.ones(NUM_FRAMES), zero)


def blink(photo: Photo, eye_contours: list[Floats]) -> Clip:
    """Close the lids three times, by pulling the skin above each eye down over it."""
    closed = np.zeros(NUM_FRAMES)
    for at in BLINKS_AT:
        for offset, share in BLINK_FRAMES.items():
            closed[at + offset] = share

    def change(n: int) -> Image:
        image = photo.image
        for contour in eye_contours:
            image = close_lids(image, contour, closed[n])
        return image

    clip = render("blink", photo, still(), seed=40, change=change)
    clip.facts["opening"] = [float(1 - share) for share in closed]
    return clip


def close_lids(image: Image, contour: Floats, share: float) -> Image:
    """Pull the upper lid down by a share of the eye's opening; the skin above it stretches."""
    if share == 0:
        return image
    x0, x1 = int(np.floor(contour[:, 0].min())), int(np.ceil(contour[:, 0].max()))
    columns = np.arange(x0, x1 + 1)
    middle = contour[:, 1].mean()
    upper = _lid(contour[contour[:, 1] <= middle], columns)
    lower = np.maximum(_lid(contour[contour[:, 1] > middle], columns), upper)
    reach = 0.45 * (x1 - x0)
    rows = np.arange(image.shape[0], dtype=np.float32)[:, None]
    top = upper - reach
    lid = upper + share * (lower - upper)
    stretched = top + (rows - top) * reach / (lid - top)
    source_y = np.where((rows > top) & (rows < lid), stretched, rows).astype(np.float32)
    source_x = np.broadcast_to(columns.astype(np.float32), source_y.shape)
    out = image.copy()
    out[:, x0 : x1 + 1] = cv2.remap(image, source_x, source_y, cv2.INTER_CUBIC)
    return out


def _lid(points: Floats, columns: Floats) -> Floats:
    order = np.argsort(points[:, 0])
    return np.interp(columns, points[order, 0], points[order, 1])


def crossing(photo: Photo) -> Clip:
    """Two faces that walk past each other, the photo's in front and a mirrored, darker one behind.

    They are cut out by ellipses in front of a plain background.
    """
    random = np.random.default_rng(41)
    mirrored = mirror(photo)
    facts: dict[str, list[float]] = {"front x": [], "front y": [], "back x": [], "back y": []}
    jpegs = []
    for n in range(NUM_FRAMES):
        along = -2.2 + 4.4 * n / (NUM_FRAMES - 1)
        frame = _backdrop()
        for name, one, dx, dy in (("back", mirrored, -along, 0.15), ("front", photo, along, 0.0)):
            to_frame = map_of(one, dx, dy, 0.9, 0.0)
            frame = _paste(frame, one, to_frame)
            middle = to_frame[:, :2] @ one.eyes.mean(axis=0) + to_frame[:, 2]
            facts[f"{name} x"].append(float(middle[0]))
            facts[f"{name} y"].append(float(middle[1]))
        jpegs.append(encode(frame, random))
    return Clip("crossing", jpegs, [n / FPS for n in range(NUM_FRAMES)], None, facts)


def mirror(photo: Photo) -> Photo:
    """Return the mirrored photo, darker, for another person."""
    width = photo.image.shape[1]
    eyes = np.stack([(width - 1 - photo.eyes[::-1, 0]), photo.eyes[::-1, 1]], axis=1)
    return Photo(f"{photo.name}, mirrored", (photo.image[:, ::-1] * 0.75).astype(np.uint8), eyes)


def _backdrop() -> np.ndarray:
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    gray = 90 + 0.08 * columns + 0.05 * rows + 10 * np.sin(columns / 23) * np.sin(rows / 31)
    return np.repeat(gray[..., None], 3, axis=2).astype(np.float32)


def _paste(frame: np.ndarray, photo: Photo, to_frame: Floats) -> np.ndarray:
    """Lay the photo's head over the frame, cut out by a soft ellipse."""
    middle, (dx, dy) = photo.eyes.mean(axis=0), photo.eyes[1] - photo.eyes[0]
    distance = float(np.hypot(dx, dy))
    mask = np.zeros(photo.image.shape[:2], np.float32)
    center = (int(middle[0]), int(middle[1] + 0.35 * distance))
    axes = (int(0.95 * distance), int(1.35 * distance))
    cv2.ellipse(mask, center, axes, 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.04 * distance)
    alpha = cv2.warpAffine(mask, to_frame, SIZE, flags=cv2.INTER_LINEAR)[..., None]
    return frame * (1 - alpha) + warp(photo.image, to_frame) * alpha


def cut(photo: Photo) -> Clip:
    """Cut in the middle to another scene, with another face at the same place."""
    other = mirror(photo)
    first = render("cut", photo, still(), seed=42)
    second = render("cut", other, still(), seed=43)
    half = NUM_FRAMES // 2
    jpegs = first.jpegs[:half] + second.jpegs[half:]
    scene = [float(n >= half) for n in range(NUM_FRAMES)]
    return Clip("cut", jpegs, first.timestamps, None, {"scene": scene})


def fade(photo: Photo) -> Clip:
    """Fade to black and back within two seconds."""
    random = np.random.default_rng(44)
    n = np.arange(NUM_FRAMES)
    light = np.clip(np.abs(n - NUM_FRAMES / 2) / 30 - 0.1, 0, 1)
    frame = warp(photo.image, map_of(photo, 0.0, 0.0, 1.0, 0.0))
    jpegs = [encode(frame * np.float32(share), random) for share in light]
    facts = {"light": light.tolist()}
    return Clip("fade", jpegs, [k / FPS for k in range(NUM_FRAMES)], None, facts)
