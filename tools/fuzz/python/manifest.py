"""Any bytes as manifest.json: a bundle, or BundleError."""

from __future__ import annotations

import json

from harness import ROOT, check_message, fuzz, instrumented, memory_folder

with instrumented():
    from kilomark import manifest
    from kilomark.errors import BundleError

FOLDER = memory_folder()
(FOLDER / "model.onnx").write_bytes(b"not read: the manifest's SHA-256 is another one")


def test_one_input(data: bytes) -> None:
    (FOLDER / "manifest.json").write_bytes(data)
    original = manifest.read_model
    manifest.read_model = lambda *_: b""  # the fields after it are looked at too
    try:
        bundle = manifest.read_bundle(FOLDER)
    except BundleError as error:
        check_message(error)
        return
    finally:
        manifest.read_model = original
    assert 1 <= bundle.input.width <= manifest.LARGEST_INPUT_PX


def seeds() -> list[bytes]:
    found = []
    for path in sorted((ROOT / "python/kilomark/bundles").glob("*/manifest.json")):
        fields = json.loads(path.read_text())
        fields.pop("training", None)
        if "num_landmarks" in fields:  # few landmarks: mutations then hit all fields
            fields |= {"num_landmarks": 3, "mirror": [1, 0, 2], "subset_68": [0] * 68}
            fields["mean_shape"] = fields["mean_shape"][:3]
            fields["groups"] = [{"name": "eye", "start": 0, "count": 2, "closed": True}]
        found.append(json.dumps(fields).encode())
    return found


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
