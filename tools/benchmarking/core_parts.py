"""The parts of the core that are timed on their own, below `kilomark.Detector`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark import _core

if TYPE_CHECKING:
    from kilomark.manifest import LandmarkBundle


def landmark_detector(bundle: LandmarkBundle, *, num_threads: int) -> _core.Detector:
    """A core detector of one landmark network, without a face detector."""
    given = bundle.input
    network = _core.LandmarkNetwork(
        model=bundle.model,
        input=_core.NetworkInput(
            width=given.width,
            height=given.height,
            channel_order=given.channel_order,
            mean=given.mean,
            std=given.std,
        ),
        num_landmarks=bundle.topology.num_landmarks,
        crop_scale=bundle.crop_scale,
    )
    return _core.Detector(network, None, device="cpu", num_threads=num_threads)
