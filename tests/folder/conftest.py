from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from tests.tiny_bundles import bright_cells

from kilomark.folder import DetectorSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def settings(tiny: Path, tiny_faces: Path) -> DetectorSettings:
    return DetectorSettings(str(tiny), str(tiny_faces), "cpu", presence_threshold=0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of 12 photos: of ``NN.png`` NN modulo 3 faces, and one that is broken."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(11):
        cells = [(1, 1), (5, 5)][: number % 3]
        parent = folder / "sub" if number > 7 else folder
        Image.fromarray(bright_cells(*cells)).save(parent / f"{number:02d}.png")
    (folder / "broken.JPG").write_bytes(b"no image")
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.png").write_bytes(b"")
    return folder
