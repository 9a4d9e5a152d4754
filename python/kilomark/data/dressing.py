"""Drawing masks, glasses, caps, visors and hands on labeled faces: the labels below stay exact.

Everything is drawn along the vertices of the face's mesh, so it follows pose and expression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import cv2
import numpy as np

from kilomark.data.face_mesh import LEFT_EYE, RIGHT_EYE, EyeVertices

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GARMENTS", "MASKS", "Garment", "dress_face", "face_size"]

Array = np.ndarray[Any, Any]
Garment = Literal[
    "surgical", "cloth", "ffp2", "printed", "black", "sunglasses", "glasses", "cap", "visor", "hand"
]

GARMENTS: tuple[Garment, ...] = get_args(Garment)
MASKS: tuple[Garment, ...] = ("surgical", "cloth", "ffp2", "printed", "black")
_SHARES = (0.14, 0.11, 0.08, 0.07, 0.06, 0.14, 0.08, 0.11, 0.05, 0.16)

_JAW = (323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93)
_NOSE_EDGE = (123, 50, 101, 196, 197, 419, 330, 280, 352)  # over the nose, right to left
_LOW_EDGE = (147, 187, 205, 203, 98, 2, 327, 423, 425, 411, 376)  # under the nose
_TEMPLES, _EARS = (127, 356), (234, 454)
_FOREHEAD = (127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356)
_BROWS = (70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300)
_CHEEK = (50, 280, 205, 425, 4)
_SUBPIXEL = 4  # bits


def dress_face(
    image: Array,
    vertices: Array,
    rng: np.random.Generator,
    *,
    garment: Garment | None = None,
    texture: Array | None = None,
) -> Array:
    """Draw something on a face.

    Args:
        image: (H, W, 3) uint8 RGB.
        vertices: (478, 2) or (478, 3) pixels.
        rng: of colors, sizes and places.
        garment: what to draw; by default one is drawn at random.
        texture: (h, w, 3) uint8 picture that printed masks show; noise if None.

    Returns:
        A new image of the same shape.
    """
    points = np.asarray(vertices, np.float64)[:, :2]
    kind: Garment = garment or GARMENTS[rng.choice(len(GARMENTS), p=_SHARES)]
    if kind in MASKS:
        return _mask(image, points, rng, kind, texture)
    return _DRAWN[kind](image, points, rng)


def _mask(
    image: Array, points: Array, rng: np.random.Generator, kind: Garment, texture: Array | None
) -> Array:
    shows_nose = rng.random() < 0.12
    edge = points[list(_LOW_EDGE if shows_nose else _NOSE_EDGE)]
    size = face_size(points)
    center = points[[4, 13, 152]].mean(0)
    jaw = center + (points[list(_JAW)] - center) * rng.uniform(1.0, 1.1)
    down = _unit(points[152] - points[6])
    edge = edge + rng.normal(0, 0.012, edge.shape) * size + down * rng.normal(0, 0.03) * size
    if kind == "cloth" and rng.random() < 0.3:  # a scarf hangs down
        jaw = jaw + down * size * rng.uniform(0.1, 0.4)
    outline = _smooth_outline(np.concatenate([edge, jaw]))
    fabric = _fabric(image, points, rng, kind, texture)
    if kind == "surgical":
        fabric = _with_pleats(fabric, points, rng)
    if kind == "ffp2":
        _line(fabric, points[[197, 4, 17, 152]], (fabric.mean((0, 1)) * 0.8), size * 0.02)
    result = image
    if kind != "cloth" and rng.random() < 0.8:
        result = _with_straps(result, points, edge, rng)
    return _blend(result, fabric, _coverage(image, outline))


def _fabric(
    image: Array, points: Array, rng: np.random.Generator, kind: Garment, texture: Array | None
) -> Array:
    """A picture of the fabric over the whole image, lit as the face is."""
    colors = {
        "surgical": ((150, 195, 225), (225, 230, 235), (140, 200, 180), (230, 170, 190)),
        "ffp2": ((235, 235, 235), (245, 245, 240)),
        "black": ((25, 25, 28), (40, 40, 45)),
    }
    if kind in colors:
        base = np.array(colors[kind][int(rng.integers(len(colors[kind])))], float)
        base = np.clip(base + rng.normal(0, 8, 3), 0, 255)
    else:
        base = rng.uniform(10, 245, 3)
    fabric = np.full(image.shape, base, np.float32)
    if kind == "printed":
        fabric = _print(image.shape, rng, texture)
    elif kind == "cloth" and rng.random() < 0.6:
        fabric = _pattern(image.shape, base, face_size(points), rng)
    light = cv2.GaussianBlur(image.astype(np.float32).mean(2), (0, 0), face_size(points) * 0.08)
    mean = max(float(light.mean()), 1.0)
    shade = 1 + rng.uniform(0.3, 0.9) * (light / mean - 1)
    folds = cv2.resize(rng.standard_normal((6, 6)).astype(np.float32), image.shape[1::-1],
                       interpolation=cv2.INTER_CUBIC)  # fmt: skip
    shade *= 1 + rng.uniform(0, 0.1) * folds
    exposure = np.clip(mean / 120, 0.35, 1.3)
    lit: Array = fabric * np.clip(shade, 0.2, 1.6)[..., None] * np.float32(exposure)
    return lit


def _print(shape: tuple[int, ...], rng: np.random.Generator, texture: Array | None) -> Array:
    if texture is None:
        texture = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    printed: Array = cv2.resize(texture, shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return printed.astype(np.float32)


def _pattern(shape: tuple[int, ...], base: Array, size: float, rng: np.random.Generator) -> Array:
    """Stripes, checks or dots of a second color."""
    other = rng.uniform(0, 255, 3)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle, wave = rng.uniform(0, np.pi), size * rng.uniform(0.03, 0.15)
    along = (np.cos(angle) * x + np.sin(angle) * y) / wave
    across = (-np.sin(angle) * x + np.cos(angle) * y) / wave
    kind = rng.integers(3)
    if kind == 0:
        is_other = np.sin(2 * np.pi * along) > 0
    elif kind == 1:
        is_other = (np.sin(np.pi * along) > 0) ^ (np.sin(np.pi * across) > 0)
    else:
        is_other = (along % 1 - 0.5) ** 2 + (across % 1 - 0.5) ** 2 < rng.uniform(0.03, 0.15)
    return np.where(is_other[..., None], other, base).astype(np.float32)


def _with_pleats(fabric: Array, points: Array, rng: np.random.Generator) -> Array:
    size = face_size(points)
    for share in np.linspace(0.25, 0.75, int(rng.integers(2, 4))):
        left = points[93] + share * (points[136] - points[93])
        right = points[323] + share * (points[365] - points[323])
        middle = points[4] + share * (points[152] - points[4])
        _line(fabric, np.array([left, middle, right]), fabric.mean((0, 1)) * 0.82, size * 0.012)
    return fabric


def _with_straps(image: Array, points: Array, edge: Array, rng: np.random.Generator) -> Array:
    image = image.copy()
    color = rng.uniform(180, 250) if rng.random() < 0.8 else rng.uniform(10, 60)
    width = face_size(points) * rng.uniform(0.008, 0.02)
    for ear, top, bottom in ((_EARS[0], edge[0], 172), (_EARS[1], edge[-1], 397)):
        back = points[ear] + 0.12 * (points[ear] - points[4])
        _line(image, np.array([top, back]), np.full(3, color), width)
        _line(image, np.array([points[bottom], back]), np.full(3, color), width)
    return image


def _sunglasses(image: Array, points: Array, rng: np.random.Generator) -> Array:
    return _glasses(image, points, rng, tint=rng.uniform(0.75, 1.0))


def _clear_glasses(image: Array, points: Array, rng: np.random.Generator) -> Array:
    return _glasses(image, points, rng, tint=rng.uniform(0, 0.15))


def _glasses(image: Array, points: Array, rng: np.random.Generator, *, tint: float) -> Array:
    size = face_size(points)
    color = rng.uniform(5, 60) * np.ones(3) + rng.uniform(0, 25, 3)
    frame = color if rng.random() < 0.7 else rng.uniform(20, 220, 3)
    thickness = size * rng.uniform(0.01, 0.035)
    height, roundness = rng.uniform(0.55, 0.9), rng.uniform(2, 5)
    drawn: Array = image.copy()
    lenses = [_lens(points, eye, height, roundness) for eye in (RIGHT_EYE, LEFT_EYE)]
    glass = np.full(image.shape, color, np.float32)
    top = cv2.resize(np.array([[0.6], [0.0]], np.float32), image.shape[1::-1])
    glass += (255 - glass) * (top * rng.uniform(0, 0.5))[..., None]
    for lens in lenses:
        drawn = _blend(drawn, glass, _coverage(image, lens) * tint)
        _line(drawn, np.concatenate([lens, lens[:1]]), frame, thickness)
    bridge = np.array([lenses[0][0], (lenses[0][0] + lenses[1][0]) / 2, lenses[1][0]])
    _line(drawn, bridge, frame, thickness)
    for lens, temple in zip(lenses, _TEMPLES, strict=True):
        _line(drawn, np.array([lens[len(lens) // 2], points[temple]]), frame, thickness)
    return drawn


def _lens(points: Array, eye: EyeVertices, height: float, roundness: float) -> Array:
    """A superellipse around an eye; its first point is the inner one."""
    outer, inner = points[eye.corners[0]], points[eye.corners[1]]
    across = (inner - outer) * 0.78
    nose = points[6] - points[168] + points[4] - points[6]
    down = nose - across * (nose @ across) / max(across @ across, 1e-6)
    down = _unit(down) * np.linalg.norm(points[159] - points[23]) * (0.6 + height) * 1.1
    center = (outer + inner) / 2 + 0.15 * down
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    power = 2 / roundness
    x, y = np.sign(cos) * np.abs(cos) ** power, np.sign(sin) * np.abs(sin) ** power
    lens: Array = center + x[:, None] * across + y[:, None] * down
    return lens


def _cap(image: Array, points: Array, rng: np.random.Generator) -> Array:
    """A cap or a beanie down to the forehead or the brows, with a brim or none."""
    up = _unit(points[10] - points[152])
    size = face_size(points)
    low = rng.uniform(0.15, 0.9)  # 0: at the brows
    brows = points[list(_BROWS)]
    crown = points[list(_FOREHEAD[1:-1])]
    along = np.linspace(0, len(crown) - 1, len(brows))
    places = [np.interp(along, np.arange(len(crown)), crown[:, axis]) for axis in (0, 1)]
    edge = brows + low * (np.stack(places, 1) - brows)
    forehead = points[list(_FOREHEAD)]
    center = forehead.mean(0)
    dome = (
        center + (forehead - center) * rng.uniform(1.05, 1.25) + up * size * rng.uniform(0.1, 0.3)
    )
    outline = np.concatenate([edge, dome[::-1]])
    fabric = _fabric(image, points, rng, "cloth", None)
    drawn = _blend(image, fabric, _coverage(image, _smooth_outline(outline)))
    if rng.random() < 0.6:
        brim = np.concatenate([edge, edge[::-1] - up * size * rng.uniform(0.03, 0.14)])
        dark = fabric * np.float32(rng.uniform(0.5, 0.9))
        shadow = _coverage(image, brim - up * size * 0.1) * rng.uniform(0, 0.5)
        drawn = _blend(drawn, np.zeros_like(dark), shadow)
        drawn = _blend(drawn, dark, _coverage(image, brim))
    return drawn


def _visor(image: Array, points: Array, rng: np.random.Generator) -> Array:
    """A transparent visor over the whole face, or goggles over the eyes."""
    up = _unit(points[10] - points[152])
    size = face_size(points)
    center = points[[168, 4]].mean(0)
    if rng.random() < 0.5:
        band = points[[127, 70, 105, 9, 334, 300, 356, 345, 347, 197, 118, 116]]
        outline = points[168] + (band - points[168]) * rng.uniform(1.0, 1.2)
        alpha = rng.uniform(0.6, 1.0)
    else:
        outline = center + (points[list(_FOREHEAD + _JAW)] - center) * rng.uniform(1.1, 1.3)
        alpha = rng.uniform(0.08, 0.35)
    color = rng.uniform(0, 255, 3) if rng.random() < 0.4 else np.full(3, rng.uniform(30, 255))
    glass = np.full(image.shape, color, np.float32)
    drawn = _blend(image, glass, _coverage(image, _smooth_outline(outline)) * alpha)
    streak = center + up * size * rng.uniform(-0.3, 0.4) + rng.normal(0, 0.2, 2) * size
    shine = np.array([streak, streak + rng.normal(0, 0.25, 2) * size])
    bright = image.copy()
    _line(bright, shine, np.full(3, 250.0), size * rng.uniform(0.02, 0.08))
    return cv2.addWeighted(drawn, 0.7, bright, 0.3, 0) if rng.random() < 0.5 else drawn


def _hand(image: Array, points: Array, rng: np.random.Generator) -> Array:
    """Fingers that reach from outside into the face, in the color of its cheeks."""
    size = face_size(points)
    skin = _skin_color(image, points) * rng.uniform(0.8, 1.15)
    target = points[int(rng.choice([13, 152, 50, 280, 159, 386, 4, 205, 425, 9]))]
    angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.4 else rng.normal(np.pi / 2, 0.7)
    outward = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-outward[1], outward[0]])
    width = size * rng.uniform(0.09, 0.14)
    num_fingers = int(rng.integers(1, 5))
    drawn = image.copy()
    knuckles = target + outward * size * rng.uniform(0.35, 0.6)
    for finger in range(num_fingers):
        place = finger - (num_fingers - 1) / 2
        tip = target + aside * place * width * 1.05 - outward * size * rng.uniform(-0.05, 0.1)
        root = knuckles + aside * place * width * rng.uniform(0.95, 1.15)
        _line(drawn, np.array([tip, root]), skin * 0.72, width * 1.12)
        _line(drawn, np.array([tip, root]), skin * rng.uniform(0.92, 1.05), width * 0.92)
    palm = knuckles + outward * size * 0.35
    reach = [width * num_fingers * 0.62, size * 0.42]
    turn = np.array([aside, outward])
    circle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    outline = palm + (np.c_[np.cos(circle), np.sin(circle)] * reach) @ turn
    drawn = _blend(drawn, np.full(image.shape, skin, np.float32), _coverage(image, outline))
    mask = np.any(drawn != image, 2).astype(np.float32)
    soft = cv2.GaussianBlur(drawn, (0, 0), max(0.3, size * 0.012))
    return _blend(image, soft.astype(np.float32), cv2.GaussianBlur(mask, (0, 0), 0.7))


_DRAWN: dict[Garment, Callable[[Array, Array, np.random.Generator], Array]] = {
    "sunglasses": _sunglasses,
    "glasses": _clear_glasses,
    "cap": _cap,
    "visor": _visor,
    "hand": _hand,
}


def face_size(points: Array) -> float:
    """Length from crown to chin, or the width of a face that is seen from above, in pixels."""
    height = float(np.linalg.norm(points[152] - points[10]))
    return max(height, float(np.ptp(points[:468, 0])), 4.0)


def _skin_color(image: Array, points: Array) -> Array:
    places = np.round(points[list(_CHEEK)] - 0.5).astype(int)
    places = np.clip(places, 0, np.array(image.shape[1::-1]) - 1)
    color: Array = np.median(image[places[:, 1], places[:, 0]].astype(float), 0)
    return color


def _unit(vector: Array) -> Array:
    unit: Array = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return unit


def _smooth_outline(points: Array, per_corner: int = 4) -> Array:
    """A closed Catmull-Rom curve through ``points``."""
    before, after, further = (np.roll(points, shift, 0) for shift in (1, -1, -2))
    curve = []
    for share in np.arange(per_corner) / per_corner:
        square, cube = share**2, share**3
        curve.append(
            0.5 * (2 * points + (after - before) * share
                   + (2 * before - 5 * points + 4 * after - further) * square
                   + (3 * points - before - 3 * after + further) * cube)
        )  # fmt: skip
    return np.stack(curve, 1).reshape(-1, 2)


def _coverage(image: Array, outline: Array) -> Array:
    """(H, W) float32: how much of each pixel lies inside a closed outline."""
    mask = np.zeros(image.shape[:2], np.uint8)
    corners = np.round((outline - 0.5) * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, _SUBPIXEL)
    return mask.astype(np.float32) / 255


def _line(image: Array, points: Array, color: Array, width: float) -> None:
    corners = np.round((points - 0.5) * (1 << _SUBPIXEL)).astype(np.int32)
    plain = np.clip(color, 0, 255).tolist()
    cv2.polylines(image, [corners], False, plain, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL)


def _blend(image: Array, above: Array, alpha: Array) -> Array:
    mixed = image + (above - image) * alpha[..., None]
    blended: Array = np.clip(mixed, 0, 255).astype(np.uint8)
    return blended
