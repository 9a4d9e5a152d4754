from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.needs_pyarrow import mark_parquet, needs_pyarrow

import kilomark
from kilomark.sinks import (
    SINK_SUFFIXES,
    CsvSink,
    FaceRow,
    JsonLinesSink,
    ParquetSink,
    make_rows,
    open_sink,
)
from kilomark.sinks.sink import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

EXTRA = {"frame": int, "track": str}
SUFFIXES = mark_parquet(sorted(SINK_SUFFIXES))


@pytest.fixture(params=SUFFIXES)
def written(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    detector: kilomark.Detector,
    rows: list[FaceRow],
) -> Path:
    path = tmp_path / f"faces{request.param}"
    with open_sink(path, detector.topology, detector.provenance, extra=EXTRA) as sink:
        sink.write(rows)
        assert not path.exists()
        assert sink.num_rows == 4
    return path


def read_parquet(path: Path) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(path)


def read_columns(path: Path) -> tuple[list[str], list[Any]]:
    """Read the names of the columns, and the paths of the rows."""
    if path.suffix == ".parquet":
        table = read_parquet(path)
        return table.column_names, table["path"].to_pylist()
    with path.open(newline="") as file:
        if path.suffix == ".csv":
            read = list(csv.reader(file))
            return read[0], [row[0] for row in read[1:]]
        objects = [json.loads(line) for line in file]
        return list(objects[0]), [item["path"] for item in objects]


def test_every_image_has_a_row_and_nothing_else_is_left(written: Path) -> None:
    names, paths = read_columns(written)
    assert paths == ["two.png", "two.png", "dark.png", "gone.png"]
    assert [path.name for path in written.parent.iterdir()] == [written.name]
    assert {"frame", "track"} < set(names)


@needs_pyarrow
def test_parquet_keeps_every_bit(
    tmp_path: Path, detector: kilomark.Detector, rows: list[FaceRow]
) -> None:
    with ParquetSink(
        tmp_path / "faces", detector.topology, detector.provenance, extra=EXTRA, rows_per_group=2
    ) as sink:
        sink.write(rows)
    table = read_parquet(tmp_path / "faces")
    assert [name for name in table.column_names if name not in EXTRA] == list(COLUMNS)
    assert table["face_index"].to_pylist() == [0, 1, None, None]
    assert table["error"].to_pylist() == [None, None, None, "there is no gone.png"]
    assert table["width"].to_pylist() == [64, 64, 64, None]
    assert table["frame"].to_pylist() == [7, 7, 8, None]
    assert table["track"].to_pylist() == ["a", "b", None, None]
    assert set(table["model_sha256"].to_pylist()) == {detector.provenance.model_sha256}
    for name in ("landmarks", "spread", "box"):
        for index in range(2):
            expected = getattr(rows[index].face, name).reshape(-1)
            np.testing.assert_array_equal(table[name][index].as_py(), expected)
        assert table[name].null_count == 2
    landmarks = table["landmarks"].drop_null().combine_chunks().to_numpy_ndarray()
    assert landmarks.shape == (2, 5, 2)
    described = json.loads(table.schema.metadata[b"kilomark.topology"])
    assert [group["name"] for group in described["groups"]] == ["right_eye", "left_eye", "nose"]


def test_json_lines_hold_what_the_face_says(
    detector: kilomark.Detector, rows: list[FaceRow]
) -> None:
    stream = io.StringIO()
    with JsonLinesSink(stream, detector.topology, detector.provenance, extra=EXTRA) as sink:
        sink.write(rows)
    first, _, dark, gone = map(json.loads, stream.getvalue().splitlines())
    assert [name for name in first if name not in EXTRA] == list(COLUMNS)
    assert rows[0].face is not None
    said = rows[0].face.to_dict()
    assert {name: first[name] for name in ("box", "landmarks", "spread", "score")} == {
        name: said[name] for name in ("box", "landmarks", "spread", "score")
    }
    assert first["yaw_deg"] == said["pose"]["yaw_deg"]
    assert dark["landmarks"] is None
    assert gone["error"] == "there is no gone.png"


