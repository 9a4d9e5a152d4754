from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from kilomark import _core

WITHOUT_OPENVINO = """
import kilomark
try:
    kilomark.Detector("lite", finder=None, device="cpu")
except kilomark.DependencyError as error:
    print(error)
"""


def test_the_core_says_which_openvino_it_found() -> None:
    found = _core.probe_openvino()
    assert found.reason == ""
    assert found.version.startswith("2026.")
    if "KILOMARK_OPENVINO" not in os.environ:
        assert found.version.startswith(metadata.version("openvino"))
    assert Path(found.path).name.startswith("libopenvino_c.so.")


def test_the_package_and_the_core_want_the_same_releases() -> None:
    (needed,) = [line for line in metadata.requires("kilomark") or [] if "openvino" in line]
    wanted = needed.removeprefix("openvino").split(",")
    assert sorted(wanted) == sorted(_core.OPENVINO_RANGE.split(","))


@pytest.mark.parametrize(
    ("named", "said"), [("/nowhere/lib.so", "/nowhere/lib.so"), ("/", "KILOMARK_OPENVINO names /")]
)
def test_a_missing_openvino_is_a_typed_error(named: str, said: str) -> None:
    environment = os.environ | {"KILOMARK_OPENVINO": named}
    command = [sys.executable, "-c", WITHOUT_OPENVINO]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("found no library of OpenVINO (")
    assert said in done.stdout
    assert f"pip install 'openvino{_core.OPENVINO_RANGE}'" in done.stdout
