from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kilomark.serve.server import ServerAddress


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory, demo_photo: Path) -> Path:
    """A folder with one photo: a video that stands still."""
    folder = tmp_path_factory.mktemp("still")
    shutil.copy(demo_photo, folder)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose face moves."""
    from tests.video.clips import make_clip

    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", num_frames=30, sound=False)


@pytest.fixture(scope="session")
def server(still: Path, clip: Path) -> Iterator[ServerAddress]:
    """A server with a still and a moving source, open to this machine."""
    from tests.serve.running_server import running_server

    with running_server([f"still={still}", f"moving={clip}"], max_visitors=1) as address:
        yield address
