"""Runs on a local Ray, in processes of their own: Ray leaves threads and warnings behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.tiny_bundles import bright_cells, write_landmark_bundle

from kilomark import InvalidInputError
from kilomark.folder import DetectorSettings, process_folder

pa = pytest.importorskip("pyarrow", reason="needs the folder extra: pip install '.[folder]'")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs the folder extra")
pytest.importorskip("ray.data", reason="needs the ray extra: pip install '.[ray]'")
pytestmark = pytest.mark.ray

PHOTOS = 120
PER_FILE = 6


@pytest.fixture
def large_photos(tmp_path: Path) -> Path:
    """Photos that take a while to decode, so that a worker can be killed in the middle."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        cells = bright_cells(*[(1, 1), (5, 5)][:number])
        image = np.kron(cells, np.ones((30, 30, 1), np.uint8))
        Image.fromarray(image).save(folder / f"{number:03d}.png")
    for number in range(3, PHOTOS):
        os.link(folder / f"{number % 3:03d}.png", folder / f"{number:03d}.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def start(root: Path, source: Path, out: Path, settings: DetectorSettings) -> subprocess.Popen[str]:
    bundles = ["--model", settings.model, "--finder", settings.finder]
    command = [sys.executable, str(root / "examples/ray_folder.py"), str(source), str(out)]
    environment = os.environ | {
        "RAY_OVERRIDE_RESOURCES": '{"CPU": 2}',
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
        "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",
    }
    return subprocess.Popen(
        [*command, *bundles, "--photos-per-file", str(PER_FILE)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_until_three_chunks(
    root: Path, source: Path, out: Path, settings: DetectorSettings
) -> subprocess.Popen[str]:
    """Start, again where Ray gave up: it waits 30 s for its own processes, whatever the load."""
    for _ in range(3):
        driver = start(root, source, out, settings)
        while len(list(out.glob("faces-*"))) < 3 and driver.poll() is None:
            time.sleep(0.01)
        if driver.poll() is None:
            return driver
        said, _ = driver.communicate()
        assert "timed out during startup" in said, said
    pytest.skip("Ray does not start on this machine: its processes take more than 30 s")


def workers_of(driver: int) -> list[int]:
    """The processes of Ray's actors that descend from ``driver``."""
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
            titles[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])

    def descends(process: int) -> bool:
        while process in parents and process != driver:
            process = parents[process]
        return process == driver

    actors = [process for process, title in titles.items() if title.startswith(b"ray::Map")]
    return [process for process in actors if descends(process)]


def read_pairs(out: Path) -> list[tuple[str, int | None]]:
    table = pa.concat_tables([parquet.read_table(path) for path in sorted(out.glob("faces-*"))])
    return list(zip(table["path"].to_pylist(), table["face_index"].to_pylist(), strict=True))


def test_a_killed_worker_loses_and_repeats_nothing(
    root: Path, large_photos: Path, tmp_path: Path, tiny_faces: Path
) -> None:
    bundle = write_landmark_bundle(tmp_path / "bundle", constant_outputs=["presence"])
    settings = DetectorSettings(str(bundle), str(tiny_faces), "cpu")
    out = tmp_path / "out"
    driver = start_until_three_chunks(root, large_photos, out, settings)
    two = workers_of(driver.pid)
    assert len(two) == 2, driver.communicate()[0]
    os.kill(two[0], signal.SIGKILL)
    num_files = len(list(out.glob("faces-*")))
    said, _ = driver.communicate(timeout=300)
    assert driver.returncode == 0, said
    assert num_files < PHOTOS // PER_FILE
    assert f"{PHOTOS + 1} photos: {PHOTOS} faces, 40 photos without faces, 1 error" in said

    alone = tmp_path / "alone"
    process_folder(large_photos, alone, settings=settings)
    assert read_pairs(out) == read_pairs(alone)

    first, second = sorted(out.glob("faces-*"))[:2]
    expected, kept = read_pairs(out), second.stat().st_mtime_ns
    first.unlink()
    again = start(root, large_photos, out, settings)
    said, _ = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert f"{PER_FILE} photos: " in said
    assert read_pairs(out) == expected
    assert second.stat().st_mtime_ns == kept


def test_parquet_files_of_photos_are_read_by_row_group(
    photos: Path, tmp_path: Path, settings: DetectorSettings
) -> None:
    """Without Ray: the part that an actor does."""
    from kilomark.ray.outputs import Output
    from kilomark.ray.sources import Source
    from kilomark.ray.worker import ChunkWorker

    paths = [*sorted(photos.glob("0*.png")), photos / "broken.JPG"]
    images = [{"bytes": path.read_bytes(), "path": path.name} for path in paths]
    source = tmp_path / "source"
    source.mkdir()
    parquet.write_table(pa.table({"image": images}), source / "a.parquet", row_group_size=4)
    read = Source(str(source), "image")
    units = read.find_units()
    assert units == ["a.parquet#0", "a.parquet#1", "a.parquet#2"]
    worker = ChunkWorker(read, Output(str(tmp_path / "out")), settings, 1, 2)
    (tmp_path / "out").mkdir()
    counts = worker({"begin": [0, 2], "end": [2, 3], "units": [units[:2], units[2:]]})
    assert counts["photos"].tolist() == [8, 1]
    assert counts["errors"].tolist() == [0, 1]
    expected = [(path.name, face) for path in paths for face in faces_of(path)]
    assert read_pairs(tmp_path / "out") == expected


def faces_of(path: Path) -> list[int | None]:
    if path.suffix == ".JPG":
        return [None]
    return list(range(int(path.stem) % 3)) or [None]


def test_what_is_missing_is_said(tmp_path: Path, photos: Path, settings: DetectorSettings) -> None:
    from kilomark.ray import process_folder as process
    from kilomark.ray.sources import Source

    with pytest.raises(InvalidInputError, match="cannot be listed"):
        process(str(tmp_path / "gone"), str(tmp_path / "out"), settings=settings)
    with pytest.raises(InvalidInputError, match="there is no photo in"):
        process(str(photos), str(tmp_path / "out"), settings=settings, image_column="image")
    with pytest.raises(InvalidInputError, match="cannot be opened"):
        process("nothing://photos", str(tmp_path / "out"), settings=settings)
    parquet.write_table(pa.table({"picture": [b""]}), tmp_path / "a.parquet")
    source = Source(str(tmp_path), "image")
    with pytest.raises(InvalidInputError, match="has no column 'image'; it has picture"):
        list(source.read_units(["a.parquet#0"]))
