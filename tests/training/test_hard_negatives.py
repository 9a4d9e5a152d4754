"""What a face detector took for faces, read back and shown to the next one."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from tools.mine_hard_negatives import find_hard_negatives, find_in_backgrounds

from kilomark import InvalidInputError
from kilomark.cli.main import main
from kilomark.data.finder_sources import FACE, IGNORED, NONE
from kilomark.data.hard_negatives import read_hard_negatives
from kilomark.data.scenes import read_backgrounds, read_scenes
from kilomark.training.finder_task import FinderTask
from kilomark.training.landmark_task import LandmarkTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kilomark.data.scenes import Scenes


@pytest.fixture
def scenes(scenes_dir: Path, cache_dir: Path) -> Scenes:
    return read_scenes(scenes_dir, "train", cache_dir)


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


class Finds:
    """A detector that finds the same in every photo."""

    def __init__(self, *faces: tuple[Any, float]) -> None:
        self.faces = [SimpleNamespace(box=box, presence=presence) for box, presence in faces]

    def predict(self, photo: np.ndarray) -> list[SimpleNamespace]:
        assert photo.dtype == np.uint8
        return self.faces


def changed_by(
    path: Path,
    make_task: Callable[..., FinderTask | LandmarkTask],
    data: tuple[Any, ...],
    count: int,
) -> list[Any]:
    """Of the first ``count`` samples those that have another image with the false faces."""
    plain, taught = (make_task(*data, hard_negatives=given).samples(64) for given in (None, path))
    drawn = [(plain[i], taught[i]) for i in range(count)]
    return [other for one, other in drawn if not np.array_equal(one.image, other.image)]


def test_what_is_no_labeled_face_and_looks_like_none_is_false(
    scenes: Scenes, tmp_path: Path
) -> None:
    elsewhere, second_face = [0, 0, 4, 4], [4, 4, 9, 9]
    detector = Finds((scenes.boxes[0], 0.1), (elsewhere, 0.4), (second_face, 0.9))

    found = find_hard_negatives(detector, scenes)

    first = scenes.name(0)
    assert found[first] == [elsewhere]
    assert len(read_hard_negatives(write(tmp_path / "false.json", found), scenes.images)) >= len(
        found
    )


def test_who_has_looked_says_what_is_real(scenes: Scenes) -> None:
    badge, second_face = [0, 0, 4, 4], [4, 4, 9, 9]
    detector = Finds((badge, 0.9), (second_face, 0.9), ([0, 0, 999, 999], 0.1))
    reviewed = [np.array([second_face], np.float32)] * len(scenes)

    found = find_hard_negatives(detector, scenes, reviewed)

    assert all(boxes == [badge] for boxes in found.values())
    assert len(found) == len(scenes)


def test_what_is_found_in_a_photo_without_faces_is_false_in_any_light(
    scenes: Scenes, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    backgrounds, rows, held_out = read_backgrounds(scenes_dir, cache_dir)

    class FindsInTheDark(Finds):
        def predict(self, photo: np.ndarray) -> list[SimpleNamespace]:
            return self.faces[: 1 if photo.max() > 128 else 2]

    window, lamp = [0, 0, 9, 9], [10, 0, 19, 9]
    found = find_in_backgrounds(FindsInTheDark((window, 0.9), (lamp, 0.9)), backgrounds, rows)

    assert list(found) == [backgrounds.names[row] for row in rows]
    assert all(boxes == [window, lamp] for boxes in found.values())
    assert not {backgrounds.names[row] for row in held_out} & found.keys()
    hard_negatives = read_hard_negatives(
        write(tmp_path / "false.json", found), scenes.images, backgrounds
    )
    assert np.array_equal(hard_negatives.photo(0), backgrounds[int(rows[0])])


def test_a_box_is_cut_out_with_what_is_around(scenes: Scenes, tmp_path: Path) -> None:
    name = scenes.images.names[1]
    path = write(tmp_path / "false.json", {name: [[10, 20, 30, 30], [-5, 0, 7, 9]]})

    hard_negatives = read_hard_negatives(path, scenes.images)

    assert len(hard_negatives) == 2
    photo = scenes.images[1]
    image, box = hard_negatives.cut(0)
    assert np.array_equal(image, photo[10:40, 0:40])
    assert np.array_equal(box, [10, 10, 30, 20])
    image, box = hard_negatives.cut(1)
    assert np.array_equal(image, photo[:15, :13])
    assert np.array_equal(box, [-5, 0, 7, 9])


@pytest.mark.parametrize(
    "content",
    [
        [1, 2, 3],
        {"nobody": [[0, 0, 5, 5]]},
        {"NAME": [[0, 0, 5]]},
        {"NAME": [[5, 0, 5, 5]]},
        {"NAME": [[0, 0, float("nan"), 5]]},
        {"NAME": [[9000, 0, 9010, 5]]},
        {"NAME": 3},
    ],
)
def test_other_files_are_refused(content: object, scenes: Scenes, tmp_path: Path) -> None:
    text = json.dumps(content).replace("NAME", scenes.images.names[0])
    path = tmp_path / "false.json"
    path.write_text(text)

    with pytest.raises(InvalidInputError):
        read_hard_negatives(path, scenes.images)


def test_the_finder_is_shown_them_and_asked_for_no_face_there(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, scenes: Scenes, tmp_path: Path
) -> None:
    size = int(scenes.images[0].shape[0])
    boxes = {scenes.images.names[0]: [[0, 0, size / 2, size / 2], [9, 9, 20, 20]]}
    path = write(tmp_path / "false.json", boxes)

    sources = finder_task(faces_dir, scenes_dir, cache_dir, hard_negatives=path).sources

    assert len(sources.pools["hard"]) == 1  # a photo, which is shown around either box
    assert sources.states_of("hard").tolist() == [NONE, NONE]
    first = sources.first_face[sources.pools["hard"][0]]
    assert sources.faces.center[first] == pytest.approx([size / 4, size / 4])


def test_a_finder_may_have_taken_nothing_for_a_face(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "false.json", {})

    sources = finder_task(faces_dir, scenes_dir, cache_dir, hard_negatives=path).sources

    assert len(sources.pools["hard"]) == 0


def test_landmark_networks_learn_that_they_hold_no_face(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, scenes: Scenes, tmp_path: Path
) -> None:
    path = write(tmp_path / "false.json", {scenes.images.names[0]: [[5, 5, 40, 40]]})

    shown = changed_by(path, LandmarkTask, (faces_dir, scenes_dir, 0, cache_dir), count=300)

    assert 2 < len(shown) < 40
    assert not any(sample.presence for sample in shown)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["lite", "--contest", "x", "--hard-negatives", "f.json"],
            "--hard-negatives belongs to",
        ),
        (
            ["lite", "--faces", "x", "--scenes", "y", "--reviewed", "f.json"],
            "for the face detector",
        ),
    ],
)
def test_what_nothing_can_be_made_of_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["train", *arguments, "--out", str(tmp_path / "run")]) != 0

    assert message in capsys.readouterr().err


def test_faces_that_nobody_labeled_are_not_held_against_the_finder(
    faces_dir: Path, scenes_dir: Path, cache_dir: Path, scenes: Scenes, tmp_path: Path
) -> None:
    boxes = {scenes.name(scene): [box.tolist()] for scene, box in enumerate(scenes.boxes)}
    reviewed = write(tmp_path / "reviewed.json", {**boxes, "in no photo": [[0, 0, 9, 9]]})
    task = finder_task(faces_dir, scenes_dir, cache_dir, reviewed=reviewed)

    states = task.sources.states_of("frame")
    assert (states == FACE).sum() == (states == IGNORED).sum() == len(scenes)
    assert task.recipe()["reviewed"] == len(scenes)


def finder_task(faces_dir: Path, scenes_dir: Path, cache_dir: Path, **more: Path) -> FinderTask:
    return FinderTask([faces_dir], scenes_dir, 0, cache_dir, num_dressed=2, num_drawn=2, **more)
