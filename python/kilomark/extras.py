"""Packages that the runtime does not need: which extra brings them, and imports that say so."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING

from kilomark.errors import KilomarkError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_train_extra", "import_lazily", "import_with_extra"]

_TRAIN_MODULES = (
    "cv2",
    "matplotlib",
    "onnx",
    "pyarrow",
    "safetensors",
    "torch",
    "torchvision",
    "tqdm",
)


def check_train_extra(user: str) -> None:
    """Check that the ``train`` extra is installed.

    Args:
        user: what needs it, such as ``"kilomark train"``.

    Raises:
        KilomarkError: it is not; the message says how to install it.
    """
    missing = [module for module in _TRAIN_MODULES if importlib.util.find_spec(module) is None]
    if missing:
        raise KilomarkError(
            f"{user!r} found no {', '.join(missing)}; expected the packages that train and "
            "export: pip install 'kilomark[train]', or pip install '.[train]' in the source folder"
        )


def import_with_extra(package: str, homes: Mapping[str, str], name: str) -> object:
    """Return ``name`` from the module of ``package`` that defines it, for a lazy ``__getattr__``.

    Args:
        package: full name of the package.
        homes: for each public name the module of the package that defines it.
        name: the attribute that is asked for.

    Raises:
        AttributeError: the package has no such name.
        KilomarkError: the ``train`` extra is missing.
    """
    if name in homes:
        check_train_extra(f"{package}.{name}")
    return import_lazily(package, homes, name)


def import_lazily(package: str, homes: Mapping[str, str], name: str) -> object:
    """Do as `import_with_extra` does, for names that need no extra.

    Raises:
        AttributeError: the package has no such name.
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
    return found
