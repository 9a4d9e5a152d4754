"""Going on from a face finder that was exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from kilomark.errors import InvalidInputError
from kilomark.training.exported_weights import load_exported, read_exported_weights

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.networks.face_finder import FaceFinder

_STRIDE_SCALES = ("select", "select_1", "select_2")  # what the export calls them


def start_finder(network: FaceFinder, bundle: Path, images: Tensor) -> None:
    """Load a bundle's weights, so that the network answers as the bundle does.

    Args:
        network: the finder.
        bundle: folder of an exported one.
        images: (N, 3, H, W) normalised examples of its inputs.

    Raises:
        InvalidInputError: no bundle in ``bundle``, or one of another network.
    """
    weights = read_exported_weights(bundle)
    scales = [weights[name] for name in _STRIDE_SCALES if name in weights]
    if len(scales) < len(_STRIDE_SCALES):
        raise InvalidInputError(
            f"{bundle} lacks the scales of its strides; expected a face finder that this version "
            "of kilomark exported: give --init random to begin anew"
        )
    network.stride_scale.data = torch.stack([scale.reshape(()) for scale in scales])
    load_exported(network, weights, images)
