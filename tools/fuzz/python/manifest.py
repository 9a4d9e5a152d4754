"""Any bytes as manifest.json, through the core to Python's values: a bundle, or BundleError."""

from __future__ import annotations

import json
from pathlib import Path

from harness import ROOT, check_message, fuzz, instrumented

with instrumented():
    from kilomark import _core, manifest
    from kilomark.errors import BundleError


def test_one_input(data: bytes) -> None:
    try:
        parsed = _core.parse_manifest(data, b"bundle")
        bundle = manifest._to_bundle(parsed, Path("bundle"))  # noqa: SLF001 - no file is read
    except BundleError as error:
        check_message(error)
        return
    assert 1 <= bundle.input.width <= manifest.LARGEST_INPUT_PX


def seeds() -> list[bytes]:
    found = []
    for path in sorted((ROOT / "python/kilomark/bundles").glob("*/manifest.json")):
        fields = json.loads(path.read_text())
        fields.pop("training", None)
        if "num_landmarks" in fields:  # few landmarks: mutations then hit all fields
            few = {"mirror": [1, 0, 2], "subset_68": [0] * 68, "num_landmarks": 3}
            if "mean_shape" in fields:
                few["mean_shape"] = fields["mean_shape"][:3]
            fields |= {name: value for name, value in few.items() if name in fields}
            fields["groups"] = [{"name": "eye", "start": 0, "count": 2, "closed": True}]
        found.append(json.dumps(fields).encode())
    return found


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
