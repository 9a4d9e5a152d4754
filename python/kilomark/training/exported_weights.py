"""Going on from a network that was exported: its batch norms are put back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from kilomark.errors import InvalidInputError
from kilomark.networks.eye_network import EyeNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["load_exported", "read_exported_weights"]


# Parts that networks of earlier versions lack. They start as they were made: details and depth
# without an effect, the head of presence untrained.
_NEW_PARTS = ("head.detail", "head.depth", "head.presence")


def read_exported_weights(bundle: Path) -> dict[str, Tensor]:
    """Read the constants of a bundle's ``model.onnx``, in single precision, by name.

    Raises:
        InvalidInputError: there is none.
    """
    import onnx

    from kilomark.conversion.weight_storage import expand_weights

    path = bundle / "model.onnx"
    if not path.is_file():
        raise InvalidInputError(f"no {path}; expected the folder of a bundle")
    return {
        re.sub(r"^network\.", "", tensor.name): torch.from_numpy(
            onnx.numpy_helper.to_array(tensor).astype(np.float32)
        )
        for tensor in expand_weights(onnx.load(path)).graph.initializer
    }


def load_exported(
    network: nn.Module, weights: Mapping[str, Tensor], images: Tensor, *, inside: str = ""
) -> None:
    """Load a bundle's weights, so that the network answers as the bundle does.

    An export folds each batch norm into its convolution. Here each gets the mean and variance of
    what ``images`` make of its convolution, and a scale and an offset that undo them: the same
    function in use, and nearly the same in training.

    Args:
        network: the convolutions and linear layers of which are loaded.
        weights: of the bundle, by name.
        images: (N, 3, H, W) normalized examples of the network's inputs.
        inside: the part of the network that is loaded, such as ``trunk.``, by its names' prefix.

    Raises:
        InvalidInputError: the weights are another network's.
    """
    norms = {name: norm for name, norm in _folded_norms(network) if name.startswith(inside)}
    if isinstance(network, EyeNetwork):
        weights = network.unfolded(weights)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and name.startswith(inside):
            if name.startswith(_NEW_PARTS) and f"{name}.weight" not in weights:
                norms.pop(name, None)
                continue
            bias = norms.get(name, module).get_parameter("bias")
            for part, parameter in (("weight", module.weight), ("bias", bias)):
                found = weights.get(f"{name}.{part}")
                shape = None if found is None else tuple(found.shape)
                if found is None or shape != tuple(parameter.shape):
                    raise InvalidInputError(
                        f"{name}.{part} in the bundle is {shape or 'missing'}; expected "
                        f"{tuple(parameter.shape)}: the bundle is of another network, or has "
                        "another head or other landmarks; --init-part trunk takes its trunk alone"
                    )
                parameter.data = found.clone()
    _measure_norms(network, list(norms.values()), images)


def _folded_norms(network: nn.Module) -> Iterator[tuple[str, nn.BatchNorm2d]]:
    """Batch norms, each with the name of the convolution before it."""
    for parent_name, parent in network.named_modules():
        before = ""
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                yield f"{parent_name}.{before}".lstrip("."), child
            before = name


@torch.no_grad()
def _measure_norms(network: nn.Module, norms: list[nn.BatchNorm2d], images: Tensor) -> None:
    def measure(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        if norm in measured:  # one that several inputs share
            return
        measured.add(norm)
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)

    measured: set[nn.BatchNorm2d] = set()
    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    network.eval()(images)
    for hook in hooks:
        hook.remove()
