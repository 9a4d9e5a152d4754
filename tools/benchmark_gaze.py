"""Measure how far `kilomark.measures.gaze` follows eyes that turn in the head of the demo photo.

usage: python tools/benchmark_gaze.py [--model lite resnext50]

The irises are cut out and painted at the places that known turns of the eyes give them, on a
sclera whose color is that of the photo. A pupil that turns by an angle moves by
``radius * sin(angle)``, where the radius is 10.45 / 11.7 diameters of the iris.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

import kilomark
from kilomark.images import open_photo
from kilomark.measures import gaze

DEMO_PHOTO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
ENLARGED = 3
YAWS_DEG = (-25, -15, -8, 8, 15, 25)
PITCHES_DEG = (-12, -8, 8, 12)
RADIUS_IN_IRIS_DIAMETERS = 10.45 / 11.7
MARGIN_PX = 25

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", default=["lite", "resnext50"])
    options = parser.parse_args()
    photo = np.ascontiguousarray(np.asarray(open_photo(DEMO_PHOTO).convert("RGB"))[..., ::-1])
    photo = cv2.resize(photo, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    (face,) = kilomark.Detector("resnext50", device="cpu").predict(photo)
    for name in options.model:
        detector = kilomark.Detector(name, device="cpu")
        yaw, pitch = (
            [measured(detector, photo, face, *turn) for turn in turns]
            for turns in ([(a, 0) for a in (0, *YAWS_DEG)], [(0, a) for a in (0, *PITCHES_DEG)])
        )
        share_of_yaw = followed_share((0, *YAWS_DEG), [turn[0] for turn in yaw])
        share_of_pitch = followed_share((0, *PITCHES_DEG), [turn[1] for turn in pitch])
        print(f"{name}: follows {share_of_yaw:.0%} of the yaw, {share_of_pitch:.0%} of the pitch")


def measured(
    detector: kilomark.Detector, photo: Image, face: kilomark.Face, yaw_deg: float, pitch_deg: float
) -> tuple[float, float]:
    """Return the yaw and pitch of the eyes in the head that are measured for a known turn."""
    picture = photo
    for side in ("right", "left"):
        picture = turn_eye(picture, face, side, yaw_deg, pitch_deg)
    found = gaze(detector.predict(picture)[0])
    return found.eye_yaw_deg, found.eye_pitch_deg


def followed_share(true_deg: tuple[float, ...], found_deg: list[float]) -> float:
    """Return the slope of the line through the measured angles over the true ones."""
    return float(np.polyfit(true_deg, found_deg, 1)[0])


def turn_eye(
    photo: Image, face: kilomark.Face, side: str, yaw_deg: float, pitch_deg: float
) -> Image:
    """Return the photo with one eye turned in the head."""
    lids, iris = face.group(f"{side}_eye"), face.group(f"{side}_iris")
    center = iris.mean(axis=0)
    diameter = 2 * float(np.linalg.norm(iris - center, axis=1).mean())
    x0, y0 = (lids.min(axis=0) - MARGIN_PX).astype(int)
    x1, y1 = (lids.max(axis=0) + MARGIN_PX).astype(int)
    eye = photo[y0:y1, x0:x1]
    opening = cv2.GaussianBlur(polygon(lids - (x0, y0), eye), (0, 0), 1.2)
    disc = circle(center - (x0, y0), 0.51 * diameter, eye)
    radius = RADIUS_IN_IRIS_DIAMETERS * diameter
    shift = radius * np.sin(np.radians([-yaw_deg, pitch_deg]))
    turned = paint_iris(sclera(eye, opening, disc), whole_iris(eye, opening, disc), disc, shift)
    out = photo.copy()
    share = opening[..., None]
    out[y0:y1, x0:x1] = (eye * (1 - share) + turned * share).clip(0, 255)
    return out


def polygon(points: npt.NDArray[np.float32], like: Image) -> Mask:
    mask = np.zeros(like.shape[:2], np.float32)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return mask


def circle(center: npt.NDArray[np.float32], radius: float, like: Image) -> Mask:
    mask = np.zeros(like.shape[:2], np.float32)
    middle = tuple(np.round(center * 16).astype(int).tolist())
    cv2.circle(mask, middle, int(radius * 16), 1.0, -1, cv2.LINE_AA, 4)
    return mask


def sclera(eye: Image, opening: Mask, disc: Mask) -> Mask:
    """Return the eye without its iris."""
    hole = cv2.dilate(((disc > 0.02) & (opening > 0.3)).astype(np.uint8), np.ones((5, 5)))
    white = np.percentile(eye[(opening > 0.6) & (hole == 0)], 70, axis=0)
    out = eye.astype(np.float32)
    out[hole > 0] = white
    return np.where((opening > 0.3)[..., None], cv2.GaussianBlur(out, (0, 0), 2), out)


def whole_iris(eye: Image, opening: Mask, disc: Mask) -> Mask:
    """Return the eye with what the lids hide of the iris filled in."""
    hidden = ((disc > 0) & (opening < 0.8)).astype(np.uint8)
    return cv2.inpaint(eye, 255 * hidden, 5, cv2.INPAINT_TELEA).astype(np.float32)


def paint_iris(onto: Mask, iris: Mask, disc: Mask, shift: npt.NDArray[np.float64]) -> Mask:
    to_place = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    size = (onto.shape[1], onto.shape[0])
    share = cv2.GaussianBlur(cv2.warpAffine(disc, to_place, size), (0, 0), 1.0)[..., None]
    return onto * (1 - share) + cv2.warpAffine(iris, to_place, size) * share


if __name__ == "__main__":
    main()
