from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import numpy as np
import pytest

import kilomark
from kilomark.images import open_photo
from kilomark.send import SentFrame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def sent_frame(demo_photo: Path) -> SentFrame:
    """The demo photo as the first frame of a video."""
    photo = open_photo(demo_photo).convert("RGB")
    tracker = kilomark.Tracker(kilomark.Detector("lite", device="cpu"))
    faces = tracker.update(np.ascontiguousarray(np.asarray(photo)[..., ::-1]), 0.0)
    return SentFrame(faces, 3, 0.125, photo.size)


@pytest.fixture(scope="session")
def empty_frame() -> SentFrame:
    return SentFrame([], 4, 0.25, (640, 480))


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(60)
        yield receiver
