from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.tiny_bundles import (
    LANDMARKS,
    STRIDES,
    write_finder_bundle,
    write_landmark_bundle,
)

from kilomark import manifest
from kilomark.errors import BundleError
from kilomark.manifest import read_bundle, read_finder_bundle, read_landmark_bundle

if TYPE_CHECKING:
    from pathlib import Path

REMOVED = object()


def change(folder: Path, where: str, value: object) -> None:
    """Replace, or remove, a field of a manifest; ``where`` is a dotted path."""
    path = folder / "manifest.json"
    fields = json.loads(path.read_text())
    *sections, key = where.split(".")
    section: Any = fields
    for name in sections:
        section = section[int(name) if name.isdigit() else name]
    if value is REMOVED:
        del section[key]
    else:
        section[key] = value
    path.write_text(json.dumps(fields))


def test_landmark_bundle_says_what_its_manifest_says(tiny: Path) -> None:
    bundle = read_landmark_bundle(tiny)
    assert (bundle.name, bundle.folder, bundle.crop_scale) == ("tiny", tiny, 1.25)
    assert (bundle.input.width, bundle.input.channel_order) == (32, "rgb")
    assert bundle.model == (tiny / "model.onnx").read_bytes()
    assert bundle.knows_faces
    topology = bundle.topology
    assert topology.num_landmarks == len(LANDMARKS)
    assert [group.closed for group in topology.groups.values()] == [True, False, None]
    assert topology.mean_shape is not None
    assert topology.mean_shape.shape == (len(LANDMARKS), 3)
    assert topology.mirror is not None
    assert not topology.mirror.flags.writeable


def test_finder_bundle_has_strides(tiny_faces: Path) -> None:
    assert read_finder_bundle(tiny_faces).strides == tuple(STRIDES)


