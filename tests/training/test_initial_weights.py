from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

from kilomark.cli.main import main
from kilomark.detector import Detector
from kilomark.errors import InvalidInputError
from kilomark.networks.face_finder import FaceFinder
from kilomark.networks.lite import make_lite
from kilomark.networks.registry import LANDMARK_NETWORKS
from kilomark.training.checkpoints import read_checkpoint, write_checkpoint
from kilomark.training.initial_weights import start_network
from kilomark.training.weights_file import write_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint of lite with 5 landmarks; only the averaged weights are those wanted."""
    torch.manual_seed(1)
    state = {"network": make_lite(5).state_dict(), "averaged": make_lite(5).state_dict()}
    state["samples_seen"] = 8
    return write_checkpoint(tmp_path / "run", 8, state, keep=1)


def _same(one: nn.Module, other: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, value in one.state_dict().items() if torch.equal(value, other[name])}


def test_a_checkpoint_starts_trunk_and_head(checkpoint: Path) -> None:
    network = make_lite(5)

    assert start_network(network, str(checkpoint))

    averaged = torch.load(checkpoint)["averaged"]
    assert _same(network, averaged) == set(averaged)


def test_a_checkpoints_trunk_starts_a_network_of_other_landmarks(checkpoint: Path) -> None:
    network = make_lite(7)

    with pytest.raises(InvalidInputError, match=r"head\.coordinates.* --init-part trunk"):
        start_network(network, str(checkpoint))
    assert not start_network(network, str(checkpoint), "trunk")

    averaged = torch.load(checkpoint)["averaged"]
    assert {name for name in averaged if name.startswith("trunk.")} <= _same(network, averaged)


def test_a_trunk_under_its_own_names_starts_a_trunk(tmp_path: Path) -> None:
    trunk = make_lite(5).trunk
    save_file(trunk.state_dict(), tmp_path / "trunk.safetensors")
    network = make_lite(7)

    assert not start_network(network, str(tmp_path / "trunk.safetensors"))

    assert len(_same(network.trunk, trunk.state_dict())) == len(trunk.state_dict())


def test_a_finder_starts_from_a_finder(tmp_path: Path) -> None:
    state = {"network": {}, "averaged": FaceFinder().state_dict()}
    checkpoint = write_checkpoint(tmp_path, 8, state, keep=1)
    network = FaceFinder()

    assert start_network(network, str(checkpoint))

    assert _same(network, state["averaged"]) == set(state["averaged"])


@pytest.fixture
def examples() -> Callable[[], torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return lambda: torch.randn(8, 3, 128, 128, generator=generator)


@pytest.mark.parametrize("name", ["lite", "resnext50"])
def test_a_bundle_starts_a_network_that_answers_as_it_does(
    name: str, examples: Callable[[], torch.Tensor]
) -> None:
    network = LANDMARK_NETWORKS[name](971)
    images = examples()[:2]

    assert start_network(network, name, examples=examples)

    detector = Detector(name, finder=None, device="cpu", num_threads=1, blend=False)
    answers = detector._core.infer("landmarks", images.numpy())
    landmarks, spread, presence = (answers[key] for key in ("landmarks", "spread", "presence"))
    with torch.no_grad():
        answer = network.eval()(images)
    assert (answer.landmarks * 128 - torch.from_numpy(landmarks)).abs().max() < 0.02
    assert (answer.log_spread.exp() * 128 / torch.from_numpy(spread) - 1).abs().max() < 1e-3
    assert (answer.presence_logit.sigmoid() - torch.from_numpy(presence)).abs().max() < 1e-3


def test_its_batch_norms_know_the_examples(examples: Callable[[], torch.Tensor]) -> None:
    network, images = LANDMARK_NETWORKS["lite"](971), examples()
    start_network(network, "lite", examples=lambda: images)

    with torch.no_grad():
        resting, training = network.eval()(images), network.train()(images)

    assert (resting.landmarks - training.landmarks).abs().max() < 0.01


def test_a_bundles_trunk_starts_a_network_of_other_landmarks(
    examples: Callable[[], torch.Tensor],
) -> None:
    whole, other = LANDMARK_NETWORKS["lite"](971), LANDMARK_NETWORKS["lite"](5)
    images = examples()
    start_network(whole, "lite", examples=lambda: images)

    with pytest.raises(InvalidInputError, match=r"head\.coordinates.* --init-part trunk"):
        start_network(other, "lite", examples=lambda: images)
    assert not start_network(other, "lite", "trunk", examples=lambda: images)

    with torch.no_grad():
        difference = whole.eval().trunk(images) - other.eval().trunk(images)
    assert difference.abs().max() < 1e-4


def test_a_runs_folder_names_its_checkpoint(tmp_path: Path) -> None:
    network = LANDMARK_NETWORKS["lite"](5)
    with pytest.raises(InvalidInputError, match=r"is a folder; expected a \.safetensors file"):
        start_network(network, str(tmp_path))
    (tmp_path / "checkpoint-000000000008.pt").touch()
    with pytest.raises(InvalidInputError, match=r"--init .*checkpoint-000000000008\.pt"):
        start_network(network, str(tmp_path))


def test_a_bundle_of_another_network_is_refused(examples: Callable[[], torch.Tensor]) -> None:
    with pytest.raises(InvalidInputError, match="the bundle is of another network"):
        start_network(LANDMARK_NETWORKS["resnext50"](971), "lite", examples=examples)
    with pytest.raises(InvalidInputError, match="batch norms are folded"):
        start_network(make_lite(971), "lite")


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "other.safetensors")

    with pytest.raises(InvalidInputError, match="lacks"):
        start_network(make_lite(5), str(tmp_path / "other.safetensors"))
    with pytest.raises(InvalidInputError, match="cannot read weights"):
        start_network(make_lite(5), str(tmp_path / "missing.safetensors"))


def test_imagenet_without_a_connection_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.models

    def unreachable(**_: object) -> None:
        raise OSError("no route to host")

    weights = torchvision.models.ResNeXt50_32X4D_Weights.IMAGENET1K_V2
    monkeypatch.setattr(type(weights), "get_state_dict", lambda *_, **__: unreachable())

    with pytest.raises(InvalidInputError, match=r"could not be downloaded .no route to host"):
        start_network(make_lite(5), "imagenet")


@pytest.mark.parametrize("half", [False, True])
def test_weights_alone_start_a_network(checkpoint: Path, tmp_path: Path, half: bool) -> None:
    path = tmp_path / "weights.safetensors"
    command = ["weights", str(checkpoint.parent), "--out", str(path), *["--half"] * half]
    network = make_lite(5)

    assert main(command) == 0
    assert start_network(network, str(path))

    averaged = read_checkpoint(checkpoint)["averaged"]
    for name, value in network.state_dict().items():
        rounding = 2**-11 if half and value.ndim > 1 else 0
        torch.testing.assert_close(value, averaged[name], rtol=rounding, atol=rounding * 1e-3)
    assert path.stat().st_size < checkpoint.stat().st_size / (3.9 if half else 1.9)


def test_half_weights_of_the_largest_network_are_small(tmp_path: Path) -> None:
    state = {"averaged": LANDMARK_NETWORKS["resnext50"](971).state_dict(), "samples_seen": 8}

    write_weights(state, tmp_path / "weights.safetensors", half=True)

    assert (tmp_path / "weights.safetensors").stat().st_size < 20e6


def test_what_half_precision_cannot_hold_stays_single(tmp_path: Path) -> None:
    state = {"averaged": {"trunk.w": torch.tensor([[1e6, 1.0]])}, "samples_seen": 8}

    write_weights(state, tmp_path / "weights.safetensors", half=True)

    stored = load_file(tmp_path / "weights.safetensors")["trunk.w"]
    assert stored.tolist() == [[1e6, 1.0]]


def test_weights_of_no_run_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", str(tmp_path), "--out", str(tmp_path / "w.safetensors")]) == 2
    assert "holds no checkpoint" in capsys.readouterr().err
    assert main(["weights", str(tmp_path), "--out", str(tmp_path / "w.pt")]) == 2
    assert "expected the name of a .safetensors file" in capsys.readouterr().err
