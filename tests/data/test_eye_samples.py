from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.drawn_eyes import DARK, SKIN, WHITE, draw_eyes, drawn_landmarks, write_eye_crops

from kilomark import InvalidInputError
from kilomark._core import crop
from kilomark.data.eye_frames import (
    EyesOfFaces,
    eye_indices,
    eye_map,
    lid_gaps,
    lid_openings,
    read_eyes_of_faces,
)
from kilomark.data.eye_samples import EyeRecipe, EyeSamples, evaluation_eyes
from kilomark.data.face_crops import read_face_crops
from kilomark.data.geometry import apply_map, warp
from kilomark.data.lid_closing import close_landmarks, stretch_opening
from kilomark.manifest import read_landmark_bundle
from kilomark.topology import LandmarkGroup, Topology

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (48, 32)
NUM_LID = 96
TOPOLOGY = read_landmark_bundle("lite").topology


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> EyesOfFaces:
    folder = write_eye_crops(tmp_path_factory.mktemp("eyes"))
    crops = read_face_crops(folder, "train", tmp_path_factory.mktemp("cache"))
    return read_eyes_of_faces(crops)


def eye_of(opening: float) -> np.ndarray:
    landmarks = drawn_landmarks(opening, np.random.default_rng(0))
    return landmarks[eye_indices(TOPOLOGY).right][None]


def test_both_eyes_of_all_faces_are_listed(eyes: EyesOfFaces) -> None:
    assert len(eyes) == 24
    assert eyes.indices.topology.num_landmarks == 129
    assert list(eyes.indices.topology.groups) == ["right_eye", "right_iris", "right_pupil"]
    assert (eyes.opening < 0.12).sum() == 8
    np.testing.assert_allclose(eyes.relative_width, 1, atol=0.02)


def test_the_crop_of_training_is_the_runtimes() -> None:
    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (11, 11, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    landmarks = drawn_landmarks(0.3, rng)
    turn = np.array([[0.98, -0.199], [0.199, 0.98]])
    landmarks = landmarks @ turn.T - [0, 30]
    indices = eye_indices(TOPOLOGY)
    outer, inner = landmarks[indices.right[0]], landmarks[indices.right[48]]
    widest = max(np.linalg.norm(outer - inner), np.ptp(landmarks[indices.left[[0, 48]]], axis=0)[0])
    angle = np.degrees(np.arctan2(*(inner - outer)[::-1]))

    affine = eye_map(landmarks, indices, is_left=False, px_per_eye=25.0, size=SIZE)
    trained_on = warp(smooth, affine, SIZE, color=(124, 116, 104)).transpose(2, 0, 1)
    run_on = crop(
        smooth, "rgb", center=(outer + inner) / 2, side=1.92 * widest, angle_deg=angle, size=SIZE,
        channel_order="rgb", mean=(0, 0, 0), std=(1, 1, 1),
    )  # fmt: skip

    assert np.abs(trained_on - run_on).mean() < 1.5


def test_a_left_eye_is_mirrored() -> None:
    landmarks = drawn_landmarks(0.3, np.random.default_rng(0))
    indices = eye_indices(TOPOLOGY)
    both = [
        apply_map(eye_map(landmarks, indices, left, 25.0, SIZE), landmarks[indices.of_side(left)])
        for left in (False, True)
    ]

    assert both[0][0, 0] < both[0][48, 0]
    assert np.abs(both[0] - both[1]).max() < 1.0  # the mean face is nearly symmetric


def test_a_closed_eye_has_no_gap_and_no_white(eyes: EyesOfFaces) -> None:
    rows = np.flatnonzero(eyes.opening > 0.22)
    images, landmarks = evaluation_eyes(eyes, SIZE, rows)
    shut, closed = evaluation_eyes(eyes, SIZE, rows, closed=True)

    assert (lid_gaps(closed, NUM_LID) < 0.05 * lid_gaps(landmarks, NUM_LID)).all()
    white = [np.abs(crops.astype(int) - WHITE).max(-1) < 40 for crops in (images, shut)]
    assert white[1].sum() < 0.2 * white[0].sum()
    corners = [0, 48]
    np.testing.assert_allclose(closed[:, corners], landmarks[:, corners], atol=1e-3)


def test_an_open_eye_shows_what_its_labels_say() -> None:
    landmarks = drawn_landmarks(0.4, np.random.default_rng(0))
    image = draw_eyes(landmarks)
    x, y = landmarks[TOPOLOGY.groups["right_pupil"].start].astype(int)

    assert np.abs(image[y, x].astype(int) - DARK).max() < 5
    assert np.abs(image[y - 25, x].astype(int) - SKIN).max() < 5


@pytest.mark.parametrize("amount", [0.3, 0.6, 0.9])
def test_lids_close_by_their_share(amount: float) -> None:
    before = eye_of(0.3)
    after = close_landmarks(before[0], NUM_LID, amount)[None]

    np.testing.assert_allclose(
        lid_gaps(after, NUM_LID) / lid_gaps(before, NUM_LID), 1 - 0.98 * amount, atol=0.01
    )


@pytest.mark.parametrize(
    ("opening", "wanted"), [(0.06, 0.012), (0.03, 0.006), (0.105, 0.081), (0.2, 0.2)]
)
def test_labels_of_shut_eyes_are_closed(opening: float, wanted: float) -> None:
    labeled = eye_of(0.3)[0]

    stretched = stretch_opening(labeled, NUM_LID, opening, 0.06)

    gaps = lid_gaps(np.stack([labeled, stretched]), NUM_LID)
    assert gaps[1] / gaps[0] == pytest.approx(wanted / opening, abs=0.01)
    assert stretch_opening(labeled, NUM_LID, opening, 0.0) is labeled


def test_a_sample_depends_on_its_number_alone(eyes: EyesOfFaces) -> None:
    samples = EyeSamples(eyes, SIZE, seed=3)
    first = samples[17]
    again, other = EyeSamples(eyes, SIZE, seed=3)[17], EyeSamples(eyes, SIZE, seed=4)[17]

    assert first.image.shape == (32, 48, 3)
    assert first.landmarks.shape == (129, 2)
    assert first.landmarks.dtype == np.float32
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.landmarks, again.landmarks)
    assert not np.array_equal(first.image, other.image)


