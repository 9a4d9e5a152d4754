"""Chromium for the tests of the page: found, or said to be missing."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from kilomark.images import open_photo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Return the path of a Chromium; skip without one, or fail with KILOMARK_REQUIRE_BROWSER=1."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        reason = f"needs one of {', '.join(NAMES)}: apt install chromium"
        if os.environ.get("KILOMARK_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def running_browser(*arguments: str) -> Iterator[Browser]:
    """Start a headless Chromium."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", *arguments], headless=True
        )
        yield browser
        browser.close()


def write_fake_camera(path: Path, photo: Path, size: tuple[int, int] = (640, 480)) -> Path:
    """Write a video for Chromium's fake camera, in which a photo stands still."""
    picture = open_photo(photo).convert("RGB").crop((0, 0, 512, 384)).resize(size)
    luma, *chroma = picture.convert("YCbCr").split()
    half = (size[0] // 2, size[1] // 2)
    planes = [luma.tobytes()] + [
        part.resize(half, Image.Resampling.BOX).tobytes() for part in chroma
    ]
    header = f"YUV4MPEG2 W{size[0]} H{size[1]} F20:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(header + b"".join([b"FRAME\n", *planes] * 3))
    return path
