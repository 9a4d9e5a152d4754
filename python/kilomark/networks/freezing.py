"""Parts of a network that are not trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn

__all__ = ["freeze"]

# The first layers, by what they are called in each network.
_STEMS = ("stem", "trunk.stem", "trunk.conv1", "trunk.bn1")


def freeze(network: nn.Module, names: Iterable[str]) -> None:
    """Take parts of a network out of training; a loop leaves their batch norms in evaluation mode.

    Args:
        network: any.
        names: submodules by their path, such as ``trunk``, ``trunk.layer1`` or ``head.reduce``;
            ``stem`` is the first layers of any network.

    Raises:
        InvalidInputError: there is no such part, or nothing is left to train.
    """
    modules = dict(network.named_modules())
    for name in names:
        paths = [path for path in _STEMS if path in modules] if name == "stem" else [name]
        if name not in modules and not (name == "stem" and paths):
            known = sorted(path for path in modules if path and path.count(".") <= 1)
            raise InvalidInputError(
                f"the network has no part {excerpt(name)} to freeze; expected 'stem' or one of: "
                f"{', '.join(known)}"
            )
        for path in paths:
            modules[path].requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise InvalidInputError(
            f"freezing {', '.join(names)} leaves nothing to train; expected some part: name fewer"
        )
