"""What is wrong with a data set of face crops or of scenes is named, with the file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.drawn_data_sets import write_face_crops, write_scenes

from kilomark.data.face_crops import read_face_crops
from kilomark.data.scenes import read_backgrounds, read_scenes
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_crops(tmp_path_factory.mktemp("faces"))


@pytest.fixture
def faces(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "faces")


def change(faces: Path, **arrays: Any) -> None:  # noqa: ANN401
    """Replace arrays of ``labels.npz``; None leaves one out."""
    labels = dict(np.load(faces / "labels.npz")) | arrays
    np.savez(faces / "labels.npz", **{k: v for k, v in labels.items() if v is not None})


VERTICES = np.zeros((30, 971, 2))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pose": None}, "labels.npz has no array 'pose'; expected name, split"),
        ({"vertices": VERTICES[:20]}, r"vertices in .* is \(20, 971, 2\); expected \(30, any, 2\)"),
        ({"vertices": VERTICES[..., 0]}, r"vertices in .* is \(30, 971\)"),
        ({"vertices": VERTICES * np.nan}, "vertices in .* is not finite for '00000'"),
        ({"vertices": VERTICES[:, :900].astype(int)}, "at least 971 x 971; expected 971 x 900"),
        ({"valid": np.zeros((30, 2))}, r"valid in .* is \(30, 2\); expected \(30, 4\)"),
        ({"split": np.array(["val"] * 30)}, "no row of .* has the split 'train'"),
        ({"name": np.array(["x"] * 30)}, "24 labeled images are not in the archives"),
        ({"weight": np.full(30, 1.5)}, "weight in .* expected .* numbers from 0 to 1"),
    ],
)
def test_arrays_are_checked(
    faces: Path, tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    change(faces, **arrays)

    with pytest.raises(InvalidInputError, match=message):
        read_face_crops(faces, "train", tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.npz", b"no archive", "labels.npz cannot be read .*; expected an .npz file"),
        ("vertices_to_landmarks.npz", b"", "vertices_to_landmarks.npz cannot be read"),
        ("topology.json", b"{}", "topology.json is not a topology"),
        ("train-0.tar", b"no archive" * 99, "train-0.tar is not a whole tar archive"),
    ],
)
def test_files_are_checked(
    faces: Path, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (faces / name).write_bytes(content)

    with pytest.raises(InvalidInputError, match=message):
        read_face_crops(faces, "train", tmp_path / "cache")


def test_a_cut_archive_is_refused_and_leaves_no_cache(faces: Path, tmp_path: Path) -> None:
    archive = faces / "train-0.tar"
    archive.write_bytes(archive.read_bytes()[:5000])

    with pytest.raises(InvalidInputError, match=r"is not a whole tar archive|does not decode"):
        read_face_crops(faces, "train", tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("index.npz"))


def test_missing_archives_and_the_other_layout_are_named(faces: Path, tmp_path: Path) -> None:
    (faces / "train-0.tar").unlink()
    with pytest.raises(InvalidInputError, match=r"no train\*\.tar in"):
        read_face_crops(faces, "train", tmp_path / "cache")
    (tmp_path / "contest" / "train").mkdir(parents=True)
    (tmp_path / "contest" / "train" / "landmarks.csv").touch()
    with pytest.raises(InvalidInputError, match="give it by --contest"):
        read_face_crops(tmp_path / "contest", "train")


def test_scenes_are_checked_alike(tmp_path: Path) -> None:
    write_scenes(tmp_path)
    labels = dict(np.load(tmp_path / "frames.npz"))
    np.savez(tmp_path / "frames.npz", **labels | {"box": labels["box"][:, :2]})

    with pytest.raises(InvalidInputError, match=r"box in .* is \(6, 2\); expected \(6, 4\)"):
        read_scenes(tmp_path, "train", tmp_path / "cache")


def test_a_single_background_cannot_be_trained_on_and_held_out(tmp_path: Path) -> None:
    write_scenes(tmp_path, num_backgrounds=1)

    with pytest.raises(InvalidInputError, match=r"holds 1 photo; expected 2 and more"):
        read_backgrounds(tmp_path, tmp_path / "cache")