def test_shut_eyes_are_shown_more_often(eyes: EyesOfFaces) -> None:
    samples = EyeSamples(eyes, SIZE, seed=0, recipe=EyeRecipe(closed=0, shut_opening=0))
    landmarks = np.stack([samples[number].landmarks for number in range(300)])
    share = (lid_openings(landmarks, NUM_LID) < 0.12).mean()

    assert share == pytest.approx(5 / 7, abs=0.08)  # one in three, five times as often


@pytest.mark.parametrize("recipe", [{"closed": 1.5}, {"shut_opening": 0.2}, {"closed": -1}])
def test_a_recipe_has_bounds(recipe: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match="expected"):
        EyeRecipe(**recipe)


def test_landmarks_without_lids_or_a_mirror_are_refused() -> None:
    ring = Topology(4, {"ring": LandmarkGroup("ring", 0, 4, True)}, np.array([1, 0, 3, 2]))
    for topology in (ring, Topology(TOPOLOGY.num_landmarks, TOPOLOGY.groups)):
        with pytest.raises(InvalidInputError, match="expected a topology with a mirror"):
            eye_indices(topology)


def test_a_contour_that_runs_the_other_way_is_refused(eyes: EyesOfFaces, tmp_path: Path) -> None:
    del tmp_path
    upside_down = type(eyes.faces)(
        **{
            name: getattr(eyes.faces, name)
            for name in ("images", "rows", "valid", "person", "pose", "source", "topology")
        },
        landmarks=np.ascontiguousarray(eyes.faces.landmarks * [1, -1]),
    )
    with pytest.raises(InvalidInputError, match="lower lid first"):
        read_eyes_of_faces(upside_down)


def test_a_contour_of_six_landmarks_will_do() -> None:
    eye = np.array([[0, 5], [3, 7], [7, 7], [10, 5], [7, 4], [3, 4]], float)[None]

    assert lid_openings(eye, 6)[0] == pytest.approx(0.3)
    assert lid_gaps(eye, 6)[0] == pytest.approx(0.3)
    assert lid_gaps(close_landmarks(eye[0], 6, 1.0)[None], 6)[0] < 0.03
