from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from kilomark.engines import BatchProfile, EngineKey, EngineTarget
from kilomark.errors import DeviceUnavailableError, InvalidInputError


def make_probe(**changes: object) -> SimpleNamespace:
    gpu = SimpleNamespace(name="NVIDIA H100", compute_capability=(9, 0), reason="")
    probe = {"reason": "", "tensorrt_version": "10.14.1.48", "devices": [gpu]}
    return SimpleNamespace(**(probe | changes))


def test_the_tuned_batch_is_small_unless_told() -> None:
    assert BatchProfile(128, 128, max_batch=64).opt_batch == 8
    assert BatchProfile(128, 128, max_batch=2).opt_batch == 2
    assert BatchProfile(128, 128, max_batch=64, opt_batch=32).opt_batch == 32


@pytest.mark.parametrize(
    ("batches", "found"),
    [
        ({"max_batch": 0}, "max_batch is 0"),
        ({"min_batch": 9, "max_batch": 8}, "min 9"),
        ({"opt_batch": 17}, "opt 17"),
        ({"opt_batch": -1}, "opt_batch is -1"),
    ],
)
def test_batches_out_of_order_are_refused(batches: dict[str, int], found: str) -> None:
    with pytest.raises(InvalidInputError, match=found):
        BatchProfile(128, 128, **batches)


def test_a_target_is_what_the_probe_found() -> None:
    target = EngineTarget.of_probe(make_probe())
    assert target == EngineTarget("NVIDIA H100", (9, 0), "10.14.1.48")


@pytest.mark.parametrize(
    ("changes", "index", "why"),
    [
        ({"reason": "there is no driver"}, 0, "there is no driver"),
        ({}, 1, "this machine has 1"),
        ({}, -1, "there is no GPU -1"),
        (
            {"devices": [SimpleNamespace(name="", compute_capability=(5, 0), reason="too old")]},
            0,
            "too old",
        ),
    ],
)
def test_an_unusable_gpu_is_no_target(changes: dict[str, object], index: int, why: str) -> None:
    with pytest.raises(DeviceUnavailableError, match=why):
        EngineTarget.of_probe(make_probe(**changes), index)


def test_what_an_engine_depends_on_is_in_its_file_name(key: EngineKey) -> None:
    target, profile = key.target, key.profile
    others = [
        replace(key, model_sha256="0" * 64),
        replace(key, precision="fp32"),
        replace(key, profile=replace(profile, max_batch=32)),
        replace(key, profile=replace(profile, width=64)),
        replace(key, target=replace(target, gpu_name="NVIDIA-Test-GPU")),
        replace(key, target=replace(target, compute_capability=(9, 0))),
        replace(key, target=replace(target, tensorrt_version="10.14.1.49")),
    ]
    names = {other.file_name() for other in [key, *others]}
    assert len(names) == 1 + len(others)
    assert key.file_name().startswith("tiny_fp16_32x32_b1-8-16_NVIDIA-Test-GPU_trt10.14.1.48_")


def test_like_gpus_of_one_machine_share_engines(key: EngineKey) -> None:
    second = replace(key, target=replace(key.target, gpu_index=1))
    assert second.file_name() == key.file_name()


def test_a_hostile_name_stays_in_the_folder(key: EngineKey) -> None:
    name = replace(key, bundle_name="../../etc/passwd").file_name()
    assert "/" not in name
    assert not name.startswith(".")


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (BatchProfile(32, 32), [(1, 1, 1), (1, 8, 16)]),
        (BatchProfile(32, 32, max_batch=2), [(1, 1, 1), (1, 2, 2)]),
        (BatchProfile(32, 32, max_batch=1), [(1, 1, 1)]),
        (BatchProfile(32, 32, min_batch=2), [(2, 8, 16)]),
    ],
)
def test_single_images_have_a_profile_of_their_own(
    profile: BatchProfile, expected: list[tuple[int, int, int]]
) -> None:
    assert profile.tuned_batches() == expected
