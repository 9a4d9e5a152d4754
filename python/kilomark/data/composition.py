"""Decides what the finder's training images show, a batch at a time, in NumPy.

An image is a photo at a random zoom and angle, or a grid of cells that each show a photo, a face
crop, or something that holds no face. `compositor.compose` renders what is decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from kilomark.data.composed_samples import FaceBatch
from kilomark.data.compositor import Placements
from kilomark.data.finder_sources import CARTOON, FACE, IGNORED, NONE
from kilomark.data.image_bank import NUM_LEVELS

if TYPE_CHECKING:
    from kilomark.data.finder_sources import FinderSources

__all__ = ["Compositions"]

Array = np.ndarray[Any, Any]

MAX_FACES = 64  # of one image; further ones are left out, the smallest first
MAX_CELLS = 6  # a side
LEAST_FACE_PX = 9.0  # smaller faces are ignored
_LEAST_CARTOON_PX = 28.0  # a smaller one cannot be told from a face
_MIRRORED_KEYPOINTS = [1, 0, 2, 4, 3]
_MEAN_COLOR = (124.0, 116.0, 104.0)  # what the runtime puts outside an image
_GRID_SHARES = (0.16, 0.26, 0.25, 0.18, 0.1, 0.05)  # of mosaics of 1, 2, ... cells a side
_PHOTO_SHARE = 0.42  # of the images: one photo of `_PHOTO_KINDS`
_LARGEST_ZOOM = 3.5
_TURNED_SHARE = 1 / 3  # of the placements, by any angle; the others by about `_TILT_DEG`
_TILT_DEG = 12.0
_SMALLEST_PX, _LARGEST_PX = 8.0, 400.0
_STREAM = 11  # tells these random numbers from others of the same seed

_PHOTO_KINDS = {"crowd": 0.78, "classroom": 0.02, "frame": 0.12, "background": 0.08}
_CELL_KINDS = {
    "crop": 0.2, "fairface": 0.16, "dressed": 0.16, "profile": 0.09, "frame": 0.09, "crowd": 0.1,
    "background": 0.09, "synthetic": 0.05, "cartoon": 0.04, "hard": 0.02,
}  # fmt: skip
_ROUND_KINDS = ("crop", "fairface", "dressed", "profile", "cartoon")


class _Placed(NamedTuple):
    """Placements of a batch in one list."""

    image: Array  # (L,) of the batch
    cell: Array  # (L,) 1 + row * MAX_CELLS + column
    rectangle: Array  # (L, 4)
    source: Array  # (L,)
    forward: Array  # (L, 2, 3) from source to composed image
    scale: Array  # (L,)
    angle_deg: Array  # (L,)
    mirrored: Array  # (L,) bool
    is_round: Array  # (L,) bool
    focus: Array  # (L, 2) center of a round part
    face_px: Array  # (L,) in source pixels


@dataclass(frozen=True, slots=True, eq=False)
class Compositions:
    """An endless stream of batches; batch i depends on ``seed`` and i alone.

    Attributes:
        sources: what to compose from.
        offsets, sizes: of the image bank's levels.
        height, width: of the images, multiples of 32.
        batch: images a batch.
        seed: of all random numbers.
    """

    sources: FinderSources
    offsets: Array
    sizes: Array
    height: int
    width: int
    batch: int
    seed: int

    def __getitem__(self, index: int) -> tuple[Placements, FaceBatch]:
        rng = np.random.default_rng([self.seed, _STREAM, index])
        is_photo = rng.random(self.batch) < _PHOTO_SHARE
        shares = np.array(_GRID_SHARES)
        grid = np.where(is_photo, 1, 1 + rng.choice(len(shares), self.batch, p=shares))
        columns = self._edges(grid, self.width, rng)
        rows = self._edges(grid, self.height, rng)
        placed = self._place(is_photo, grid, columns, rows, rng)
        return self._placements(placed, columns, rows, rng), self._faces(placed)

    def _edges(self, grid: Array, extent: int, rng: np.random.Generator) -> Array:
        """(N, MAX_CELLS + 1): a little uneven; the edges beyond the last cell lie at the border."""
        number = np.arange(MAX_CELLS + 1)[None]
        even = np.minimum(number / grid[:, None], 1.0)
        jitter = rng.uniform(-0.16, 0.16, even.shape) / grid[:, None]
        jitter[(number == 0) | (number >= grid[:, None])] = 0
        return np.asarray(np.round((even + jitter) * extent))

    def _place(
        self, is_photo: Array, grid: Array, columns: Array, rows: Array, rng: np.random.Generator
    ) -> _Placed:
        row, column = np.divmod(np.arange(MAX_CELLS**2), MAX_CELLS)
        image, cell = np.nonzero((row[None] < grid[:, None]) & (column[None] < grid[:, None]))
        row, column = row[cell], column[cell]
        rectangle = np.stack(
            [columns[image, column], rows[image, row], columns[image, column + 1],
             rows[image, row + 1]], 1,
        )  # fmt: skip
        kinds = self._kinds(is_photo[image], rng)
        source = self._draw(kinds, rng)
        focus, face_px = self._focus(source, rng)
        extent = rectangle[:, 2:] - rectangle[:, :2]
        scale, center, focus = self._zoom(
            source, focus, face_px, extent, is_whole=rng.random(len(source)) < 0.3, rng=rng
        )
        angle = rng.normal(0, _TILT_DEG, len(source))
        angle = np.where(
            rng.random(len(source)) < _TURNED_SHARE, rng.uniform(-180, 180, len(source)), angle
        )
        mirrored = rng.random(len(source)) < 0.5
        forward = _forward(scale, angle, mirrored, focus, center + rectangle[:, :2])
        is_round = np.isin(kinds, _ROUND_KINDS) & (rng.random(len(source)) < 0.4)
        return _Placed(
            image, 1 + cell, rectangle, source, forward, scale, angle, mirrored, is_round, focus,
            face_px,
        )  # fmt: skip

    def _kinds(self, is_photo: Array, rng: np.random.Generator) -> Array:
        drawn = []
        for shares in (_CELL_KINDS, _PHOTO_KINDS):
            names = [name for name in shares if len(self.sources.pools.get(name, ())) > 0]
            weights = np.array([shares[name] for name in names])
            drawn.append(rng.choice(names, len(is_photo), p=weights / weights.sum()))
        return np.where(is_photo, drawn[1], drawn[0])

    def _draw(self, kinds: Array, rng: np.random.Generator) -> Array:
        source = np.zeros(len(kinds), np.int64)
        for kind in np.unique(kinds):
            mask = kinds == kind
            source[mask] = rng.choice(self.sources.pools[str(kind)], int(mask.sum()))
        return source

    def _focus(self, source: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Where to look in each source, (L, 2), and the size of the face there, (L,): pixels.

        A random face, or where there is none, a random place.
        """
        first, last = self.sources.first_face[source], self.sources.first_face[source + 1]
        has_face = last > first
        face = np.where(has_face, first + (rng.random(len(source)) * (last - first)), 0).astype(int)
        face = np.minimum(face, max(len(self.sources.faces) - 1, 0))
        valid = self.sources.valid[source]
        side = valid[:, 2:] - valid[:, :2]
        anywhere = valid[:, :2] + side * rng.uniform(0.25, 0.75, (len(source), 2))
        px = side.min(1) * rng.uniform(0.2, 0.9, len(source))
        if len(self.sources.faces) == 0:
            return anywhere, px
        focus = np.where(has_face[:, None], self.sources.faces.center[face], anywhere)
        face_px = self.sources.faces.extent[face].max(1)
        return focus, np.maximum(np.where(has_face, face_px, px), 2.0)

    def _zoom(
        self, source: Array, focus: Array, face_px: Array, extent: Array, *, is_whole: Array,
        rng: np.random.Generator,
    ) -> tuple[Array, Array, Array]:  # fmt: skip
        """Scales (L,), and which places of the cell, (L, 2), show which of the source, (L, 2)."""
        largest = np.minimum(1.05 * extent.min(1), _LARGEST_PX)
        spread = np.log(np.maximum(largest / _SMALLEST_PX, 1.2))
        target_px = _SMALLEST_PX * np.exp(rng.random(len(source)) * spread)
        valid = self.sources.valid[source]
        side = valid[:, 2:] - valid[:, :2]
        fitted = (extent / side).min(1) * np.exp(rng.normal(0, 0.1, len(source)))
        scale = np.where(is_whole, fitted, np.minimum(target_px / face_px, _LARGEST_ZOOM))
        room = np.maximum(extent - (scale * face_px)[:, None], 0)
        center = extent / 2 + rng.uniform(-0.5, 0.5, (len(source), 2)) * room
        middle = (valid[:, :2] + valid[:, 2:]) / 2
        whole = is_whole[:, None]
        return scale, np.where(whole, extent / 2, center), np.where(whole, middle, focus)

    def _placements(
        self, placed: _Placed, columns: Array, rows: Array, rng: np.random.Generator
    ) -> Placements:
        count = 1 + MAX_CELLS**2
        maps = np.zeros((self.batch, count, 2, 3))
        offsets = np.zeros((self.batch, count), np.int64)
        sizes = np.ones((self.batch, count, 2), np.int64)
        clips = np.zeros((self.batch, count, 4))
        is_round = np.zeros((self.batch, count), bool)
        softness = np.zeros((self.batch, count))
        gains = np.ones((self.batch, count))
        fills = np.full((self.batch, count, 3), -1.0)

        to_source = _inverse(placed.forward)
        clip = self._clips(placed, rng)
        at = (placed.image, placed.cell)
        maps[at], sizes[at], offsets[at], ratio = self._at_level(
            placed.source, placed.scale, to_source, rng
        )
        clips[at] = clip * np.tile(ratio, 2)
        is_round[at] = placed.is_round
        many = len(placed.image)
        softness[at] = np.where(rng.random(many) < 0.5, rng.uniform(0, 8, many), 0)
        gains[at] = np.exp(rng.normal(0, 0.15, many) - (rng.random(many) < 0.1) * 0.8)
        fills[at] = self._fills(many, rng)

        maps[:, 0], sizes[:, 0], offsets[:, 0] = self._backgrounds(rng)
        return Placements(
            columns=_tensor(columns), rows=_tensor(rows), maps=_tensor(maps),
            offsets=torch.from_numpy(offsets), sizes=torch.from_numpy(sizes), clips=_tensor(clips),
            is_round=torch.from_numpy(is_round), softness=_tensor(softness), gains=_tensor(gains),
            fills=_tensor(fills),
        )  # fmt: skip

    def _at_level(
        self, source: Array, scale: Array, to_source: Array, rng: np.random.Generator
    ) -> tuple[Array, Array, Array, Array]:
        """Maps to the level of the bank that suits the scale, its size, its offset, its scale."""
        wanted = np.log2(1 / np.maximum(scale, 1e-3)) + rng.uniform(-0.35, 0.35, len(scale))
        level = np.clip(np.round(wanted), 0, NUM_LEVELS - 1).astype(int)
        size = self.sizes[source, level]
        ratio = size / self.sizes[source, 0]
        return to_source * ratio[:, :, None], size, self.offsets[source, level], ratio

    def _clips(self, placed: _Placed, rng: np.random.Generator) -> Array:
        """Shown parts (L, 4) in source pixels: the valid one, or a box around a face's ellipse."""
        valid = self.sources.valid[placed.source]
        reach = placed.face_px[:, None] * rng.uniform((0.52, 0.62), (0.8, 0.95), (len(valid), 2))
        around = np.concatenate([placed.focus - reach, placed.focus + reach], 1)
        around[:, :2] = np.maximum(around[:, :2], valid[:, :2])
        around[:, 2:] = np.minimum(around[:, 2:], valid[:, 2:])
        fits = placed.is_round & ((around[:, 2:] - around[:, :2]) > 2).all(1)
        return np.where(fits[:, None], around, valid)

    def _fills(self, count: int, rng: np.random.Generator) -> Array:
        """Colors (count, 3) around the shown parts, -1 for the background."""
        kind = rng.random((count, 1))
        color = rng.uniform(0, 255, (count, 3))
        flat = np.where(kind < 0.25, np.array(_MEAN_COLOR)[None], color)
        return np.where(kind < 0.4, flat, -1.0)

    def _backgrounds(self, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        source = rng.choice(self.sources.pools["background"], self.batch)
        valid = self.sources.valid[source]
        side = (valid[:, 2:] - valid[:, :2]).min(1)
        scale = max(self.height, self.width) / (side * np.exp(rng.uniform(-1.2, 0.3, self.batch)))
        focus = valid[:, 2:] * rng.uniform(0.3, 0.7, (self.batch, 2))
        middle = np.array([self.width, self.height])[None] / 2
        angle = rng.normal(0, 15, self.batch)
        mirrored = rng.random(self.batch) < 0.5
        forward = _forward(scale, angle, mirrored, focus, np.repeat(middle, self.batch, 0))
        maps, sizes, offsets, _ = self._at_level(source, scale, _inverse(forward), rng)
        return maps, sizes, offsets

    def _faces(self, placed: _Placed) -> FaceBatch:
        first = self.sources.first_face[placed.source]
        counts = self.sources.first_face[placed.source + 1] - first
        owner = np.repeat(np.arange(len(counts)), counts)
        face = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + first[owner]
        table = self.sources.faces
        forward = placed.forward[owner]
        center = _apply(forward, table.center[face][:, None])[:, 0]
        keypoints = _apply(forward, table.keypoints[face])
        mirrored = placed.mirrored[owner]
        keypoints[mirrored] = keypoints[mirrored][:, _MIRRORED_KEYPOINTS]
        half = table.extent[face] * placed.scale[owner][:, None] / 2
        sign = np.where(mirrored, -1.0, 1.0)
        turned = np.radians(sign * table.angle_deg[face] + placed.angle_deg[owner])
        state = _states(
            table.state[face], center, half, turned, placed.rectangle[owner], 2 * half.max(1)
        )
        boxes = np.concatenate([center - half, center + half], 1)
        shown = np.flatnonzero(state != NONE)
        return self._batched(
            placed.image[owner][shown], boxes[shown], keypoints[shown],
            table.has_keypoints[face][shown], state[shown],
        )  # fmt: skip

    def _batched(
        self, image: Array, boxes: Array, keypoints: Array, has_keypoints: Array, state: Array
    ) -> FaceBatch:
        """Lay the faces into rows by image, the largest first."""
        order = np.lexsort((-(boxes[:, 2] - boxes[:, 0]), image))
        image = image[order]
        rank = np.arange(len(image)) - np.searchsorted(image, image)
        kept = rank < MAX_FACES
        at = (image[kept], rank[kept])
        order = order[kept]
        shape = (self.batch, MAX_FACES)
        batch = FaceBatch(
            torch.zeros(*shape, 4), torch.zeros(*shape, 5, 2), torch.zeros(shape, dtype=torch.bool),
            torch.zeros(shape, dtype=torch.int64),
        )  # fmt: skip
        for rows, values in zip(batch, (boxes, keypoints, has_keypoints, state), strict=True):
            rows.numpy()[at] = values[order]
        return batch


def _states(
    given: Array, center: Array, half: Array, turned: Array, rectangle: Array, longer_px: Array
) -> Array:
    """What becomes of faces: cut off, small, or drawn ones are not asked for."""
    cosine, sine = np.abs(np.cos(turned)), np.abs(np.sin(turned))
    reach = np.stack([half[:, 0] * cosine + half[:, 1] * sine,
                      half[:, 0] * sine + half[:, 1] * cosine], 1)  # fmt: skip
    low = np.maximum(center - reach, rectangle[:, :2])
    high = np.minimum(center + reach, rectangle[:, 2:])
    shown = np.maximum(high - low, 0).prod(1) / np.maximum((2 * reach).prod(1), 1e-6)
    state = np.where((given == FACE) & (longer_px < LEAST_FACE_PX), IGNORED, given)
    state = np.where(
        (given == CARTOON), np.where(longer_px < _LEAST_CARTOON_PX, IGNORED, NONE), state
    )
    is_inside = ((center >= rectangle[:, :2]) & (center <= rectangle[:, 2:])).all(1)
    state = np.where((state == FACE) & ~((shown >= 0.6) & is_inside), IGNORED, state)
    return np.where(shown < 0.12, NONE, state)


def _forward(scale: Array, angle_deg: Array, mirrored: Array, focus: Array, center: Array) -> Array:
    """Maps (L, 2, 3) that mirror, scale, turn clockwise, and bring ``focus`` to ``center``."""
    angle = np.radians(angle_deg)
    sign = np.where(mirrored, -1.0, 1.0)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.stack([np.stack([cosine * sign, -sine], 1), np.stack([sine * sign, cosine], 1)], 1)
    shift = center - np.einsum("nij,nj->ni", linear, focus)
    return np.concatenate([linear, shift[..., None]], 2)


def _inverse(maps: Array) -> Array:
    linear = np.linalg.inv(maps[:, :, :2])
    return np.concatenate([linear, -linear @ maps[:, :, 2:]], 2)


def _apply(maps: Array, points: Array) -> Array:
    """Points (L, K, 2) through maps (L, 2, 3)."""
    linear: Array = np.einsum("nij,nkj->nki", maps[:, :, :2], points)
    return linear + maps[:, None, :, 2]


def _tensor(values: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
