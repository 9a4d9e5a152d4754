"""Networks by name, and starting them from weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kilomark.errors import InvalidInputError
from kilomark.networks.lite import make_lite
from kilomark.networks.resnext50 import make_resnext50

if TYPE_CHECKING:
    from torch import Tensor

    from kilomark.networks.landmark_network import HeadName, LandmarkNetwork


class MakeNetwork(Protocol):
    """How a landmark network is made."""

    def __call__(self, num_landmarks: int, head: HeadName = "compact") -> LandmarkNetwork:
        """Make it, with random weights."""


LANDMARK_NETWORKS: dict[str, MakeNetwork] = {
    "resnext50": make_resnext50,
    "lite": make_lite,
}


def start_trunk(network: LandmarkNetwork, init: str) -> None:
    """Load a trunk's weights.

    Args:
        network: a landmark network with a ``trunk`` of torchvision's parameter names.
        init: ``random``, ``imagenet`` (torchvision's weights, downloaded once), or the path of a
            ``.safetensors`` file of parameters under torchvision's names.

    Raises:
        InvalidInputError: the weights are not to be had, or are another network's.
    """
    if init == "random":
        return
    weights = _imagenet_weights() if init == "imagenet" else _read_weights(Path(init))
    wanted = network.trunk.state_dict()
    missing = [name for name in wanted if name not in weights]
    if missing:
        raise InvalidInputError(
            f"{init} lacks {len(missing)} of {len(wanted)} parameters of the trunk (first: "
            f"{missing[0]!r}); expected torchvision's names for this network"
        )
    network.trunk.load_state_dict({name: weights[name] for name in wanted})


def _read_weights(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise InvalidInputError(
            f"cannot read weights from {path} ({error}); expected a .safetensors file"
        ) from error


def _imagenet_weights() -> dict[str, Tensor]:
    from torchvision.models import ResNeXt50_32X4D_Weights

    try:
        return dict(ResNeXt50_32X4D_Weights.IMAGENET1K_V2.get_state_dict(progress=True))
    except OSError as error:
        raise InvalidInputError(
            f"torchvision's ImageNet weights could not be downloaded ({error}); expected a "
            "connection to PyTorch's server on first use: download them elsewhere and give "
            "--init FILE, or train from --init random"
        ) from error
