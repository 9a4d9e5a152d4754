from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.tiny_bundles import bright_cells

from kilomark import Detector, InvalidInputError
from kilomark.network_cache import prepare_network_cache

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = bright_cells((3, 4))


def make(tiny: Path, cache: Path, **options: object) -> Detector:
    return Detector(tiny, device="cpu", finder=None, cache_dir=cache, **options)


def landmarks_of(detector: Detector) -> np.ndarray:
    return detector.predict(IMAGE, boxes=[[8, 8, 40, 40]])[0].landmarks


def test_compiled_networks_are_kept_and_used(tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "new" / "cache"
    first = landmarks_of(make(tiny, cache))
    kept = {path.name: path.stat().st_mtime_ns for path in cache.glob("*.blob")}
    assert kept
    assert cache.stat().st_mode & 0o777 == 0o700
    again = pickle.loads(pickle.dumps(make(tiny, cache)))
    np.testing.assert_array_equal(landmarks_of(again), first)
    assert {path.name: path.stat().st_mtime_ns for path in cache.glob("*.blob")} == kept


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda _: b""])
def test_a_damaged_network_is_compiled_again(tiny: Path, tmp_path: Path, damage: object) -> None:
    first = landmarks_of(make(tiny, tmp_path))
    for path in tmp_path.glob("*.blob"):
        path.chmod(0o600)
        path.write_bytes(damage(path.read_bytes()))
    np.testing.assert_array_equal(landmarks_of(make(tiny, tmp_path)), first)


def test_a_folder_of_everybody_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(InvalidInputError, match=f"chmod o-w '{tmp_path}'"):
        prepare_network_cache(tmp_path)
    tmp_path.chmod(0o700)
    network = tmp_path / "1.blob"
    network.touch()
    network.chmod(0o666)
    with pytest.raises(InvalidInputError, match=f"chmod o-w '{network}'"):
        prepare_network_cache(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    with pytest.raises(InvalidInputError, match="cannot be used"):
        prepare_network_cache(taken)


def test_a_folder_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InvalidInputError, match="may not write to"):
        prepare_network_cache(tmp_path)


def test_the_command_takes_the_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kilomark", "predict", "--demo", "--model", "lite"]
    command += ["--cache-dir", str(tmp_path / "cache"), "-o", str(tmp_path / "out.png")]
    subprocess.run(command, check=True, capture_output=True)
    assert len(list((tmp_path / "cache").glob("*.blob"))) >= 2
