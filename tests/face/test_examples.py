from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.tiny_bundles import bright_cells

from kilomark.devices import probe_cuda

if TYPE_CHECKING:
    from pathlib import Path

FACE = bright_cells((3, 4), (3, 3), (4, 3), (4, 4))


@pytest.fixture
def bundles(tiny: Path, tiny_faces: Path) -> list[str]:
    return ["--model", str(tiny), "--finder", str(tiny_faces)]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 64))
    for _ in range(3):
        writer.write(FACE)
    writer.release()
    return path


def run(example: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(example), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_photo(root: Path, bundles: list[str], tmp_path: Path) -> None:
    Image.fromarray(FACE).save(tmp_path / "photo.png")
    out = tmp_path / "out.png"
    done = run(root / "examples/photo.py", tmp_path / "photo.png", "-o", out, *bundles)
    assert done.returncode == 0, done.stderr
    assert out.exists()


def test_folder(root: Path, bundles: list[str], tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(FACE).save(photos / name)
    (photos / "broken.jpg").write_bytes(b"no image")
    out = tmp_path / "out.npz"
    done = run(root / "examples/folder.py", photos, "-o", out, *bundles)
    assert done.returncode == 0, done.stderr
    with np.load(out) as saved:
        assert len(saved["name"]) == len(saved["landmarks"])
    assert "broken.jpg" in done.stdout


@pytest.mark.parametrize(
    ("source", "display", "message"),
    [
        ("video", ":99", "this OpenCV has no windows"),
        ("video", "", "there is no display"),
    ],
)
def test_webcam_says_what_is_missing(
    root: Path,
    bundles: list[str],
    video: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    display: str,
    message: str,
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    path = video if source == "video" else source
    done = run(root / "examples/webcam.py", path, *bundles)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_gpu_frames_says_that_there_is_no_gpu(root: Path, bundles: list[str]) -> None:
    if not probe_cuda().reason:
        pytest.skip("there is a GPU; tools/verify_gpu.py tests frames on it")
    done = run(root / "examples/gpu_frames.py", "photo.jpg", *bundles)
    assert done.returncode == 1
    assert done.stderr.startswith("no GPU can be used here, so there is nothing to show: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "example", ["photo", "folder", "webcam", "gpu_frames", "ray_folder", "triton_client"]
)
def test_example_is_short(root: Path, example: str) -> None:
    assert len((root / f"examples/{example}.py").read_text().splitlines()) < 60
