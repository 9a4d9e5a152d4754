"""What a network answers once it is exported: through the C++ core, as a bundle does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark._core import Detector, LandmarkNetwork, NetworkInput
from kilomark.conversion.weight_storage import store_weights
from kilomark.export.onnx_model import LandmarkModel, to_onnx

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn


def bundle_answers(
    network: nn.Module, images: Tensor, num_landmarks: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Landmarks, spread and presence for (N, 3, 128, 128) normalized images."""
    exported = to_onnx(LandmarkModel(network), 128, ["landmarks", "spread", "presence"])
    proto = store_weights(exported, "half")
    network_input = NetworkInput(
        width=128, height=128, channel_order="rgb", mean=(0, 0, 0), std=(1, 1, 1)
    )
    described = LandmarkNetwork(
        model=proto.SerializeToString(),
        input=network_input,
        num_landmarks=num_landmarks,
        crop_scale=1.25,
    )
    answers = Detector(described, None).infer("landmarks", images.numpy())
    return answers["landmarks"], answers["spread"], answers["presence"]
