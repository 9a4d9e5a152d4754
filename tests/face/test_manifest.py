from __future__ import annotations

import json
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
        ("schema_version", True, "schema_version is True; expected a whole number"),
        ("task", "hands", "expected one of landmarks, faces"),
        ("name", 7, "name is 7; expected a string"),
        ("model", [], r"model is \[\]; expected an object"),
        ("model.file", "../model.onnx", "expected a plain file name"),
        ("model.file", "/etc/passwd", "expected a plain file name"),
        ("model.file", "gone.onnx", "gone.onnx cannot be read: No such file"),
        ("model.sha256", "00", "is damaged: found .* the manifest says .* with 00"),
        ("model.size_bytes", 3, "is damaged: found .* the manifest says 3 bytes"),
        ("input.width", 0, "input.width is 0; expected a whole number from 1"),
        ("input.width", 10**9, "input.width is 1000000000; expected"),
        ("input.height", 64.5, "input.height is 64.5; expected a whole number"),
        ("input.channel_order", "gbr", "expected one of rgb, bgr"),
        ("input.mean", [0, 0], "input.mean holds 2 values; expected 3 finite numbers"),
        ("input.mean", [0, 0, float("nan")], "input.mean is .*nan.*; expected 3 finite"),
        ("input.std", [1, 0, 1], "expected 3 finite numbers above 0"),
        ("constant_outputs", "presence", "constant_outputs is 'presence'; expected a list"),
        ("crop_scale", 0, "crop_scale is 0; expected a finite number above 0"),
        ("crop_scale", 10**400, "crop_scale is 1000.* ...; expected a finite number"),
        ("num_landmarks", "5", "num_landmarks is '5'; expected a whole number"),
        ("num_landmarks", 6, "mirror holds 5 values; expected 6 whole numbers from 0 to 5"),
        ("mirror", [0, 0, 0, 0, 0], "expected a permutation that is its own inverse"),
        ("mirror", [0, 1, 2, 3, 5], "mirror holds 5; expected 5 whole numbers from 0 to 4"),
        ("subset_68", [0] * 67, "subset_68 holds 67 values; expected 68"),
        ("mean_shape", [[0, 0, 0]] * 4, "mean_shape holds 4 values; expected 5 rows"),
        ("mean_shape", [[0, 0]] * 5, r"mean_shape\[0\] is not such a row; expected 5 rows of 3"),
        ("mean_shape", [[0, 0, None]] * 5, r"mean_shape\[0\] is \[0, 0, None\]"),
        ("groups", {}, "groups is {}; expected a list of objects"),
        ("groups.0.name", "nose", "expected names that are all different"),
        ("groups.2.count", 2, r"groups\[2\].count is 2; expected a whole number from 1 to 1"),
        ("groups.2.closed", "no", r"groups\[2\].closed is 'no'; expected true, false or null"),
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
        ("strides", [8, 0], "strides holds 0; expected a list of whole numbers from 1"),
        ("strides", 8, "strides is 8; expected"),
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
    with pytest.raises(BundleError, match="'tiny-faces' finds faces; as model="):
        read_landmark_bundle(tiny_faces)
    with pytest.raises(BundleError, match="'tiny' places landmarks; as faces="):
        read_finder_bundle(tiny)
