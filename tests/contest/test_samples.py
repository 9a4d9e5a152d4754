from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from PIL import Image

from kilomark.contest.columns import landmark_columns
from kilomark.contest.crop import crop_as_baseline
from kilomark.contest.data_set import Contest, read_contest, read_photo
from kilomark.contest.samples import BaselineSamples, ContestFaces
from kilomark.contest.topology import choose_topology
from kilomark.data.landmark_samples import LandmarkSamples
from kilomark.errors import InvalidInputError
from kilomark.manifest import read_landmark_bundle
from kilomark.topology import Topology
from kilomark.topology_file import read_topology, write_topology

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def contest(contest_dir: Path, cache_dir: Path) -> Contest:
    return read_contest(contest_dir, cache_dir)


@pytest.fixture
def faces(contest: Contest) -> ContestFaces:
    rows = contest.split("file-order").train
    return ContestFaces(contest, rows, choose_topology(contest.num_landmarks))


def test_splits_of_the_data_set(contest: Contest) -> None:
    in_order, by_person = contest.split("file-order"), contest.split("person")

    assert (len(in_order.train), len(in_order.val)) == (15, 5)
    assert contest.table.persons is not None
    people = [{contest.table.persons[row] for row in rows} for rows in by_person]
    assert people[0].isdisjoint(people[1])


def test_a_split_by_person_needs_the_column(contest_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "train"
    (folder / "images").mkdir(parents=True)
    lines = (contest_dir / "train" / "landmarks.csv").read_text().splitlines()
    (folder / "landmarks.csv").write_text(
        "".join(line.rpartition("\t")[0] + "\n" for line in lines)
    )

    with pytest.raises(InvalidInputError, match="have no column 'person'"):
        read_contest(tmp_path, tmp_path).split("person")


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no folder .*images"):
        read_contest(tmp_path)


def test_photos_are_read_upright(tmp_path: Path) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, :15] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was turned by a quarter
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=turned)

    photo = read_photo(tmp_path / "turned.jpg")

    assert photo.shape == (30, 20, 3)
    assert photo[:10].mean() > 200 > 50 > photo[20:].mean()


@pytest.mark.parametrize("content", [b"", b"no image"])
def test_a_photo_that_does_not_decode_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)

    with pytest.raises(InvalidInputError, match=r"a\.jpg does not decode"):
        read_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("x", "y", "is_refused"), [(-39, 59, False), (-41, 0, True), (0, 61, True)]
)
def test_a_landmark_far_outside_its_photo_is_named(
    tmp_path: Path, x: int, y: int, is_refused: bool
) -> None:
    (tmp_path / "train" / "images").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "train" / "images" / "a.png"), np.zeros((30, 40, 3), np.uint8))
    header = "\t".join(["file_name", *landmark_columns(2)])
    (tmp_path / "train" / "landmarks.csv").write_text(f"{header}\na.png\t5\t5\t{x}\t{y}\n")
    contest = read_contest(tmp_path, tmp_path / "cache")

    if is_refused:
        with pytest.raises(InvalidInputError, match=rf"landmark 1 of .*a\.png is at x {x}, y {y}"):
            contest.image(0)
    else:
        assert contest.image(0).shape == (30, 40, 3)


def test_the_seeds_samples_are_the_baselines_crops(faces: ContestFaces) -> None:
    samples = BaselineSamples(faces, 128, seed=3)

    drawn = [samples[index] for index in range(len(faces))]

    photos = [cv2.imread(str(faces.contest.images_dir / f"{row:04d}.jpg"))[..., ::-1]
              for row in range(len(faces))]  # fmt: skip
    wanted = [crop_as_baseline(np.ascontiguousarray(photo)) for photo in photos]
    order = [next(row for row, (crop, _) in enumerate(wanted) if np.array_equal(crop, s.image))
             for s in drawn]  # fmt: skip
    assert sorted(order) == list(range(len(faces)))
    assert order != sorted(order)
    for row, sample in zip(order, drawn, strict=True):
        landmarks = wanted[row][1].to_crop(faces.contest.table.landmarks[row]) / 128
        np.testing.assert_allclose(sample.landmarks, landmarks, atol=1e-6)
        assert sample.presence == 1


def test_a_face_crop_shows_the_face_as_the_runtime_does(faces: ContestFaces) -> None:
    image, landmarks = faces.plain_crop(2, "face", 64)

    assert image.shape == (64, 64, 3)
    assert abs(np.ptp(landmarks, axis=0).max() - 1 / 1.25) < 1e-5
    oval = landmarks[:200]
    inside = (0.5 + 0.9 * (oval - 0.5)) * 64  # skin is redder than green, as it is drawn
    red, green, _ = image[inside[:, 1].astype(int), inside[:, 0].astype(int)].T.astype(int)
    assert (red - green > 15).mean() > 0.9


def test_samples_need_neither_backgrounds_nor_a_mirror(faces: ContestFaces) -> None:
    """Of landmarks whose mirror is not known, none is mirrored: the order stays the drawn one."""
    unknown = replace(faces, topology=Topology(971, {}))
    samples = LandmarkSamples(unknown, None, None, size=64, seed=0)

    drawn = [samples[index] for index in range(120)]

    found = [sample.landmarks for sample in drawn if sample.presence]
    assert 5 < len(drawn) - len(found) < 25
    for landmarks in found:
        right_eye, left_eye = landmarks[328:424].mean(0), landmarks[424:520].mean(0)
        assert right_eye[0] < left_eye[0]


def test_samples_travel_to_a_worker(faces: ContestFaces) -> None:
    samples = BaselineSamples(faces, 64, seed=3)

    again = pickle.loads(pickle.dumps(samples))

    assert np.array_equal(samples[4].image, again[4].image)


def test_the_971_landmarks_are_known_and_others_are_not() -> None:
    known, unknown = choose_topology(971), choose_topology(68)

    shipped = read_landmark_bundle("lite").topology
    assert known.mirror is not None
    assert np.array_equal(known.mirror, shipped.mirror)
    assert list(known.groups) == list(shipped.groups)
    assert unknown.mirror is None
    assert unknown.groups == {}


@pytest.mark.parametrize("num_landmarks", [971, 5])
def test_a_topology_survives_its_file(tmp_path: Path, num_landmarks: int) -> None:
    topology = choose_topology(num_landmarks)
    write_topology(tmp_path / "topology.json", topology)

    path = tmp_path / "topology.json"
    for again in (read_topology(path), choose_topology(num_landmarks, path)):
        assert again.groups == topology.groups
        assert (again.mirror is None) == (topology.mirror is None)
        assert np.array_equal(again.mirror, topology.mirror)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"num_landmarks": 4}, "describes 4 landmarks; expected 3"),
        ({"num_landmarks": 3, "mirror": [1, 2, 0]}, "the mirror in .* is not valid"),
        ({"num_landmarks": 3, "mirror": [0, 0, 2]}, "the mirror in .* is not valid"),
        ({"num_landmarks": 3, "groups": [{"name": "a"}]}, "not a topology"),
        ([], "not a topology"),
    ],
)
def test_a_topology_of_something_else_is_refused(tmp_path: Path, raw: object, said: str) -> None:
    (tmp_path / "topology.json").write_text(json.dumps(raw))

    with pytest.raises(InvalidInputError, match=said):
        choose_topology(3, tmp_path / "topology.json")
