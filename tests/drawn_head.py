"""A head of 478 vertices for tests: no photo of anybody."""

from __future__ import annotations

import numpy as np

from kilomark.data.face_mesh import FACE_OVAL, LEFT_EYE, RIGHT_EYE


def make_head(size: int = 160) -> np.ndarray:
    """Vertices on the front of an ellipsoid, with the outline, temples, crown and chin in place."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 478)
    radius = np.sqrt(rng.uniform(0, 0.9, 478))
    flat = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    for place, vertex in enumerate(FACE_OVAL):  # from the crown, clockwise in the image
        turn = 2 * np.pi * place / len(FACE_OVAL)
        flat[vertex] = np.sin(turn), -np.cos(turn)
    for eye, x in ((RIGHT_EYE, -0.35), (LEFT_EYE, 0.35)):
        outer = np.sign(x) * 0.15
        flat[list(eye.corners)] = [[x + outer, -0.2], [x - outer, -0.2]]
        along = np.linspace(x + 0.8 * outer, x - 0.8 * outer, 7)
        flat[list(eye.upper)] = np.stack([along, np.full(7, -0.25)], 1)
        flat[list(eye.lower)] = np.stack([along, np.full(7, -0.15)], 1)
        flat[list(eye.crease)] = np.stack([along, np.full(7, -0.32)], 1)
        flat[list(eye.iris)] = np.array([x, -0.2]) + 0.03 * np.array(
            [[0, 0], [1, 0], [0, -1], [-1, 0], [0, 1]]
        )
    height = np.sqrt(np.clip(1 - (flat**2).sum(1), 0, None))
    return np.c_[flat * (40, 50) + size / 2, -40 * height]
