from __future__ import annotations

import pickle
import shutil
import tarfile
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from kilomark.data.encoded_images import read_encoded_images
from kilomark.data.face_crops import read_face_crops
from kilomark.data.packed_images import read_packed_images
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path


def test_decoding_late_gives_the_same_pixels(faces_dir: Path, cache_dir: Path) -> None:
    archives = [faces_dir / "train-0.tar", faces_dir / "val.tar"]
    packed, encoded = read_packed_images(archives, cache_dir), read_encoded_images(archives)

    assert encoded.names == packed.names
    assert len(encoded) == 30
    assert all(np.array_equal(encoded[row], packed[row]) for row in range(30))


def test_faces_are_the_same_decoded_once_and_always(faces_dir: Path, tmp_path: Path) -> None:
    always = read_face_crops(faces_dir, "val", tmp_path / "unused", decoding="always")
    once = read_face_crops(faces_dir, "val", tmp_path / "cache")

    assert np.array_equal(always.image(4), once.image(4))
    assert np.array_equal(always.landmarks, once.landmarks)
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize("decoding", ["once", "always"])
def test_images_are_not_sent_to_a_worker(
    faces_dir: Path, cache_dir: Path, decoding: Literal["once", "always"]
) -> None:
    images = read_face_crops(faces_dir, "train", cache_dir, decoding=decoding).images

    sent = pickle.dumps(images)

    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent)[3], images[3])


def test_an_image_that_does_not_decode_is_named(faces_dir: Path, tmp_path: Path) -> None:
    broken = tmp_path / "val.tar"
    shutil.copy(faces_dir / "val.tar", broken)
    with tarfile.open(broken) as tar:
        begin = tar.getmember("00026.jpg").offset_data
    with broken.open("r+b") as file:
        file.seek(begin)
        file.write(bytes(64))

    images = read_encoded_images([broken])

    assert images[0].shape == (176, 176, 3)
    with pytest.raises(InvalidInputError, match="'00026' does not decode"):
        images[2]


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "val.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("empty.jpg"))

    images = read_encoded_images([tmp_path / "val.tar"])

    with pytest.raises(InvalidInputError, match="'empty' does not decode"):
        images[0]


@pytest.mark.parametrize("content", [None, b"no archive at all"])
def test_a_file_that_is_no_archive_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "faces.tar"
    if content:
        path.write_bytes(content)

    with pytest.raises(InvalidInputError, match=r"faces\.tar cannot be read"):
        read_encoded_images([path])
