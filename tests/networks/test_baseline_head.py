from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from typing import TYPE_CHECKING

import numpy as np
import torch
from tests.bundle_answers import bundle_answers
from torch import nn
from torchvision.models import resnext50_32x4d

from kilomark.export.onnx_model import LandmarkModel
from kilomark.networks.baseline_head import BaselineHead
from kilomark.networks.registry import LANDMARK_NETWORKS
from kilomark.training.landmark_losses import landmark_loss

if TYPE_CHECKING:
    from kilomark.networks.landmark_network import LandmarkNetwork


def _notebook_network() -> nn.Sequential:
    """The baseline's network as its notebook writes it down, for 971 landmarks."""
    return nn.Sequential(
        *list(resnext50_32x4d(weights=None).children())[:-3],
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(65536, 4 * 971),
        nn.ReLU(),
        nn.Linear(3884, 1942),
    )


def test_shapes_and_parameters_are_the_notebooks() -> None:
    with torch.device("meta"):  # 270 million parameters, none of them in memory
        ours, notebook = LANDMARK_NETWORKS["resnext50"](971, "baseline"), _notebook_network()
    assert isinstance(ours.head, BaselineHead)

    found = [*ours.trunk.parameters(), *ours.head.layers.parameters()]

    wanted = list(notebook.parameters())
    assert [parameter.shape for parameter in found] == [parameter.shape for parameter in wanted]
    total = sum(parameter.numel() for parameter in wanted)
    head = 65536 * 3884 + 3884 + 3884 * 1942 + 1942
    assert sum(parameter.numel() for parameter in ours.head.layers.parameters()) == head
    assert sum(parameter.numel() for parameter in ours.parameters()) == total + 971  # spread


def _small_network() -> LandmarkNetwork:
    torch.manual_seed(0)
    return LANDMARK_NETWORKS["resnext50"](5, "baseline")


def test_answers_are_those_of_the_notebooks_layers() -> None:
    network = _small_network().eval()
    assert isinstance(network.head, BaselineHead)
    images = torch.randn(2, 3, 128, 128)

    with torch.no_grad():
        output = network(images)
        flat = network.head.layers(network.trunk(images))

    assert output.landmarks.shape == (2, 5, 2)
    assert torch.allclose((output.landmarks - 0.5) * 4, flat.reshape(2, 5, 2), atol=1e-6)
    assert output.log_spread.shape == (2, 5)
    assert torch.sigmoid(output.presence_logit).tolist() == [1.0, 1.0]


def test_it_starts_at_the_mean_shape_and_learns() -> None:
    torch.manual_seed(0)
    head, shapes = BaselineHead(4, 60), torch.rand(8, 60, 2)
    head.start_at_shapes(shapes)
    features = torch.randn(8, 4, 4, 4)  # of a 64 px crop
    optimizer = torch.optim.RAdam(head.parameters(), lr=1e-2)

    start = head.eval()(features).landmarks.mean(0)
    head.train()
    losses = []
    for _ in range(60):
        loss, _ = landmark_loss(head(features), shapes, torch.ones(8))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    assert (start - shapes.mean(0)).abs().max() < 0.02
    assert losses[-1] < 0.4 * losses[0]


def test_the_spread_learns_the_mean_error_and_moves_no_landmark() -> None:
    head = BaselineHead(2, 3)
    output = head(torch.randn(4, 2, 8, 8))
    with_spread, _ = landmark_loss(output, torch.rand(4, 3, 2), torch.ones(4))
    with_spread.backward()

    assert head.log_spread.grad is not None
    assert (head.log_spread.grad != 0).all()

    head.zero_grad()
    output.log_spread.sum().backward()
    assert all(parameter.grad is None or not parameter.grad.any()
               for parameter in head.layers.parameters())  # fmt: skip


def test_its_bundle_answers_as_the_torch_network() -> None:
    network = _small_network().eval()
    images = torch.randn(3, 3, 128, 128)
    with torch.no_grad():
        wanted = LandmarkModel(network)(images)

    found = bundle_answers(network, images, 5)

    for ours, theirs in zip(found, wanted, strict=True):
        assert np.abs(ours - theirs.numpy()).max() < 0.05
