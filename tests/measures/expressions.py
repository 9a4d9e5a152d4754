"""Known expressions of the mean face: landmarks moved by hand-made displacement fields.

Each field moves the part of the face that the expression moves, by about the amount that the
coefficient takes for 1 (docs/measures.md). The fields are other and cruder ones than those of
`kilomark.measures.displacement_fields`: they test that a coefficient does not need its own shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from kilomark.topology import Topology


def expressed(mean: np.ndarray, topology: Topology, name: str, amount: float) -> np.ndarray:
    """Return the mean face (K, 3) with an expression of 0 to 1; x to the right, y down."""
    return EXPRESSIONS[name](mean.copy(), topology, amount)


def close_lids(side: str) -> Callable[..., np.ndarray]:
    def change(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
        group = topology.group(f"{side}_eye")
        for step in range(1, group.count // 2):
            lower, upper = group.start + step, group.start + group.count - step
            face[upper] += amount * (face[lower] - face[upper])
        return face

    return change


def widen_eye(side: str) -> Callable[..., np.ndarray]:
    def change(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
        group = topology.group(f"{side}_eye")
        for step in range(1, group.count // 2):
            lower, upper = group.start + step, group.start + group.count - step
            face[upper] += 0.5 * amount * (face[upper] - face[lower])
        return face

    return change


def shift(groups: tuple[str, ...], offset: tuple[float, float]) -> Callable[..., np.ndarray]:
    def change(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
        for name in groups:
            face[topology.group(name).indices, :2] += amount * np.array(offset)
        return face

    return change


def pull_corner(side: str, offset: tuple[float, float]) -> Callable[..., np.ndarray]:
    """Move a corner of the mouth; the lips follow, less and less towards the middle."""

    def change(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
        outer = face[topology.group("outer_lips").indices]
        right, left = outer[:, 0].min(), outer[:, 0].max()
        for name in ("outer_lips", "inner_lips"):
            group = topology.group(name)
            x = (face[group.indices, 0] - right) / (left - right)
            weight = np.clip(2 * (x - 0.5) if side == "left" else 2 * (0.5 - x), 0, 1)
            face[group.indices, :2] += amount * weight[:, None] * np.array(offset)
        return face

    return change


def drop_jaw(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
    """Move the lower lip and the chin down; the mouth's corners stay."""
    for name in ("outer_lips", "inner_lips"):
        group = topology.group(name)
        half = np.arange(1, group.count // 2)
        weight = np.clip(2 * np.sin(np.pi * half / (group.count // 2)), 0, 1)
        face[group.start + half, 1] += 0.2 * amount * weight
    oval = topology.group("face_oval")
    lowest = face[oval.indices, 1].max()
    mouth = face[topology.group("outer_lips").indices, 1].mean()
    weight = np.clip((face[oval.indices, 1] - mouth) / (lowest - mouth), 0, 1)
    face[oval.indices, 1] += 0.14 * amount * weight
    return face


def raise_inner_brows(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
    for side in ("right", "left"):
        brow = topology.group(f"{side}_brow").indices
        face[brow, 1] -= 0.085 * amount * inner_share(face, topology, side)
    return face


def inner_share(face: np.ndarray, topology: Topology, side: str) -> np.ndarray:
    """1 at the inner end of a brow, 0 at the outer one."""
    x = face[topology.group(f"{side}_brow").indices, 0]
    return (x - x.min()) / np.ptp(x) if side == "right" else (x.max() - x) / np.ptp(x)


def raise_outer_brow(side: str) -> Callable[..., np.ndarray]:
    def change(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
        brow = topology.group(f"{side}_brow").indices
        face[brow, 1] -= 0.087 * amount * (1 - inner_share(face, topology, side))
        return face

    return change


def pucker(face: np.ndarray, topology: Topology, amount: float) -> np.ndarray:
    outer = face[topology.group("outer_lips").indices, 0]
    share = 0.35
    for name in ("outer_lips", "inner_lips"):
        group = topology.group(name)
        x = face[group.indices, 0]
        face[group.indices, 0] = outer.mean() + (1 - share * amount) * (x - outer.mean())
    return face


EXPRESSIONS: dict[str, Callable[..., np.ndarray]] = {
    "eyeBlinkLeft": close_lids("left"),
    "eyeBlinkRight": close_lids("right"),
    "eyeWideLeft": widen_eye("left"),
    "eyeWideRight": widen_eye("right"),
    "browDownLeft": shift(("left_brow",), (0, 0.06)),
    "browDownRight": shift(("right_brow",), (0, 0.06)),
    "browOuterUpLeft": raise_outer_brow("left"),
    "browOuterUpRight": raise_outer_brow("right"),
    "browInnerUp": raise_inner_brows,
    "jawOpen": drop_jaw,
    "mouthSmileLeft": pull_corner("left", (0.065, -0.10)),
    "mouthSmileRight": pull_corner("right", (-0.065, -0.10)),
    "mouthFrownLeft": pull_corner("left", (0, 0.08)),
    "mouthFrownRight": pull_corner("right", (0, 0.08)),
    "mouthLeft": shift(("outer_lips", "inner_lips"), (0.085, 0)),
    "mouthRight": shift(("outer_lips", "inner_lips"), (-0.085, 0)),
    "mouthPucker": pucker,
}