def test_optional_fields_may_be_null_and_unknown_ones_are_ignored(tmp_path: Path) -> None:
    write_landmark_bundle(
        tmp_path, mirror=None, subset_68=None, mean_shape=None, of_the_future=[1, 2]
    )
    topology = read_landmark_bundle(tmp_path).topology
    assert topology.mirror is None
    assert topology.subset_68 is None
    assert topology.mean_shape is None


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("schema_version", 2, "schema_version is 2; expected 1"),
        ("schema_version", REMOVED, "schema_version is missing"),
        ("schema_version", True, "schema_version is true; expected a whole number"),
        ("task", "hands", "expected one of landmarks, faces"),
        ("name", 7, "name is 7; expected a string"),
        ("model", [], r"model is \[\]; expected an object"),
        ("model.file", "../model.onnx", "expected a plain file name"),
        ("model.file", "/etc/passwd", "expected a plain file name"),
        ("companion", "wild", "companion is 'wild'; expected an object"),
        ("companion", {"name": "../wild"}, "expected the name of a bundle"),
        ("finder", "../faces", "finder is '../faces'; expected the name of a bundle"),
        ("rescorer", 1, "rescorer is 1; expected a string"),
        ("companion", {"name": "wild", "spread_from": -1}, "companion.spread_from is -1; expected"),
        (
            "companion",
            {"name": "wild", "spread_from": 0.2, "spread_to": 0.1, "spread_factor": 1},
            "companion.spread_to is 0.1; expected more than spread_from",
        ),
        ("eyes", "eyes", "eyes is 'eyes'; expected an object"),
        ("eyes", {"name": "../eyes"}, "expected the name of a bundle"),
        ("eyes", {"name": "eyes", "width_from": 2}, "eyes.width_from is 2; expected"),
        (
            "eyes",
            {"name": "eyes", "width_from": 0.7, "width_to": 0.7, "spread_factor": 1},
            "eyes.width_to is 0.7; expected more than width_from",
        ),
        ("of_eye", 1, "of_eye is 1; expected true or false"),
        ("model.file", "gone.onnx", "gone.onnx cannot be read: No such file"),
        ("model.sha256", "00", "is damaged: found .* the manifest says .* with 00"),
        (
            "model.size_bytes",
            3,
            "is damaged: it holds 582 bytes; .* 3 by the manifest",
        ),
        ("input.width", 0, "input.width is 0; expected a whole number from 1"),
        ("input.width", 10**9, "input.width is 1000000000; expected"),
        ("input.height", 64.5, "input.height is 64.5; expected a whole number"),
        ("input.channel_order", "gbr", "expected one of rgb, bgr"),
        ("input.mean", [0, 0], "input.mean holds 2 values; expected 3 finite numbers"),
        ("input.mean", [0, 0, float("nan")], "is not JSON .*invalid literal; last read: .*N"),
        ("input.std", [1, 0, 1], "expected 3 finite numbers above 1e-06"),
        ("constant_outputs", "presence", "constant_outputs is 'presence'; expected a list"),
        ("crop_scale", 0, "crop_scale is 0; expected a finite number above 0"),
        ("crop_scale", 10**400, "is not JSON .number overflow parsing '10000"),
        ("crop_scale", 2**64, r"crop_scale is 1.8446744073709552e\+19; expected a finite"),
        ("num_landmarks", 2**64 - 1, "num_landmarks is 18446744073709551615; expected a whole"),
        ("num_landmarks", 5.0, "num_landmarks is 5.0; expected a whole number"),
        ("num_landmarks", "5", "num_landmarks is '5'; expected a whole number"),
        ("num_landmarks", 6, "mirror holds 5 values; expected 6 whole numbers from 0 to 5"),
        ("mirror", [0, 0, 0, 0, 0], "expected a permutation that is its own inverse"),
        ("mirror", [0, 1, 2, 3, 5], "mirror holds 5; expected 5 whole numbers from 0 to 4"),
        ("subset_68", [0] * 67, "subset_68 holds 67 values; expected 68"),
        ("mean_shape", [[0, 0, 0]] * 4, "mean_shape holds 4 values; expected 5 rows"),
        ("mean_shape", [[0, 0]] * 5, r"mean_shape\[0\] is not such a row; expected 5 rows of 3"),
        ("mean_shape", [[0, 0, None]] * 5, r"mean_shape\[0\] is \[0, 0, null\]"),
        ("groups", {}, "groups is {}; expected a list of objects"),
        ("groups.0.name", "nose", "expected names that are all different"),
        ("groups.2.count", 2, r"groups\[2\].count is 2; expected a whole number from 1 to 1"),
        ("groups.2.closed", "no", r"groups\[2\].closed is 'no'; expected true, false or null"),
        ("crop_scale", 17, "crop_scale is 17; expected a finite number above 0, at most 16"),
        ("input.width", 4097, "input.width is 4097; expected a whole number from 1 to 4096"),
        ("input.mean", [0, 0, 3e38], r"expected 3 finite numbers above -1e\+06, at most 1e\+06"),
        ("input.std", [1, 1e-30, 1], "expected 3 finite numbers above 1e-06"),
        ("num_landmarks", 10**6, "num_landmarks is 1000000; expected a whole number from 1 to"),
        ("mean_shape", [[0, 0, 1e9]] * 5, r"mean_shape\[0\] is \[0, 0, 1000000000"),
        ("name", "x" * 300, "name is 'xxxx.* ... .300 long.; expected a string of at most 200"),
        ("model.size_bytes", 2**40, "model.size_bytes is 1099511627776; expected"),
        ("model.file", "a\ud800.onnx", "is not JSON .*surrogate"),
        ("model.file", "a\0.onnx", "expected a plain file name"),
        ("depth", 1, "depth is 1; expected true or false"),
        ("groups.2.closed", REMOVED, r"groups\[2\].closed is missing"),
    ],
)
def test_wrong_field_is_named(tmp_path: Path, where: str, value: object, message: str) -> None:
    write_landmark_bundle(tmp_path)
    change(tmp_path, where, value)
    with pytest.raises(BundleError, match=message) as caught:
        read_bundle(tmp_path)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("strides", [], "expected at least one stride"),
        ("strides", [8, 0], "strides holds 0; expected a list of at most 8 whole numbers from 1"),
        ("strides", 8, "strides is 8; expected"),
        ("strides", [1] * 2**20 + [8, 16], "strides holds 1048578 values; expected at most 8"),
        ("rescoring", {"offset": "b"}, "rescoring.offset is 'b'; expected a finite number"),
        (
            "rescoring",
            {"offset": 1e9},
            "rescoring.offset is 1000000000.0; expected a finite number",
        ),
        (
            "rescoring",
            {"company_weight": "b"},
            "rescoring.company_weight is 'b'; expected a finite number",
        ),
        ("input.width", 60, "input.width is 60; expected a multiple of 16"),
        ("keypoints", ["nose_tip"], "keypoints is .* in this order"),
    ],
)
def test_wrong_finder_field_is_named(
    tmp_path: Path, where: str, value: object, message: str
) -> None:
    write_finder_bundle(tmp_path)
    change(tmp_path, where, value)
    with pytest.raises(BundleError, match=message):
        read_bundle(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{'a': 1}", "[" * 100_000])
def test_damaged_manifest(tmp_path: Path, text: str) -> None:
    write_landmark_bundle(tmp_path)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        read_bundle(tmp_path)


def test_manifest_that_is_not_text(tmp_path: Path) -> None:
    write_landmark_bundle(tmp_path)
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(BundleError, match="is not JSON"):
        read_bundle(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"flipped"])
def test_damaged_model(tmp_path: Path, damage: bytes) -> None:
    write_landmark_bundle(tmp_path)
    model = (tmp_path / "model.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(damage + model[len(damage) : -1 if not damage else None])
    with pytest.raises(BundleError, match=r"is damaged.*export or install the bundle again"):
        read_bundle(tmp_path)


def test_shipped_bundle_is_read_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "SHIPPED_BUNDLES", tmp_path)
    write_landmark_bundle(tmp_path / "small")
    write_finder_bundle(tmp_path / "finder")
    assert read_bundle("small").folder == tmp_path / "small"
    with pytest.raises(BundleError, match=r"no bundle 'smal'.*expected one of finder, small, or"):
        read_bundle("smal")


def test_folder_without_manifest(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"has no manifest\.json"):
        read_bundle(tmp_path)


@pytest.mark.parametrize("name", [None, 3, b"lite"])
def test_name_of_the_wrong_type(name: object) -> None:
    with pytest.raises(BundleError, match="by its name or its folder"):
        read_bundle(name)


def test_bundle_of_the_other_task(tiny: Path, tiny_faces: Path) -> None:
    with pytest.raises(BundleError, match="'tiny-faces' finds faces; model= expects"):
        read_landmark_bundle(tiny_faces)
    with pytest.raises(BundleError, match="'tiny' places landmarks; finder= expects"):
        read_finder_bundle(tiny)


def test_new_blocks_of_numbers_are_read(tmp_path: Path) -> None:
    write_landmark_bundle(tmp_path / "a", depth=True)
    write_finder_bundle(
        tmp_path / "b", rescoring={"presence_weight": 0.5, "offset": -2, "later": 1}
    )
    assert read_landmark_bundle(tmp_path / "a").has_depth
    assert read_finder_bundle(tmp_path / "b").rescoring == {"presence_weight": 0.5, "offset": -2.0}


def test_key_that_stands_twice(tmp_path: Path) -> None:
    write_landmark_bundle(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text('{"name": "a", ' + path.read_text()[1:])
    with pytest.raises(BundleError, match="the key 'name' appears twice"):
        read_bundle(tmp_path)


def test_manifest_of_any_size_is_not_read(tmp_path: Path) -> None:
    write_landmark_bundle(tmp_path, filler="x" * (5 << 20))
    with pytest.raises(BundleError, match=r"it holds 52\d+ bytes; expected at most 4194304"):
        read_bundle(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "endless", "folder"])
def test_model_that_is_no_regular_file(tmp_path: Path, kind: str) -> None:
    write_landmark_bundle(tmp_path)
    model = tmp_path / "model.onnx"
    model.unlink()
    if kind == "pipe":
        os.mkfifo(model)
    elif kind == "endless":
        model.symlink_to("/dev/zero")
    else:
        model.mkdir()
    with pytest.raises(BundleError, match=r"it is (a pipe|a device)|Is a directory"):
        read_bundle(tmp_path)


def test_model_may_be_a_link_to_a_file(tmp_path: Path) -> None:
    write_landmark_bundle(tmp_path)
    (tmp_path / "model.onnx").rename(tmp_path / "stored")
    (tmp_path / "model.onnx").symlink_to("stored")
    assert read_bundle(tmp_path).name == "tiny"


def test_model_is_checked_before_it_is_loaded(tmp_path: Path) -> None:
    write_landmark_bundle(tmp_path)
    data = b"<net name='not ONNX'/>"
    (tmp_path / "model.onnx").write_bytes(data)
    change(tmp_path, "model.size_bytes", len(data))
    change(tmp_path, "model.sha256", hashlib.sha256(data).hexdigest())
    with pytest.raises(BundleError, match=r"model\.onnx: found an ONNX file with a field of wire"):
        read_bundle(tmp_path)
