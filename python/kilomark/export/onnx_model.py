"""Networks as ONNX models whose outputs are what a bundle promises."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
import torch
from torch import Tensor, nn

from kilomark import _core
from kilomark.networks.eye_network import LEAST_SPREAD_PX
from kilomark.networks.face_finder import STRIDES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.networks.eye_network import EyeNetwork

__all__ = ["EyeModel", "FinderModel", "LandmarkModel", "fold_batch_norms", "to_onnx"]

OPSET = 18


class LandmarkModel(nn.Module):
    """A landmark network that answers in pixels of its input, as bundles do."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) -> landmarks (N, K, 2), spread (N, K), presence (N,), some depth (N, K)."""
        size = image.shape[-1]
        output = self.network(image)
        spread = torch.exp(output.log_spread.clamp(-9, 2)) * size
        answer = (output.landmarks * size, spread, torch.sigmoid(output.presence_logit))
        return answer if output.depth is None else (*answer, output.depth * size)


class EyeModel(nn.Module):
    """The eye network, with the outputs of a landmark network; its presence is 1."""

    def __init__(self, network: EyeNetwork) -> None:
        super().__init__()
        self.trunk, self.fc, self.spread = network.trunk, network.fc, network.spread
        self.place = network.folded_place()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, 3, H, W) -> landmarks (N, K, 2), spread (N, K), presence (N,)."""
        hidden = self.fc(self.trunk(image))
        spread = nn.functional.softplus(self.spread(hidden)) + LEAST_SPREAD_PX
        landmarks = self.place(hidden).reshape(-1, self.spread.out_features, 2)
        return landmarks, spread, torch.clamp(spread[:, 0], 1, 1)


class FinderModel(nn.Module):
    """A face detector that answers in pixels of its input, as bundles do.

    The score logits are multiplied by ``score_scale``, then ``score_shift``, one a stride, is
    subtracted. Both are fitted so that a score is a probability (Platt scaling).
    """

    def __init__(
        self,
        network: nn.Module,
        score_shift: Sequence[float] = (0.0,) * len(STRIDES),
        score_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.network = network
        self.score_shift = tuple(score_shift)
        self.score_scale = score_scale

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, 3, H, W) -> scores (N, M), distances (N, M, 4), keypoints (N, M, 5, 2)."""
        output = self.network(image)
        cells = [(image.shape[2] // stride) * (image.shape[3] // stride) for stride in STRIDES]
        stride = _per_cell(STRIDES, cells)
        logits = output.score_logits
        if self.score_scale != 1:
            logits = logits * self.score_scale
        if any(self.score_shift):
            logits = logits - _per_cell(self.score_shift, cells)[:, 0]
        scores = torch.sigmoid(logits)
        return scores, output.distances * stride, output.keypoints * stride[:, :, None]


def _per_cell(values: Sequence[float], cells: Sequence[int]) -> Tensor:
    """Repeat the value of each stride for all of its cells: (M, 1)."""
    return torch.cat(
        [
            torch.full((1, 1), float(value)).expand(number, 1)
            for value, number in zip(values, cells, strict=True)
        ]
    )


def fold_batch_norms(network: nn.Module) -> None:
    """Fold each batch norm into the convolution defined just before it in the same module.

    All networks here declare the two in the order in which they run, torchvision's included.
    """
    for module in list(network.modules()):
        previous: tuple[str, nn.Module] | None = None
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d) and previous is not None:
                conv_name, conv = previous
                if isinstance(conv, nn.Conv2d) and conv.out_channels == child.num_features:
                    fused = torch.nn.utils.fusion.fuse_conv_bn_eval(conv, child)
                    setattr(module, conv_name, fused)
                    setattr(module, name, nn.Identity())
            previous = (name, child)


def to_onnx(
    model: nn.Module,
    size: int | tuple[int, int],
    output_names: list[str],
    *,
    dynamic_size: bool = False,
) -> onnx.ModelProto:
    """Trace ``model`` with a dynamic batch, and dynamic height and width where asked for.

    ``size`` is the side of its input, or width and height.
    """
    width, height = (size, size) if isinstance(size, int) else size
    model = model.eval()
    fold_batch_norms(model)
    batch = torch.export.Dim("batch", min=1, max=_core.MAX_BATCH)
    shape: dict[int, Any] = {0: batch}
    if dynamic_size:
        largest = STRIDES[-1]
        shape[2] = largest * torch.export.Dim("rows", min=2, max=128)
        shape[3] = largest * torch.export.Dim("columns", min=2, max=128)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            model,
            (torch.zeros(2, 3, height, width),),
            path,
            input_names=["image"],
            output_names=output_names,
            dynamic_shapes=(shape,),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        return onnx.load(path)
