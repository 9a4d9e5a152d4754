from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from typing import TYPE_CHECKING

import onnx
import torch

from kilomark.errors import InvalidInputError
from kilomark.export.onnx_model import FinderModel, halve_weights, to_onnx
from kilomark.networks.face_finder import STRIDES, FaceFinder
from kilomark.training.finder_weights import start_finder

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["scores", "distances", "keypoints"]
MAX_HALF_WEIGHT_ERROR = 0.02  # of logits, after 30 layers of half-precision weights


def _exported(finder: FaceFinder, folder: Path) -> Path:
    proto = halve_weights(to_onnx(FinderModel(finder), 64, NAMES, dynamic_size=True))
    onnx.save(proto, folder / "model.onnx")
    return folder


@pytest.fixture
def finder() -> FaceFinder:
    """A finder whose batch norms and strides have each a scale of their own."""
    torch.manual_seed(0)
    network = FaceFinder()
    network.stride_scale.data = torch.linspace(0.8, 1.3, len(STRIDES))
    network.train()(torch.randn(4, 3, 64, 64))
    return network.eval()


def test_a_finder_goes_on_where_its_bundle_ends(finder: FaceFinder, tmp_path: Path) -> None:
    images = torch.randn(4, 3, 64, 64)
    with torch.no_grad():
        wanted = finder(images)
    bundle = _exported(finder, tmp_path)
    again = FaceFinder()

    start_finder(again, bundle, torch.randn(16, 3, 64, 64))

    with torch.no_grad():
        found = again.eval()(images)
    for ours, theirs in zip(found, wanted, strict=True):
        assert (ours - theirs).abs().max() < MAX_HALF_WEIGHT_ERROR


def test_its_batch_norms_measure_what_they_see(finder: FaceFinder, tmp_path: Path) -> None:
    images = torch.randn(16, 3, 64, 64)
    again = FaceFinder()
    start_finder(again, _exported(finder, tmp_path), images)

    with torch.no_grad():
        resting, training = again.eval()(images), again.train()(images)

    # The same up to the tower, whose norms see three strides in turn.
    assert (resting.score_logits - training.score_logits).abs().mean() < 0.1


def test_another_bundle_is_refused(tmp_path: Path) -> None:
    from kilomark.manifest import read_bundle

    images = torch.randn(2, 3, 64, 64)

    with pytest.raises(InvalidInputError, match=r"lacks .*; expected a face finder"):
        start_finder(FaceFinder(), read_bundle("lite").folder, images)
    with pytest.raises(InvalidInputError, match=r"no .*model\.onnx"):
        start_finder(FaceFinder(), tmp_path, images)
