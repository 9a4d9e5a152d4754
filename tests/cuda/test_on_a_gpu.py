"""What tools/verify_gpu.py checks, as tests. Without a GPU none of it is run."""

from __future__ import annotations

import pytest
from tests.needs_gpu import REQUIRED

if not REQUIRED:
    pytest.importorskip("onnxruntime", reason="needs the gpu extra: pip install '.[gpu]'")

from tools.verification import device_input, engines, graphs_and_batches, memory, parity
from tools.verification.outcomes import CannotCheckError, Check
from tools.verification.subject import Subject

pytestmark = pytest.mark.cuda

CHECKS = (
    parity.build_says_cuda,
    engines.engine_is_cached,
    engines.convolutions_are_half,
    parity.network_parity,
    parity.pipeline_parity,
    parity.finder_parity,
    graphs_and_batches.graphs_on_and_off,
    graphs_and_batches.batches_as_singles,
    graphs_and_batches.two_threads,
    device_input.frames_on_the_gpu,
    device_input.streams_are_honored,
    device_input.nv12_frames,
    memory.memory_stays,
)


@pytest.fixture(scope="module", params=["resnext50", "lite"])
def subject(request: pytest.FixtureRequest) -> Subject:
    return Subject(request.param, "cuda", iterations=500, largest_batch=32)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_claimed_of_the_gpu_holds(check: Check, subject: Subject) -> None:
    try:
        check(subject)
    except CannotCheckError as error:
        if REQUIRED:
            raise
        pytest.skip(str(error))
