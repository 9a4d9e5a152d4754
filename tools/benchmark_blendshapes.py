"""Measure `kilomark.measures.blendshapes` on generated faces and on warped pictures.

usage: python tools/benchmark_blendshapes.py [--faces 300] [--pictures lite resnext50]

Generated faces are random people in random poses up to 30 degrees, whose expression is known. Their
landmarks err as those of `lite` do. Pictures are the demo photo, warped to a known expression; the
coefficients come from the landmarks that a network finds in them. docs/measures.md shows the
results. The last line gives the time of one call.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

import kilomark
from expressions.generated import along_contours, displacement
from expressions.pictures import warp_face
from expressions.scores import score_alone, score_combined
from kilomark.images import open_photo
from kilomark.measures import BLENDSHAPES, blendshapes, neutral_face
from kilomark.measures.blendshape_model import BlendshapeModel, Fitted, shipped
from kilomark.pose import to_rotation
from motion.scenes import close_lids

if TYPE_CHECKING:
    from kilomark.measures import NeutralFace
    from kilomark.topology import Topology

DEMO_PHOTO = Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"
ENLARGED = 3
STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
LEFT_OUT = ("jawForward", "mouthDimpleLeft", "mouthPressLeft", "mouthShrugUpper", "noseSneerLeft")
PICTURED = (
    ("eyeBlinkLeft", "eyeBlinkRight"),
    ("eyeBlinkLeft",),
    ("jawOpen",),
    ("mouthSmileLeft", "mouthSmileRight"),
    ("mouthFrownLeft", "mouthFrownRight"),
    ("mouthPucker",),
    ("mouthFunnel",),
    ("browInnerUp",),
    ("browOuterUpLeft", "browOuterUpRight"),
    ("browDownLeft", "browDownRight"),
    ("mouthLeft",),
    ("mouthRight",),
    ("mouthStretchLeft", "mouthStretchRight"),
    ("mouthUpperUpLeft", "mouthUpperUpRight"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=300, help="generated (default: %(default)s)")
    parser.add_argument(
        "--pictures", nargs="*", default=["lite"], metavar="MODEL", help="(default: lite)"
    )
    options = parser.parse_args()
    topology = kilomark.Detector("lite", finder=None).topology
    model = BlendshapeModel(topology)
    if options.faces:
        tell_generated(model, topology, options.faces)
        tell_undetermined(topology)
    for name in options.pictures:
        tell_pictures(model, name)
    tell_time()


def tell_generated(model: BlendshapeModel, topology: Topology, count: int) -> None:
    """Print the errors of combined expressions, and the answers to single ones."""

    def measured(face: kilomark.Face, resting: kilomark.Face | None) -> dict[str, float]:
        return blendshapes(face, neutral=resting)

    plain, calibrated = (
        score_combined(measured, model, topology, count, calibrated=known)
        for known in (False, True)
    )
    print(f"{count} generated faces, 4 coefficients each; error: mean, 95th percentile")
    print(f"{'coefficient':20}  average    with neutral  0.3, 0.6, 1.0 alone  correlation  others")
    for name in model.names:
        alone = score_alone(measured, model, topology, name)
        found = " ".join(f"{value:4.2f}" for value in alone.found)
        others = ", ".join(f"{other} {value:.2f}" for other, value in alone.others.items())
        a, b = plain[name], calibrated[name]
        print(
            f"{name:20}  {a.mean_error:.2f} {a.error_95:.2f}  {b.mean_error:.2f} {b.error_95:.2f}"
            f"     {found}       {alone.correlation:.2f}         {others or '-'}"
        )
    for label, scores in (("average", plain), ("with neutral", calibrated)):
        mean = np.mean([score.mean_error for score in scores.values()])
        high = np.mean([score.error_95 for score in scores.values()])
        print(f"all, {label}: {mean:.3f} {high:.2f}")


def tell_undetermined(topology: Topology) -> None:
    """Print the answers of coefficients that the model leaves out, in a model that has them."""
    fitted = shipped()
    more = {name: 1.0 for name in LEFT_OUT if name not in fitted.ranges}
    wider = BlendshapeModel(
        topology, Fitted({**fitted.ranges, **more}, fitted.rest, fitted.identity)
    )

    def measured(face: kilomark.Face, resting: kilomark.Face | None) -> dict[str, float]:
        neutral = None if resting is None else wider.neutral([resting])
        found = wider.fit(face, neutral).coefficients.tolist()
        return dict(zip(wider.names, found, strict=True))

    print("left out; 0.3, 0.6, 1.0 alone, correlation, others")
    for name in more:
        alone = score_alone(measured, wider, topology, name)
        found = " ".join(f"{value:4.2f}" for value in alone.found)
        others = ", ".join(f"{other} {value:.2f}" for other, value in alone.others.items())
        print(f"{name:20}  {found}  {alone.correlation:.2f}  {others or '-'}")


def tell_pictures(model: BlendshapeModel, network: str) -> None:
    """Print how a network follows warped pictures: slope, correlation and cross-talk."""
    detector = kilomark.Detector(network, device="cpu", blend=False)
    photo = np.ascontiguousarray(np.asarray(open_photo(DEMO_PHOTO).convert("RGB"))[..., ::-1])
    photo = cv2.resize(photo, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    (face,) = detector.predict(photo)
    rest = neutral_face([face])
    print(
        f"{network}, warped demo photo: share of their way that the landmarks follow at 1, "
        "slope, correlation, others above 0.15 at 1"
    )
    for names in PICTURED:
        found, followed = [], 0.0
        for strength in STRENGTHS:
            moved = expressed(model, face, rest, dict.fromkeys(names, strength))
            pictured = _pictured(photo, face, names, strength, moved)
            seen = detector.predict(pictured)
            found.append(blendshapes(seen[0], neutral=rest))
            followed = followed_share(face.landmarks, moved, seen[0].landmarks)
        values = np.array([np.mean([one[name] for name in names]) for one in found])
        slope = np.polyfit(STRENGTHS, values, 1)[0]
        correlation = np.corrcoef(STRENGTHS, values)[0, 1] if np.ptp(values) > 0 else 0.0
        others = {
            name: found[-1][name]
            for name in BLENDSHAPES
            if name not in names and found[-1][name] > 0.15
        }
        shown = ", ".join(f"{name} {value:.2f}" for name, value in others.items()) or "-"
        print(f"{' + '.join(names):40} {followed:5.2f} {slope:5.2f} {correlation:5.2f}  {shown}")


def followed_share(before: np.ndarray, moved: np.ndarray, found: np.ndarray) -> float:
    """Return how far found landmarks follow those that moved: 1 wholly."""
    way = moved - before
    return float(((found - before) * way).sum() / max(float((way**2).sum()), 1e-9))


def _pictured(
    photo: np.ndarray,
    face: kilomark.Face,
    names: tuple[str, ...],
    strength: float,
    moved: np.ndarray,
) -> np.ndarray:
    """Return the photo with an expression; lids are pulled down as skin, not with the iris."""
    if not strength:
        return photo
    if not names[0].startswith("eyeBlink"):
        return warp_face(photo, face, moved)
    for name in names:
        side = name.removeprefix("eyeBlink").lower()
        photo = close_lids(photo, face.group(f"{side}_eye").astype(np.float64), strength)
    return photo


def expressed(
    model: BlendshapeModel,
    face: kilomark.Face,
    rest: NeutralFace,
    coefficients: dict[str, float],
) -> np.ndarray:
    """Return (K, 2) where the landmarks of a face at rest go with an expression."""
    change = displacement(model, rest, coefficients)
    pose = face.pose
    assert pose is not None
    outer = face.landmarks[face.topology.group("right_eye").start]
    other = face.landmarks[face.topology.group("left_eye").start]
    scale = float(np.linalg.norm(other - outer)) / np.cos(np.deg2rad(pose.yaw_deg))
    turned = along_contours(change, face.topology) @ to_rotation(pose).T
    return np.asarray(face.landmarks + scale * turned[:, :2])


def tell_time() -> None:
    """Print the median time of a call."""
    (face,) = kilomark.Detector("lite", device="cpu").predict(DEMO_PHOTO)
    rest, times = neutral_face([face]), []
    for _ in range(200):
        begin = time.perf_counter()
        blendshapes(face, neutral=rest)
        times.append(time.perf_counter() - begin)
    print(f"one call of blendshapes: {1e3 * float(np.median(times)):.2f} ms")


if __name__ == "__main__":
    main()
