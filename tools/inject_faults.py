"""Kill every writer of the package at random moments, and let it write to a disk that is full.

usage: python tools/inject_faults.py [--kills N] [--writers NAME ...]

After each kill and each full disk the file must be the whole old one or a whole new one. Prints one
line a writer; exit code 1 if a file was damaged. The full disk is a tmpfs, which needs root.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from kilomark.bundle_files import write_bundle
from kilomark.errors import KilomarkError
from kilomark.photos import PhotoReport, open_photo_json
from kilomark.picture_file import write_picture
from kilomark.topology import Topology
from kilomark.whole_files import open_whole, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISK_KB = 512
LARGE = 400_000
"""Bytes of a file: two of them do not fit on the disk."""


def write_text(folder: Path, number: int) -> None:
    write_whole(folder / "file.txt", f"{number % 10}" * LARGE)


def write_image(folder: Path, number: int) -> None:
    pixels = np.random.default_rng(number).integers(0, 256, (360, 360, 3), np.uint8)
    write_picture(Image.fromarray(pixels), folder / "file.png")


def write_document(folder: Path, number: int) -> None:
    with open_photo_json(folder / "file.json", Topology(5, {})) as writer:
        for _ in range(200):
            writer.write(PhotoReport(Path("x" * 2000), error=str(number)))


def write_lines(folder: Path, number: int) -> None:
    with open_photo_json(folder / "file.jsonl", Topology(5, {})) as writer:
        writer.write(PhotoReport(Path("x" * 100_000), error=str(number)))


def write_arrays(folder: Path, number: int) -> None:
    with open_whole(folder / "file.npz") as file:
        np.savez(file, values=np.full(LARGE, number % 256, np.uint8))


def write_network(folder: Path, number: int) -> None:
    write_bundle(folder, {"name": "x"}, bytes([number % 256]) * LARGE)


def check_text(folder: Path) -> None:
    content = (folder / "file.txt").read_text()
    assert len(content) == LARGE
    assert len(set(content)) == 1


def check_image(folder: Path) -> None:
    with Image.open(folder / "file.png") as picture:
        picture.load()


def check_document(folder: Path) -> None:
    assert len(json.loads((folder / "file.json").read_text())["photos"]) == 200


def check_lines(folder: Path) -> None:
    """At most the last line may be cut."""
    for line in (folder / "file.jsonl").read_text().split("\n")[:-1]:
        json.loads(line)


def check_arrays(folder: Path) -> None:
    with zipfile.ZipFile(folder / "file.npz") as archive:
        assert archive.testzip() is None


def check_network(folder: Path) -> None:
    """Model and manifest are each whole; a manifest of another model is told by its SHA-256."""
    json.loads((folder / "manifest.json").read_text())
    assert len(set((folder / "model.onnx").read_bytes())) == 1


WRITERS: dict[str, tuple[Callable[[Path, int], None], Callable[[Path], None]]] = {
    "text": (write_text, check_text),
    "picture": (write_image, check_image),
    "document": (write_document, check_document),
    "lines": (write_lines, check_lines),
    "arrays": (write_arrays, check_arrays),
    "bundle": (write_network, check_network),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--writers", nargs="*", default=list(WRITERS), choices=list(WRITERS))
    parser.add_argument("--loop", nargs=2, metavar=("WRITER", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        loop(options.loop[0], Path(options.loop[1]))
    damaged = 0
    for name in options.writers:
        killed = kill_at_random(name, options.kills)
        full = fill_disk(name)
        damaged += killed + (full or 0)
        disk = "not tried (no root)" if full is None else f"{full} damaged"
        print(f"{name:10} {options.kills} kills: {killed} damaged; full disk: {disk}", flush=True)
    return 1 if damaged else 0


def loop(name: str, folder: Path) -> None:
    """Write the same file again and again, until this process is killed."""
    write, _ = WRITERS[name]
    write(folder, 0)
    print("started", flush=True)
    for number in itertools.count(1):
        if name == "lines" and (folder / "file.jsonl").stat().st_size > 20 * LARGE:
            os.truncate(folder / "file.jsonl", 0)
        write(folder, number)


def kill_at_random(name: str, count: int) -> int:
    """Return after how many of ``count`` kills the file was damaged."""
    rng = random.Random(count)
    damaged = 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            command = [sys.executable, __file__, "--loop", name, folder]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(rng.uniform(0, 0.2))
                process.kill()
            damaged += is_damaged(name, Path(folder))
    return damaged


def fill_disk(name: str) -> int | None:
    """Return whether a full disk damaged the file (0 or 1); None without a disk to fill."""
    write, _ = WRITERS[name]
    with small_disk() as folder:
        if folder is None:
            return None
        write(folder, 1)
        failed = sum(not is_written(write, folder, number) for number in range(2, 8))
        assert failed, "the disk is not full"
        left = [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]
        return int(is_damaged(name, folder) or bool(left))


def is_written(write: Callable[[Path, int], None], folder: Path, number: int) -> bool:
    try:
        write(folder, number)
    except (OSError, KilomarkError):
        return False
    return True


@contextlib.contextmanager
def small_disk() -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory() as folder:
        size = f"size={DISK_KB}k"
        mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder]
        try:
            mounted = subprocess.run(mount, capture_output=True).returncode == 0
        except FileNotFoundError:
            mounted = False
        try:
            yield Path(folder) if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)


def is_damaged(name: str, folder: Path) -> bool:
    try:
        WRITERS[name][1](folder)
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
