"""Going on from a face finder that was exported: its batch norms are put back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.networks.face_finder import FaceFinder


def start_finder(network: FaceFinder, bundle: Path, images: Tensor) -> None:
    """Load a bundle's weights, so that the network answers as the bundle does.

    An export folds each batch norm into its convolution. Here each gets the mean and variance of
    what ``images`` (N, 3, H, W) make of its convolution, and a scale and an offset that undo them:
    the same function in use, and nearly the same in training.

    Raises:
        InvalidInputError: no bundle in ``bundle``, or one of another network.
    """
    weights = _read_onnx_weights(bundle / "model.onnx")
    scale = [weights.pop(name, None) for name in ("select", "select_1", "select_2")]
    if any(part is None for part in scale):
        raise _not_a_finder(bundle, "the scales of its strides")
    network.stride_scale.data = torch.stack(
        [part.reshape(()) for part in scale if part is not None]
    )
    norms = _norms_by_convolution(network)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            target = norms.get(name, module).get_parameter("bias")
            for part, parameter in (("weight", module.weight), ("bias", target)):
                found = weights.get(f"network.{name}.{part}")
                if found is None or found.shape != parameter.shape:
                    raise _not_a_finder(bundle, f"network.{name}.{part}")
                parameter.data = found
    _measure_norms(network, list(norms.values()), images)


def _not_a_finder(bundle: Path, missing: str) -> InvalidInputError:
    return InvalidInputError(
        f"{bundle} lacks {missing}, or holds it in another shape; expected a face finder that "
        "this version of kilomark exported: give --init random to begin anew"
    )


def _read_onnx_weights(path: Path) -> dict[str, Tensor]:
    import onnx

    if not path.is_file():
        raise InvalidInputError(f"no {path}; expected the folder of a face finder's bundle")
    return {
        re.sub(r"\.half$", "", tensor.name): torch.from_numpy(
            onnx.numpy_helper.to_array(tensor).astype(np.float32)
        )
        for tensor in onnx.load(path).graph.initializer
    }


def _norms_by_convolution(network: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """Batch norms by the name of the convolution that runs just before each."""
    norms = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.Sequential):
            for index in range(1, len(module)):
                norm = module[index]
                if isinstance(norm, nn.BatchNorm2d):
                    norms[f"{name}.{index - 1}"] = norm
    return norms


@torch.no_grad()
def _measure_norms(network: nn.Module, norms: list[nn.BatchNorm2d], images: Tensor) -> None:
    def measure(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        if norm in measured:  # a tower that all strides share
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
