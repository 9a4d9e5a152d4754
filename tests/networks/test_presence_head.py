"""Presence is read off the grid of features where a network has a head of its own for it."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import torch

from kilomark.networks.landmark_head import PresenceHead
from kilomark.networks.landmark_network import drop_missing_parts
from kilomark.networks.lite import make_lite


def test_presence_depends_on_where_the_features_are() -> None:
    torch.manual_seed(0)
    features = torch.rand(2, 6, 8, 8)

    head = PresenceHead(6)
    upright, turned = head(features), head(features.rot90(1, (2, 3)))

    assert upright.shape == (2,)
    assert not torch.allclose(upright, turned)


def test_features_of_another_size_are_resized() -> None:
    assert PresenceHead(6)(torch.rand(3, 6, 4, 4)).shape == (3,)


def test_the_landmarks_do_not_depend_on_the_head_of_presence() -> None:
    torch.manual_seed(0)
    network, images = make_lite(5).eval(), torch.rand(2, 3, 128, 128)
    with torch.no_grad():
        before = network(images)
        for parameter in network.head.presence.parameters():
            parameter.add_(1.0)
        after = network(images)

    assert torch.equal(before.landmarks, after.landmarks)
    assert torch.equal(before.log_spread, after.log_spread)
    assert not torch.equal(before.presence_logit, after.presence_logit)


def test_weights_without_the_head_read_presence_off_the_pooled_features() -> None:
    network, images = make_lite(5).eval(), torch.rand(2, 3, 128, 128)
    names = [name for name in network.state_dict() if not name.startswith("head.presence.")]

    drop_missing_parts(network, names)

    assert network.head.presence is None
    with torch.no_grad():
        assert network(images).presence_logit.shape == (2,)
