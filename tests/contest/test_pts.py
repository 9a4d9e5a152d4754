from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from kilomark import InvalidInputError
from kilomark.cli.main import main
from kilomark.contest.pts import TOPOLOGY_68, convert_pts, read_pts
from kilomark.topology_file import read_topology

if TYPE_CHECKING:
    from pathlib import Path


def write_photo(path: Path, points: np.ndarray, head: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (90, 100)).save(path)
    text = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
    start = f"version: 1\nn_points: {len(points)}" if head is None else head
    path.with_suffix(".pts").write_text(f"{start}\n{{\n{text}\n}}\n")


def points(count: int = 68) -> np.ndarray:
    return np.random.default_rng(count).uniform(5, 85, (count, 2)).round(3)


def test_pixels_are_counted_from_the_corner(tmp_path: Path) -> None:
    write_photo(tmp_path / "one.jpg", np.array([[1.0, 1.0], [90.0, 100.0]]))

    np.testing.assert_allclose(read_pts(tmp_path / "one.pts"), [[0.5, 0.5], [89.5, 99.5]])


def test_photos_become_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    write_photo(photos / "b" / "two.png", points())
    write_photo(photos / "a.jpg", points() + 1)
    Image.new("RGB", (9, 9)).save(photos / "without.jpg")

    assert main(["data", "from-pts", str(photos), "-o", str(out)]) == 0

    printed = capsys.readouterr().out
    assert "2 photos of 68 landmarks" in printed
    assert "1 photos have no .pts file" in printed
    header, *rows = (out / "train" / "landmarks.csv").read_text().splitlines()
    assert header.split("\t")[:3] == ["file_name", "Point_M0_X", "Point_M0_Y"]
    assert [row.split("\t")[0] for row in rows] == ["a.jpg", "b/two.png"]
    stored = np.array(rows[1].split("\t")[1:], float).reshape(68, 2)
    np.testing.assert_allclose(stored, points() - 0.5, atol=1e-3)
    assert (out / "train" / "images" / "b" / "two.png").read_bytes() == (
        photos / "b" / "two.png"
    ).read_bytes()
    mirror = read_topology(out / "topology.json").mirror
    assert mirror is not None
    assert mirror[[0, 27, 36, 48]].tolist() == [16, 27, 45, 54]


def test_mirror_partners_are_in_mirrored_groups() -> None:
    mirror = TOPOLOGY_68.mirror
    assert mirror is not None
    for name, group in TOPOLOGY_68.groups.items():
        other = name.replace("right", "*").replace("left", "right").replace("*", "left")
        partners = set(mirror[group.indices].tolist())
        wanted = TOPOLOGY_68.groups[other].indices
        assert partners == set(range(wanted.start, wanted.stop))


def test_other_numbers_of_points_get_no_topology(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos" / "one.jpg", points(5))

    assert convert_pts(tmp_path / "photos", tmp_path / "out").num_landmarks == 5
    assert not (tmp_path / "out" / "topology.json").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"says 0 points and holds an array of \(0,\)"),
        ("n_points: 3\n{\n1 2\n3 4\n}", r"says 3 points and holds an array of \(2, 2\)"),
        ("n_points: 2\n{\n1 2\n3 nan\n}", "1 of its numbers not finite"),
        ("n_points: 2\n{\n1 2\n3 x\n}", "is not a .pts file"),
        ("n_points: 2\n{\n1 2\n3\n}", "is not a .pts file"),
        ("n_points: two\n{\n1 2\n3 4\n}", "is not a .pts file"),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    write_photo(photos / "one.jpg", points(2))
    (photos / "one.pts").write_text(text)

    with pytest.raises(InvalidInputError, match=rf"one\.pts.*{message}"):
        convert_pts(photos, out)
    assert not out.exists()


def test_what_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    with pytest.raises(InvalidInputError, match=r"no \.pts file in"):
        convert_pts(photos, out)
    write_photo(photos / "one.jpg", points(68))
    write_photo(photos / "two.jpg", points(5))
    with pytest.raises(InvalidInputError, match=r"68 in .*one\.pts, 5 in .*two\.pts"):
        convert_pts(photos, out)
    (photos / "two.jpg").unlink()
    with pytest.raises(InvalidInputError, match=r"two\.pts has no photo"):
        convert_pts(photos, out)
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    with pytest.raises(InvalidInputError, match="holds something"):
        convert_pts(photos, out)