def test_csv_has_a_column_for_each_coordinate(
    detector: kilomark.Detector, rows: list[FaceRow]
) -> None:
    stream = io.StringIO()
    with CsvSink(stream, detector.topology, extra=EXTRA) as sink:
        sink.write(rows)
    first, _, dark, _ = csv.DictReader(io.StringIO(stream.getvalue()))
    face = rows[0].face
    assert face is not None
    x = [float(first[f"x_{index}"]) for index in range(5)]
    y = [float(first[f"y_{index}"]) for index in range(5)]
    np.testing.assert_allclose(np.stack([x, y], axis=1), face.landmarks, atol=5.01e-4)
    assert float(first["box_x1"]) == pytest.approx(face.box[2], abs=1e-3)
    assert dark["x_0"] == ""
    assert "model" not in first


def test_not_finite_numbers_are_null_in_json(detector: kilomark.Detector) -> None:
    nan = np.full((5, 2), np.nan, np.float32)
    face = kilomark.Face(nan, nan[:, 0], np.zeros(4, np.float32), 1.0, 1.0, detector.topology)
    stream = io.StringIO()
    with JsonLinesSink(stream, detector.topology) as sink:
        sink.write(make_rows("odd.png", [face]))
    assert json.loads(stream.getvalue())["landmarks"] == [[None, None]] * 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_left_of_a_block_that_raises(
    tmp_path: Path, detector: kilomark.Detector, rows: list[FaceRow], suffix: str
) -> None:
    path = tmp_path / f"faces{suffix}"
    path.write_text("an earlier run")

    def fail() -> None:
        with open_sink(path, detector.topology) as sink:
            sink.write(rows)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "an earlier run"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_said(
    detector: kilomark.Detector,
    rows: list[FaceRow],
    suffix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / f"faces{suffix}"
    sink = open_sink(path, detector.topology)
    sink.write(rows)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(kilomark.InvalidInputError, match="cannot be written: No space left"):
        sink.close()
    assert list(tmp_path.iterdir()) == []


def test_bad_arguments_are_said(tmp_path: Path, detector: kilomark.Detector) -> None:
    topology = detector.topology
    with pytest.raises(kilomark.InvalidInputError, match=r"no sink for the suffix '\.xls'"):
        open_sink(tmp_path / "faces.xls", topology)
    with pytest.raises(kilomark.InvalidInputError, match="cannot be written: No such file"):
        open_sink(tmp_path / "gone" / "faces.csv", topology)
    with pytest.raises(kilomark.InvalidInputError, match="'score' is one that every sink has"):
        open_sink(tmp_path / "faces.csv", topology, extra={"score": float})
    with pytest.raises(kilomark.InvalidInputError, match="expected bool, int, float or str"):
        open_sink(tmp_path / "faces.csv", topology, extra={"when": list})


@needs_pyarrow
def test_a_value_that_does_not_fit_its_column_is_said(
    tmp_path: Path, detector: kilomark.Detector
) -> None:
    sink = open_sink(tmp_path / "faces.parquet", detector.topology, extra={"frame": int})
    sink.write(make_rows("a.png", [], extra={"frame": "seven"}))
    with pytest.raises(kilomark.InvalidInputError, match="'frame'"):
        sink.close()
    assert list(tmp_path.iterdir()) == []


@needs_pyarrow
def test_paths_that_are_not_unicode_are_shown(tmp_path: Path, detector: kilomark.Detector) -> None:
    (row,) = make_rows(os.fsdecode(b"caf\xe9.png"), [])
    assert row.path == "caf\\xe9.png"
    with open_sink(tmp_path / "faces.parquet", detector.topology) as sink:
        sink.write([row])
    assert read_parquet(tmp_path / "faces.parquet")["path"].to_pylist() == [row.path]


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, detector: kilomark.Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(kilomark.DependencyError, match=r"pip install 'kilomark\[folder\]'"):
        open_sink(tmp_path / "faces.parquet", detector.topology)
    assert list(tmp_path.iterdir()) == []


def test_the_provenance_is_that_of_the_files(
    detector: kilomark.Detector, tiny: Path, tiny_faces: Path
) -> None:
    import hashlib

    def digest(folder: Path) -> str:
        return hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()

    found = detector.provenance
    assert (found.model, found.model_sha256) == ("tiny", digest(tiny))
    assert (found.finder, found.finder_sha256) == ("tiny-faces", digest(tiny_faces))
    assert found.kilomark_version == kilomark.__version__
