"""Any bytes as the JSON beside an engine: the engine, or a reason why it does not serve."""

from __future__ import annotations

import json

from harness import check_message, fuzz, instrumented, memory_folder

with instrumented():
    from tests.tiny_bundles import write_landmark_bundle

    from kilomark.engines.cache import EngineCache
    from kilomark.engines.target import BatchProfile, EngineKey, EngineTarget
    from kilomark.errors import EngineError
    from kilomark.manifest import read_landmark_bundle

FOLDER = memory_folder()
CACHE = EngineCache(FOLDER)
BUNDLE = read_landmark_bundle(write_landmark_bundle(FOLDER / "bundle"))
TARGET = EngineTarget("NVIDIA Test GPU", (8, 9), "10.14.1.48")
KEY = EngineKey.of(BUNDLE, "fp16", BatchProfile(BUNDLE.input.width, BUNDLE.input.height), TARGET)
CACHE.write(KEY, b"plan", {})
RECORD = next(FOLDER.glob("*.engine.json"))


def test_one_input(data: bytes) -> None:
    RECORD.write_bytes(data)
    try:
        found = CACHE.find(KEY)
    except EngineError as error:
        check_message(error)
        return
    assert found.plan in (None, b"plan")


def seeds() -> list[bytes]:
    record = json.loads(RECORD.read_text())
    return [json.dumps(record).encode(), json.dumps({**record, "max_batch": -1}).encode(), b"[]"]


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
