from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from typing import TYPE_CHECKING

import numpy as np
import torch

from kilomark.data.composed_samples import FaceBatch
from kilomark.data.finder_sources import FACE, IGNORED, NONE
from kilomark.evaluation.metrics import box_iou, finder_accuracy, landmark_accuracy
from kilomark.networks.face_finder import FaceFinder, FinderOutput, cell_centers
from kilomark.networks.landmark_head import CompactHead, LandmarkOutput
from kilomark.training.finder_losses import assign_cells, finder_loss
from kilomark.training.landmark_losses import (
    LOCATION_LOSSES,
    WING_CURVATURE,
    WING_WIDTH,
    landmark_loss,
    spread_likelihood,
    squared,
    wing,
)

if TYPE_CHECKING:
    from kilomark.training.settings import LocationLoss


def test_the_best_spread_is_the_expected_error() -> None:
    errors = torch.distributions.Exponential(1 / 0.03).sample((20000, 1))
    candidates = torch.linspace(0.01, 0.09, 81)

    losses = [spread_likelihood(torch.log(c).expand_as(errors), errors).mean() for c in candidates]

    best = candidates[int(torch.stack(losses).argmin())].item()
    assert abs(best - errors.mean().item()) < 0.0011


def test_crops_without_a_face_teach_presence_only() -> None:
    output = LandmarkOutput(
        torch.rand(2, 5, 2, requires_grad=True),
        torch.zeros(2, 5, requires_grad=True),
        torch.zeros(2, requires_grad=True),
    )

    loss, _ = landmark_loss(output, torch.rand(2, 5, 2), torch.tensor([1.0, 0.0]))
    loss.backward()

    gradient = output.landmarks.grad
    assert gradient is not None
    assert gradient[0].abs().sum() > 0
    assert gradient[1].abs().sum() == 0
    assert output.presence_logit.grad is not None
    assert (output.presence_logit.grad != 0).all()


def test_a_batch_of_negatives_has_a_finite_loss() -> None:
    output = LandmarkOutput(torch.rand(2, 5, 2), torch.zeros(2, 5), torch.zeros(2))

    loss, _ = landmark_loss(output, torch.rand(2, 5, 2), torch.zeros(2))

    assert torch.isfinite(loss)


@pytest.mark.parametrize("location", sorted(LOCATION_LOSSES))
def test_parts_of_a_batch_have_the_loss_of_the_whole(location: LocationLoss) -> None:
    output = LandmarkOutput(torch.rand(8, 5, 2), torch.randn(8, 5), torch.randn(8))
    target, presence = torch.rand(8, 5, 2), torch.tensor([1.0, 1, 1, 1, 0, 0, 1, 0])
    whole, _ = landmark_loss(output, target, presence, location=location)

    parts = [
        landmark_loss(
            LandmarkOutput(*(value[begin : begin + 4] for value in output[:3])),
            target[begin : begin + 4],
            presence[begin : begin + 4],
            location=location,
            num_faces=presence.sum() / 2,
        )[0]
        for begin in (0, 4)
    ]

    assert torch.isclose((parts[0] + parts[1]) / 2, whole, rtol=1e-5)


def test_the_seeds_loss_is_the_mse_that_is_reported() -> None:
    landmarks, target = torch.rand(3, 971, 2), torch.rand(3, 971, 2)

    loss = squared(landmarks, target).mean().item()

    assert loss == pytest.approx(landmark_accuracy(landmarks.numpy(), target.numpy()).mse_px2)


def test_wing_is_a_logarithm_then_a_line_and_joins() -> None:
    joint = torch.tensor([WING_WIDTH * 0.999999, WING_WIDTH, 2 * WING_WIDTH, 3 * WING_WIDTH])
    below, at, twice, thrice = wing(joint, torch.zeros(4)).tolist()

    assert below == pytest.approx(at, rel=1e-4)
    assert thrice - twice == pytest.approx(twice - at) == pytest.approx(WING_WIDTH / 0.01)
    small = wing(torch.tensor(1e-6), torch.tensor(0.0)).item()
    assert small == pytest.approx(1e-6 * WING_WIDTH / WING_CURVATURE / 0.01, rel=1e-3)


def test_a_head_started_at_shapes_begins_at_their_mean() -> None:
    shapes = 0.5 + 0.1 * torch.randn(50, 7, 2)
    head = CompactHead(16, 7, rank=8)
    torch.nn.init.zeros_(head.coefficients.bias)
    head.start_at_shapes(shapes)

    output = head.eval()(torch.zeros(1, 16, 4, 4))

    assert torch.allclose(output.landmarks[0], shapes.mean(0), atol=1e-5)


