"""The commands that train need more packages than the runtime has."""

from __future__ import annotations

from importlib.util import find_spec

from kilomark.errors import KilomarkError

_MODULES = (
    "cv2",
    "matplotlib",
    "onnx",
    "pyarrow",
    "safetensors",
    "torch",
    "torchvision",
    "tqdm",
)


def check_train_extra(command: str) -> None:
    """Check that the ``train`` extra is installed.

    Raises:
        KilomarkError: it is not; the message says how to install it.
    """
    missing = [module for module in _MODULES if find_spec(module) is None]
    if missing:
        raise KilomarkError(
            f"'kilomark {command}' found no {', '.join(missing)}; expected the packages that "
            "train and export: pip install 'kilomark[train]', or pip install '.[train]' in the "
            "source folder"
        )
