"""What the finder's training images show, and where their faces lie."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kilomark.data.composed_samples import ComposedSamples, split_samples
from kilomark.data.composition import Compositions
from kilomark.data.compositor import compose
from kilomark.data.finder_sources import (
    CARTOON,
    FACE,
    IGNORED,
    KEYPOINT_TEMPLATE,
    FaceTable,
    FinderSources,
    FinderSourcesBuilder,
    angles_of,
    faces_of_landmarks,
    no_faces,
)
from kilomark.data.image_bank import NUM_LEVELS, ImageBank, ImageBankBuilder

if TYPE_CHECKING:
    from kilomark.data.composed_samples import FaceBatch

Array = np.ndarray[Any, Any]

RED, GREEN = (255, 0, 0), (0, 255, 0)  # right and left eye of the drawn face
FACE_PX = 90.0


def drawn_face(width: int, height: int, seed: int) -> tuple[Array, Array]:
    """A photo with a white face whose eyes are red and green, and its keypoints (5, 2)."""
    image = np.full((height, width, 3), 90, np.uint8)
    image[:] += np.random.default_rng(seed).integers(0, 9, image.shape).astype(np.uint8)
    center = np.array([width / 2, height / 2])
    keypoints = center + KEYPOINT_TEMPLATE * FACE_PX * 0.6
    cv2.circle(image, center.astype(int).tolist(), int(FACE_PX / 2), (255, 255, 255), -1)
    for point, color in ((keypoints[0], RED), (keypoints[1], GREEN)):
        cv2.circle(image, np.round(point - 0.5).astype(int).tolist(), 12, color, -1)
    return image, keypoints


def table(keypoints: Array, state: int = FACE) -> FaceTable:
    center = keypoints.mean(0) - KEYPOINT_TEMPLATE.mean(0)
    return FaceTable(
        center[None], np.full((1, 2), FACE_PX), np.zeros(1), keypoints[None], np.ones(1, bool),
        np.array([state]),
    )  # fmt: skip


def add(
    bank: ImageBankBuilder, sources: FinderSourcesBuilder, kind: str, image: Array,
    faces: FaceTable,
) -> None:  # fmt: skip
    bank.add_images([image])
    whole = np.array([[0, 0, image.shape[1], image.shape[0]]])
    sources.add(kind, whole, np.array([len(faces)]), faces)


@pytest.fixture(scope="module")
def bank_and_sources() -> tuple[ImageBank, FinderSources]:
    bank, sources = ImageBankBuilder("cpu"), FinderSourcesBuilder()
    for seed, (kind, size) in enumerate((("crowd", (300, 220)), ("crop", (176, 176))) * 3):
        image, keypoints = drawn_face(*size, seed)
        add(bank, sources, kind, image, table(keypoints))
    add(bank, sources, "background", np.full((150, 200, 3), 90, np.uint8), no_faces())
    return bank.finish(), sources.finish()


@pytest.fixture(scope="module")
def drawn(bank_and_sources: tuple[ImageBank, FinderSources]) -> tuple[Array, FaceBatch]:
    bank, sources = bank_and_sources
    compositions = Compositions(sources, bank.offsets, bank.sizes, 160, 224, 48, seed=0)
    placements, faces = compositions[3]
    images = compose(bank, placements, 160, 224)
    assert images.shape == (48, 3, 160, 224)
    return images.permute(0, 2, 3, 1).numpy(), faces


def shown_faces(faces: FaceBatch) -> list[tuple[int, Array, Array]]:
    """Image, box and keypoints of each face that is to be found."""
    return [
        (int(image), faces.boxes[image, row].numpy(), faces.keypoints[image, row].numpy())
        for image, row in zip(*np.nonzero(faces.state.numpy() == FACE), strict=True)
    ]


def test_keypoints_lie_on_what_they_stand_for(drawn: tuple[Array, FaceBatch]) -> None:
    images, faces = drawn
    checked = 0
    for image, box, keypoints in shown_faces(faces):
        if box[2] - box[0] < 24:  # the dots of the eyes blur
            continue
        across, down = np.floor(keypoints[:2]).astype(int).T
        if min(*across, *down) < 0 or across.max() >= 224 or down.max() >= 160:
            continue
        eyes = images[image, down, across]  # one is red, one green; which one, a mirror changes
        checked += 1
        assert set(eyes.argmax(1)) == {0, 1}
        assert (eyes.max(1) > eyes[:, 2] + 40).all()
    assert checked > 30


def test_faces_come_at_all_angles_and_sizes(drawn: tuple[Array, FaceBatch]) -> None:
    _, faces = drawn
    shown = shown_faces(faces)
    sizes = np.array([box[2] - box[0] for _, box, _ in shown])
    angles = angles_of(np.stack([keypoints for *_, keypoints in shown]))

    assert sizes.min() >= 9
    assert (sizes < 20).mean() > 0.1
    assert (sizes > 60).mean() > 0.1
    upright = np.abs(angles) < 40
    assert 0.5 < upright.mean() < 0.9
    assert np.ptp(angles) > 270


def test_mirrored_faces_keep_right_and_left(drawn: tuple[Array, FaceBatch]) -> None:
    _, faces = drawn
    for _, _, keypoints in shown_faces(faces):
        across, down = keypoints[1] - keypoints[0], keypoints[3] - keypoints[0]
        # Seen from the front: from right eye to left eye, then down to the mouth, is clockwise.
        assert across[0] * down[1] - across[1] * down[0] > 0


def test_a_sample_depends_on_its_index_alone(
    bank_and_sources: tuple[ImageBank, FinderSources],
) -> None:
    bank, sources = bank_and_sources
    compositions = Compositions(sources, bank.offsets, bank.sizes, 96, 96, 1, seed=4)
    samples = ComposedSamples(compositions)

    first, again, other = samples[7], samples[7], samples[8]

    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_samples_collate_to_the_batch_they_are(
    bank_and_sources: tuple[ImageBank, FinderSources],
) -> None:
    import torch

    bank, sources = bank_and_sources
    compositions = Compositions(sources, bank.offsets, bank.sizes, 96, 96, 1, seed=4)
    drawn = [ComposedSamples(compositions)[index] for index in (0, 1)]
    batch = [torch.from_numpy(np.stack(parts)) for parts in zip(*drawn, strict=True)]

    placements, faces = split_samples(batch)

    together = compose(bank, placements, 96, 96)
    for index in (0, 1):
        alone, _ = compositions[index]
        assert torch.equal(together[index], compose(bank, alone, 96, 96)[0])
    assert faces.boxes.shape[0] == 2


@pytest.mark.parametrize(("state", "wanted"), [(CARTOON, set()), (IGNORED, {IGNORED})])
def test_drawn_and_doubtful_faces_are_never_asked_for(state: int, wanted: set[int]) -> None:
    bank, sources = ImageBankBuilder("cpu"), FinderSourcesBuilder()
    image, keypoints = drawn_face(176, 176, 0)
    add(bank, sources, "cartoon", image, table(keypoints, state))
    add(bank, sources, "background", image, no_faces())
    built = bank.finish()
    compositions = Compositions(sources.finish(), built.offsets, built.sizes, 256, 256, 64, seed=0)

    _, faces = compositions[0]

    states = set(faces.state.unique().tolist())
    assert FACE not in states
    assert wanted <= states
    longer = (faces.boxes[..., 2] - faces.boxes[..., 0])[faces.state == IGNORED]
    assert len(longer) > 0
    if state == CARTOON:  # one that is too small to be told from a face is ignored
        assert longer.max() < 28


@pytest.mark.parametrize("angle", [-170.0, -90.0, 0.0, 37.0, 135.0])
def test_the_box_is_that_of_the_upright_face(angle: float) -> None:
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    ring = np.linspace(0, 2 * np.pi, 100)
    upright = np.stack([30 * np.cos(ring), 40 * np.sin(ring)], 1)
    shift = np.array([200.0, 300.0])

    faces = faces_of_landmarks(
        (upright @ rotation.T + shift)[None], (50 * KEYPOINT_TEMPLATE @ rotation.T + shift)[None]
    )

    assert faces.angle_deg[0] == pytest.approx(angle)
    assert faces.center[0] == pytest.approx(shift, abs=0.05)
    assert faces.extent[0] == pytest.approx([60, 80], abs=0.1)


def test_bank_levels_are_means_of_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    builder = ImageBankBuilder("cpu", num_threads=2)
    builder.add_images([image[:20, :30], image])
    bank = builder.finish()

    assert len(bank) == 2
    assert bank.sizes[1].tolist() == [[96 >> i, 64 >> i] for i in range(NUM_LEVELS)]
    begin = bank.offsets[1, 1]
    half = bank.pixels[begin : begin + 48 * 32].reshape(32, 48).numpy()
    wanted = image.reshape(32, 2, 48, 2, 3).mean((1, 3))
    found = np.stack([half & 255, (half >> 8) & 255, half >> 16], 2)
    assert np.abs(found - wanted).max() <= 0.5