def _faces(boxes: list[list[float]], state: int = FACE) -> FaceBatch:
    """One face an image, whose keypoints lie inside it."""
    corners = torch.tensor(boxes)[:, None]
    extent = corners[..., 2:] - corners[..., :2]
    keypoints = corners[:, :, None, :2] + torch.rand(len(boxes), 1, 5, 2) * extent[:, :, None]
    count = (len(boxes), 1)
    return FaceBatch(
        corners, keypoints, torch.ones(count, dtype=torch.bool), torch.full(count, state)
    )


def _assigned(longer_side: float, state: int = FACE) -> tuple[torch.Tensor, torch.Tensor]:
    centers, strides = cell_centers(256, 256)
    half = longer_side / 2
    faces = _faces([[128 - half, 128 - half, 128 + half, 128 + half]], state)
    targets = assign_cells(faces, centers, strides)
    return strides[targets.weight[0] > 0], targets.ignored[0]


def test_a_face_belongs_to_the_strides_of_its_size() -> None:
    for longer_side, wanted in ((20, {8}), (40, {8, 16}), (60, {16}), (100, {16, 32}), (200, {32})):
        assert set(_assigned(longer_side)[0].tolist()) == wanted


def test_a_hardly_seen_face_is_ignored_not_wanted() -> None:
    positive, ignored = _assigned(60, IGNORED)
    nothing, none_ignored = _assigned(60, NONE)

    assert len(positive) == len(nothing) == 0
    assert ignored.any()
    assert not none_ignored.any()


def test_the_cells_of_a_face_weigh_the_root_of_their_number() -> None:
    centers, strides = cell_centers(256, 256)
    faces = _faces([[28.0, 28, 228, 228]])

    weight = assign_cells(faces, centers, strides).weight[0]

    number = int((weight > 0).sum())
    assert number > 3
    assert weight.sum().item() == pytest.approx(number**0.5)


def _perfect(faces: FaceBatch, size: int) -> FinderOutput:
    centers, strides = cell_centers(size, size)
    targets = assign_cells(faces, centers, strides)
    box = faces.boxes[0]
    reach = torch.cat([centers - box[:, :2], box[:, 2:] - centers], 1)
    return FinderOutput(
        torch.where(targets.weight > 0, 12.0, -12.0),
        (reach / strides[:, None])[None],
        ((faces.keypoints[0] - centers[:, None]) / strides[:, None, None])[None],
    )


def _loss(output: FinderOutput, faces: FaceBatch, size: int, **how: torch.Tensor) -> torch.Tensor:
    grid = cell_centers(size, size)
    return finder_loss(output, faces, assign_cells(faces, *grid), *grid, **how)[0]


def test_a_perfect_finder_has_almost_no_loss() -> None:
    faces = _faces([[30.0, 40.0, 90.0, 100.0]])

    assert _loss(_perfect(faces, 128), faces, 128).item() < 1e-3


def test_a_score_is_to_be_the_root_of_the_overlap() -> None:
    faces = _faces([[30.0, 40.0, 90.0, 100.0]])
    perfect = _perfect(faces, 128)
    centers, strides = cell_centers(128, 128)
    is_face = assign_cells(faces, centers, strides).weight > 0
    wide = perfect.distances.clone()
    wide[..., 2] += 60 / strides  # twice as wide: an overlap of one half

    losses = {}
    for score in (0.5, 0.5**0.5, 0.95):
        logit = torch.logit(torch.tensor(score))
        scores = torch.where(is_face, logit, -12.0)
        losses[score] = _loss(FinderOutput(scores, wide, perfect.keypoints), faces, 128).item()

    assert min(losses, key=losses.__getitem__) == 0.5**0.5


def test_keypoints_that_nobody_labeled_do_not_count() -> None:
    faces = _faces([[30.0, 40.0, 90.0, 100.0]])
    perfect = _perfect(faces, 128)
    astray = perfect._replace(keypoints=perfect.keypoints + 3)
    unlabeled = faces._replace(has_keypoints=torch.zeros_like(faces.has_keypoints))

    assert _loss(astray, faces, 128).item() > 1
    assert _loss(astray, unlabeled, 128).item() < 1e-3


