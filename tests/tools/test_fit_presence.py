"""A head of presence that learns to reject drawn faces, and nothing else of its bundle changes."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import importlib
import json
import tarfile
from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnx
import torch
from tools.presence.bundle_head import load_network, replace_weights
from tools.presence.candidates import SMALLEST_SCORE, label_boxes, vary_picture
from tools.presence.rescoring import Rescoring

from kilomark import Detector
from kilomark.conversion.weight_storage import store_weights
from kilomark.data.finder_sources import FACE
from kilomark.errors import InvalidInputError
from kilomark.manifest import read_face_bundle, read_finder_bundle
from kilomark.training.exported_weights import read_exported_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.torch

NUM_PHOTOS, NUM_PICTURES = 4, 4


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, demo_photo: Path) -> Path:
    """``photos`` shows one face in several sizes; ``drawings`` shows drawn faces."""
    folder = tmp_path_factory.mktemp("presence")
    write_photos(folder / "photos", demo_photo)
    (folder / "drawings").mkdir()
    rng = np.random.default_rng(0)
    for number in range(NUM_PICTURES):
        cv2.imwrite(str(folder / "drawings" / f"{number}.png"), draw_face(rng))
    return folder


def write_photos(folder: Path, demo_photo: Path) -> None:
    folder.mkdir()
    photo = cv2.imread(str(demo_photo))
    detector = Detector("lite", device="cpu", num_threads=1)
    boxes = []
    with tarfile.open(folder / "photos.tar", "w") as tar:
        for number in range(NUM_PHOTOS):
            shown = cv2.resize(photo, None, fx=1 - 0.15 * number, fy=1 - 0.15 * number)
            cv2.imwrite(str(folder / f"{number}.jpg"), shown)
            tar.add(folder / f"{number}.jpg", f"{number}.jpg")
            (region,) = detector.detect(shown).boxes
            boxes.append(region)
    boxes = np.array(boxes, np.float64)
    np.savez(
        folder / "photos.npz", name=np.arange(NUM_PHOTOS).astype(str),
        split=np.full(NUM_PHOTOS, "train"), photo=np.arange(NUM_PHOTOS),
        center=(boxes[:, :2] + boxes[:, 2:]) / 2, extent=boxes[:, 2:] - boxes[:, :2],
        angle_deg=np.zeros(NUM_PHOTOS), keypoints=np.zeros((NUM_PHOTOS, 5, 2)),
        has_keypoints=np.zeros(NUM_PHOTOS, bool), state=np.full(NUM_PHOTOS, FACE),
    )  # fmt: skip


def draw_face(rng: np.random.Generator) -> np.ndarray:
    image = np.full((240, 240, 3), rng.integers(60, 200, 3), np.uint8)
    cv2.ellipse(image, (120, 120), (62, 80), 0, 0, 360, (150, 180, 225), -1)
    for x in (95, 145):
        cv2.ellipse(image, (x, 100), (14, 8), 0, 0, 360, (250, 250, 250), -1)
        cv2.circle(image, (x, 100), 7, (60, 40, 20), -1)
        cv2.ellipse(image, (x, 88), (17, 7), 0, 180, 360, (40, 50, 70), 4)
    cv2.line(image, (120, 105), (114, 135), (100, 130, 180), 3)
    cv2.ellipse(image, (120, 156), (24, 8), 0, 0, 360, (90, 90, 190), -1)
    return cv2.GaussianBlur(image, None, 1.5)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, root: Path, data: Path, tmp_path: Path
) -> Iterator[Callable[..., int]]:
    """Run the tool; options change what it is given."""
    monkeypatch.syspath_prepend(str(root / "tools"))
    tool = importlib.import_module("fit_presence")

    def run_with(bundle: str = "lite", finder: str = "faces", **paths: Path) -> int:
        paths = {
            "photos": data / "photos", "without_faces": data / "drawings", "out": tmp_path / "new"
        } | paths  # fmt: skip
        options = [f"--{name.replace('_', '-')}={path}" for name, path in paths.items()]
        fixed = ["--epochs", "30", "--variants", "3", "--threads", "1", f"--cache={data / 'cache'}"]
        return tool.main([bundle, f"--finder={finder}", *options, *fixed])

    threads = torch.get_num_threads()
    yield run_with
    torch.set_num_threads(threads)


def test_the_head_learns_and_the_rest_stays(
    run: Callable[..., int], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0

    printed = capsys.readouterr().out
    assert f"on labeled faces{NUM_PHOTOS:26}{NUM_PHOTOS:8}{NUM_PHOTOS:7}" in printed
    assert "The shift rests on few faces: 0 failed before." in printed
    assert "as many labeled faces are found as before" in printed
    old, new = read_face_bundle("lite"), read_face_bundle(tmp_path / "new")
    assert weights_apart_from_presence(new.model) == weights_apart_from_presence(old.model)
    assert new.model != old.model
    manifests = [json.loads((b.folder / "manifest.json").read_text()) for b in (old, new)]
    fit = manifests[1]["training"].pop("presence_fit")
    assert (fit["finder"], fit["epochs"], fit["on_faces"]["candidates"]) == ("faces", 30, 4)
    manifests[0]["training"].pop("presence_fit", None)
    for manifest in manifests:
        del manifest["model"]
    assert manifests[0] == manifests[1]

    detectors = [Detector(b.folder, device="cpu", num_threads=1, blend=False) for b in (old, new)]
    drawn = [presence_on_drawings(detector, data) for detector in detectors]
    assert drawn[1].mean() < 0.5 * drawn[0].mean()
    photo = str(data / "photos" / "0.jpg")
    faces = [detector.place(photo, detectors[0].detect(photo))[0] for detector in detectors]
    assert faces[1].presence > 0.7
    np.testing.assert_array_equal(faces[1].landmarks, faces[0].landmarks)


def weights_apart_from_presence(model: bytes) -> dict[str, bytes]:
    graph = onnx.load_from_string(model).graph
    stored = {item.name: item.SerializeToString() for item in graph.initializer}
    kept = {name: value for name, value in stored.items() if ".head.presence." not in name}
    assert len(stored) - len(kept) == 6
    del graph.initializer[:]
    return {**kept, "graph": graph.SerializeToString()}


def presence_on_drawings(detector: Detector, data: Path) -> np.ndarray:
    """Presence in what the face detector finds in variants that the head has not seen."""
    finder = Detector(
        None, finder="faces", rescoring=None, score_threshold=SMALLEST_SCORE, num_threads=1
    )
    found = []
    for number, path in enumerate(sorted((data / "drawings").iterdir())):
        rng = np.random.default_rng([7, number])
        for _ in range(3):
            image = vary_picture(cv2.imread(str(path)), rng)
            found += [face.presence for face in detector.place(image, finder.detect(image))]
    return np.array(found)


@pytest.mark.parametrize("storage", ["single", "half", "int8"])
def test_weights_stay_stored_as_they_are(storage: str, tmp_path: Path) -> None:
    bundle = read_face_bundle("lite")
    proto = store_weights(onnx.load_from_string(bundle.model), storage)
    head = load_network(bundle).head.presence
    with torch.no_grad():
        head.hidden.weight.neg_()
    names = [item.name for item in proto.graph.initializer]

    replace_weights(
        proto, {f"head.presence.{key}": value.numpy() for key, value in head.state_dict().items()}
    )

    assert [item.name for item in proto.graph.initializer] == names
    onnx.save(proto, tmp_path / "model.onnx")
    weights = read_exported_weights(tmp_path)
    wanted = head.hidden.weight.detach()
    tolerance = {"single": 0, "half": 1e-3, "int8": 0.01}[storage] * float(wanted.abs().max())
    torch.testing.assert_close(
        weights["head.presence.hidden.weight"], wanted, rtol=0, atol=tolerance
    )
    with pytest.raises(InvalidInputError, match=r"holds no head\.presence\.other"):
        replace_weights(proto, {"head.presence.other": np.zeros(3)})


def test_the_shift_keeps_the_number_of_faces() -> None:
    rng = np.random.default_rng(0)
    scores, sides = rng.uniform(0.1, 0.9, 200), rng.uniform(10, 100, 200)
    rule = Rescoring.from_manifest(read_finder_bundle("faces").rescoring, scores, sides)
    old = rng.normal(0, 3, 200)
    new = old - 2 + rng.normal(0, 1, 200)
    count = int(rule.passes(old).sum())

    shift = rule.shift_to_pass(new, count)

    assert 1 < shift < 3
    assert rule.passes(new + shift).sum() == count
    assert rule.passes(new + shift - 0.001).sum() == count - 1
    everything = rule.of(rule.passes(new))
    assert everything.shift_to_pass(new[rule.passes(new)], len(everything.rest)) == 0
    with pytest.raises(InvalidInputError, match="lets 0 of the 200 candidates"):
        rule.shift_to_pass(new, 0)
    with pytest.raises(InvalidInputError, match="expected a face detector that is rescored"):
        Rescoring.from_manifest({"presence_weight": 0.0}, scores, sides)


def test_labels_follow_the_overlap() -> None:
    boxes = np.array([[0, 0, 10, 10], [100, 0, 110, 10]], np.float32)
    found = np.array(
        [[0, 0, 10, 9], [0, 0, 10, 3], [0, 0, 10, 1.5], [100, 0, 110, 9], [50, 0, 60, 10]]
    )
    expected = [1, np.nan, 0, np.nan, 0]
    np.testing.assert_array_equal(label_boxes(found, boxes, np.array([True, False])), expected)
    np.testing.assert_array_equal(label_boxes(found, boxes[:0], np.zeros(0, bool)), np.zeros(5))


def test_what_cannot_be_fitted_is_refused(
    run: Callable[..., int], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def message(**options: str | Path) -> str:
        assert run(**options) == 2
        return capsys.readouterr().err

    plain = tmp_path / "plain"
    plain.mkdir()
    assert "plain holds no picture" in message(without_faces=plain)
    assert "nowhere is no folder" in message(without_faces=tmp_path / "nowhere")
    cv2.imwrite(str(plain / "gray.png"), np.full((90, 90, 3), 128, np.uint8))
    assert "0 pictures without faces hold a place" in message(without_faces=plain)
    (plain / "broken.png").write_bytes(b"no picture")
    assert "broken.png is left out" in message(without_faces=plain)
    assert "no photos.npz" in message(photos=plain)
    assert "has no head of presence" in message(bundle="resnext50")
    assert "expects a bundle of task 'faces'" in message(finder="lite")
    assert "is not an empty folder" in message(out=data)
    assert not (tmp_path / "new").exists()
