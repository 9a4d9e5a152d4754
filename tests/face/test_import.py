from __future__ import annotations

import subprocess
import sys

import pytest

import kilomark


@pytest.mark.parametrize("module", ["kilomark", "kilomark.cli.main"])
def test_import_is_light(module: str) -> None:
    """Neither the package nor its command imports what only training or other people need."""
    heavy = ["torch", "torchvision", "cv2", "tensorrt", "openvino", "onnx", "scipy"]
    heavy += ["pyarrow", "ray", "tritonclient", "typing_extensions"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_public_names_exist() -> None:
    assert all(hasattr(kilomark, name) for name in kilomark.__all__)
    assert kilomark.__version__[0].isdigit()


def test_errors_are_of_one_root_and_of_the_builtin_kind() -> None:
    kinds = {
        kilomark.InvalidInputError: ValueError,
        kilomark.BundleError: ValueError,
        kilomark.DeviceUnavailableError: RuntimeError,
        kilomark.InferenceError: RuntimeError,
    }
    for error, builtin in kinds.items():
        assert issubclass(error, kilomark.KilomarkError)
        assert issubclass(error, builtin)


def test_importing_needs_no_openvino() -> None:
    """OpenVINO is loaded with the first network, not before."""
    code = "import kilomark; print('libopenvino' in open('/proc/self/maps').read())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