def test_parts_of_a_finders_batch_have_the_loss_of_the_whole() -> None:
    output = FaceFinder().eval()(torch.rand(2, 3, 64, 64))
    faces = _faces([[10.0, 10, 40, 44], [4.0, 20, 60, 60]])
    grid = cell_centers(64, 64)
    weights = assign_cells(faces, *grid).weight.sum(1)
    known = weights / weights.sum()  # keypoints are averaged over what has some

    whole = finder_loss(output, faces, assign_cells(faces, *grid), *grid)[1]
    parts = []
    for i in (0, 1):
        part = FaceBatch(*(value[i : i + 1] for value in faces))
        one = FinderOutput(*(value[i : i + 1] for value in output))
        targets = assign_cells(part, *grid)
        parts.append(finder_loss(one, part, targets, *grid, total=weights.sum() / 2)[1])

    for name in ("score", "box"):
        assert torch.isclose((parts[0][name] + parts[1][name]) / 2, whole[name], rtol=1e-5)
    keypoints = sum(share * part["keypoints"] for share, part in zip(known, parts, strict=True))
    assert torch.isclose(torch.as_tensor(keypoints), whole["keypoints"], rtol=1e-5)


def test_finder_cells_match_its_outputs() -> None:
    output = FaceFinder().eval()(torch.zeros(2, 3, 64, 96))
    centers, strides = cell_centers(64, 96)

    assert output.score_logits.shape == (2, len(centers))
    assert output.distances.shape == (2, len(centers), 4)
    assert output.keypoints.shape == (2, len(strides), 5, 2)
    assert (output.distances >= 0).all()


def test_nme_and_mse_of_a_known_shift() -> None:
    target = np.zeros((1, 971, 2))
    target[0, 328], target[0, 424] = (0.25, 0.5), (0.75, 0.5)

    accuracy = landmark_accuracy(target + np.array([0.01, 0.0]), target)

    assert np.isclose(accuracy.nme_percent, 2.0)
    assert np.isclose(accuracy.mse_px2, 1.28**2 / 2)
    assert accuracy.failure_percent == 0


def test_finder_accuracy_counts_hits_and_false_boxes() -> None:
    label = np.array([[0.0, 0.0, 10.0, 10.0]] * 2)
    found = [np.array([[0.0, 0.0, 10.0, 9.0], [50.0, 50.0, 60.0, 60.0]]), np.empty((0, 4))]

    accuracy = finder_accuracy(found, label, [np.empty((0, 4)), label])

    assert accuracy.recall_percent == 50
    assert accuracy.precision_percent == 50
    assert accuracy.clean_backgrounds_percent == 50
    assert np.allclose(box_iou(label, np.array([0.0, 0.0, 10.0, 5.0])), 0.5)


def test_weights_of_landmarks_scale_their_error() -> None:
    output = LandmarkOutput(torch.rand(3, 5, 2), torch.zeros(3, 5), torch.zeros(3))
    target, presence = torch.rand(3, 5, 2), torch.ones(3)
    _, whole = landmark_loss(output, target, presence)
    _, third = landmark_loss(output, target, presence, weight=torch.full((3, 5), 1 / 3))
    assert third["location"].item() == pytest.approx(whole["location"].item() / 3, rel=1e-5)


def test_depth_is_learned_where_it_is_known() -> None:
    depth = torch.zeros(2, 5, requires_grad=True)
    output = LandmarkOutput(torch.rand(2, 5, 2), torch.zeros(2, 5), torch.zeros(2), depth)
    known = torch.full((2, 5), 0.2)
    known[1] = torch.nan
    loss, parts = landmark_loss(output, torch.rand(2, 5, 2), torch.ones(2), depth=known)
    loss.backward()
    assert torch.isfinite(loss)
    assert parts["depth"] > 0
    assert depth.grad is not None
    assert (depth.grad[0] != 0).all()
    assert (depth.grad[1] == 0).all()


def test_lids_that_keep_their_distance_cost_nothing() -> None:
    target = torch.rand(1, 4, 2)
    moved = LandmarkOutput(target + 0.1, torch.zeros(1, 4), torch.zeros(1))
    squeezed = LandmarkOutput(target * 0.5, torch.zeros(1, 4), torch.zeros(1))
    pairs = torch.tensor([[0, 1], [2, 3]])
    for output, is_free in ((moved, True), (squeezed, False)):
        _, parts = landmark_loss(output, target, torch.ones(1), lid_pairs=pairs)
        assert (parts["lids"].item() < 1e-6) == is_free
