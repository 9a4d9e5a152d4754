"""Starting a network from weights: a trunk's, or a whole network's of an earlier run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.manifest import read_bundle, shipped_bundles
from kilomark.training.checkpoints import newest_checkpoint
from kilomark.training.exported_weights import load_exported, read_exported_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

__all__ = ["Part", "start_network"]

log = logging.getLogger(__name__)

Part = Literal["all", "trunk"]

_TRUNK = "trunk."
_EXPECTED = (
    "expected a .safetensors file of a trunk under torchvision's names, one that 'kilomark "
    "weights' wrote, a checkpoint-*.pt of 'kilomark train', or a bundle"
)


def start_network(
    network: nn.Module,
    init: str,
    part: Part = "all",
    *,
    examples: Callable[[], Tensor] | None = None,
) -> bool:
    """Load weights into a network.

    Args:
        network: one with a ``trunk``, unless ``init`` is ``random`` or holds a whole network.
        init: ``random``; ``imagenet`` (torchvision's trunk, downloaded once); the path of a
            ``.safetensors`` file of a trunk or of a whole network; that of a checkpoint, whose
            averaged weights are taken; a shipped bundle's name or a bundle's folder.
        part: ``trunk`` takes the trunk alone, also from weights that hold a head.
        examples: draws (N, 3, H, W) normalized inputs, which a bundle's batch norms are put back
            with; without it bundles are refused.

    Returns:
        Whether all of the network was started, its head too.

    Raises:
        InvalidInputError: the weights are not to be had, or are another network's.
    """
    if init == "random":
        return False
    bundle = _find_bundle(init)
    if bundle is not None:
        return _start_from_bundle(network, bundle, part, examples)
    weights = _imagenet_weights() if init == "imagenet" else _read_weights(Path(init))
    has_all = any(name.startswith(_TRUNK) for name in weights) or not hasattr(network, "trunk")
    if has_all and part == "all":
        _load(network, weights, init)
        return True
    if not hasattr(network, "trunk"):
        raise InvalidInputError(
            f"this network has no trunk to take from {init}; expected weights of the whole "
            "network: leave out --init-part"
        )
    if has_all:
        weights = {
            name.removeprefix(_TRUNK): value
            for name, value in weights.items()
            if name.startswith(_TRUNK)
        }
    _load(network.get_submodule("trunk"), weights, init)
    return False


def _find_bundle(init: str) -> Path | None:
    if init in shipped_bundles() or (Path(init) / "manifest.json").is_file():
        return read_bundle(init).folder
    return None


def _start_from_bundle(
    network: nn.Module, bundle: Path, part: Part, examples: Callable[[], Tensor] | None
) -> bool:
    if examples is None:
        raise InvalidInputError(
            f"{bundle} is a bundle, whose batch norms are folded into its convolutions; expected a "
            "checkpoint, or what 'kilomark weights' wrote"
        )
    inside = _TRUNK if part == "trunk" else ""
    load_exported(network, read_exported_weights(bundle), examples(), inside=inside)
    return part == "all"


def _load(module: nn.Module, weights: Mapping[str, Tensor], init: str) -> None:
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in weights]
    if missing:
        raise InvalidInputError(
            f"{init} lacks {len(missing)} of {len(wanted)} parameters (first: "
            f"{excerpt(missing[0])}); expected the weights of this network, a trunk's under "
            "torchvision's names"
        )
    for name, value in wanted.items():
        if weights[name].shape != value.shape:
            raise InvalidInputError(
                f"{name} in {init} is {tuple(weights[name].shape)}; expected "
                f"{tuple(value.shape)}: if another head or other landmarks are meant, take the "
                "trunk alone with --init-part trunk"
            )
    module.load_state_dict({name: weights[name] for name in wanted})


def _read_weights(path: Path) -> dict[str, Tensor]:
    if path.is_dir():
        newest = newest_checkpoint(path)
        hint = _EXPECTED if newest is None else f"expected its checkpoint: --init {newest}"
        raise InvalidInputError(f"{path} is a folder; {hint}")
    if path.suffix == ".pt":
        from kilomark.training.checkpoints import read_checkpoint

        averaged: dict[str, Tensor] = read_checkpoint(path)["averaged"]
        return averaged
    return _read_safetensors(path)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise InvalidInputError(
            f"cannot read weights from {path} ({error}); {_EXPECTED}"
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
