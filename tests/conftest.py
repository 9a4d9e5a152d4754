from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.needs_gpu import skip_without_gpu
from tests.tiny_bundles import write_finder_bundle, write_landmark_bundle

import kilomark
from kilomark.devices import probe_cuda

ROOT = Path(__file__).parent.parent


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the tests that need a GPU where there is none.

    With KILOMARK_REQUIRE_CUDA=1 they fail instead, so that a run on a GPU cannot pass by skipping.
    """
    marker = item.get_closest_marker("cuda")
    if marker is None:
        return
    by_torch = marker.args == ("torch",)
    skip_without_gpu(_why_torch_has_no_gpu() if by_torch else probe_cuda().reason)


def _why_torch_has_no_gpu() -> str:
    import torch  # what trains needs no TensorRT

    return "" if torch.cuda.is_available() else "torch.cuda.is_available() is False"


@pytest.fixture(scope="session", autouse=True)
def _processes_take_ctrl_c() -> None:
    """Let Ctrl-C reach what tests start: the background jobs of a shell ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a landmark bundle whose answers are known; see tests/tiny_bundles.py."""
    return write_landmark_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finder bundle that takes bright cells for faces."""
    return write_finder_bundle(tmp_path_factory.mktemp("tiny-faces"))


@pytest.fixture(scope="session")
def detector(tiny: Path, tiny_faces: Path) -> kilomark.Detector:
    """A detector of the tiny bundles; presence is not asked for, since dark crops have none."""
    return kilomark.Detector(
        tiny, finder=tiny_faces, device="cpu", num_threads=1, rescoring=None, presence_threshold=0
    )


@pytest.fixture(scope="session")
def demo_photo() -> Path:
    return Path(kilomark.__file__).parent / "demo" / "astronaut.jpg"


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT
