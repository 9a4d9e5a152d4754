from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import PIL._imaging
import pytest
from tools.check_wheel import check_libraries, find_links

from kilomark import _core

pytestmark = pytest.mark.skipif(shutil.which("readelf") is None, reason="needs binutils")

CORE = Path(_core.__file__)
FOREIGN = Path(PIL._imaging.__file__)  # Pillow's wheel links to its own copies of libraries


def write_wheel(folder: Path, **libraries: Path) -> Path:
    wheel = folder / "kilomark-1-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, library in libraries.items():
            archive.write(library, f"kilomark/{name}.so")
    return wheel


def test_the_extension_links_to_the_compilers_libraries_alone() -> None:
    assert find_links(CORE) == []


def test_a_library_that_links_to_others_is_a_fault(tmp_path: Path) -> None:
    faults = check_libraries(write_wheel(tmp_path, foreign=FOREIGN), with_plugin=False)
    assert faults
    assert all("kilomark/foreign.so has" in fault for fault in faults)


def test_a_wheel_without_the_plugin_is_a_fault_where_it_is_asked_for(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, _core=CORE)
    assert check_libraries(wheel, with_plugin=False) == []
    (fault,) = check_libraries(wheel, with_plugin=True)
    assert "libkilomark_cuda_trt" in fault


def test_the_plugin_is_recognized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = write_wheel(tmp_path, libkilomark_cuda_trt10=CORE)
    faults = check_libraries(wheel, with_plugin=True)
    assert "libkilomark_cuda_trt10.so:" in capsys.readouterr().out
    assert all("expected 1" in fault for fault in faults)  # of its size, at most
