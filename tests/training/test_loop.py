from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from tests.training.line_task import SETTINGS, LineTask, line_trainer
from torch import Tensor, nn

from kilomark.errors import InvalidInputError
from kilomark.networks.freezing import freeze
from kilomark.training.checkpoints import newest_checkpoint, read_checkpoint
from kilomark.training.distributed import Ranks
from kilomark.training.loop import Trainer, TrainingInterruptedError
from kilomark.training.settings import Stage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("stop_after", [8, 11])  # between the stages, and within the second
def test_resuming_continues_to_the_same_losses(
    tmp_path: Path, stop_after: int, num_workers: int
) -> None:
    whole = LineTask()
    wanted = line_trainer(tmp_path / "whole", whole).train()

    settings = replace(SETTINGS, num_workers=num_workers)
    stopped, resumed = LineTask(stop_after=stop_after), LineTask()
    with pytest.raises(TrainingInterruptedError):
        line_trainer(tmp_path / "parts", stopped, settings).train()
    trainer = line_trainer(tmp_path / "parts", resumed, settings)
    assert trainer.resume()
    found = trainer.train()

    assert stopped.losses + resumed.losses == whole.losses
    assert found == wanted


def test_a_checkpoint_holds_all_of_a_run(tmp_path: Path) -> None:
    trainer = line_trainer(tmp_path, recipe={"network": "line"})
    trainer.train()

    path = newest_checkpoint(tmp_path)
    assert path is not None
    state = read_checkpoint(path)

    assert (state["step"], state["samples_seen"], state["epoch"]) == (16, 128, 128 // 24)
    assert state["recipe"] == {"network": "line"}
    assert set(state["rng"][0]) == {"torch", "numpy", "python"}
    assert set(state["network"]) == set(state["averaged"])
    assert len(state["optimizer"]["state"]) == 4


@pytest.mark.parametrize("stop_after", [9, 10, 12])
def test_a_resumed_plateau_falls_as_an_uninterrupted_one(tmp_path: Path, stop_after: int) -> None:
    """Evaluations stay at the same samples, also where a run was stopped just before one."""
    settings = replace(SETTINGS, schedule="plateau", plateau_patience=1, evaluate_every=16)
    whole = LineTask()
    whole_trainer = line_trainer(tmp_path / "whole", whole, settings)
    whole_trainer.train()

    stopped, resumed = LineTask(stop_after=stop_after), LineTask()
    with pytest.raises(TrainingInterruptedError):
        line_trainer(tmp_path / "parts", stopped, settings).train()
    trainer = line_trainer(tmp_path / "parts", resumed, settings)
    trainer.resume()
    trainer.train()

    assert stopped.losses + resumed.losses == whole.losses
    assert whole_trainer.optimizer.param_groups[0]["lr"] < 0.1 * SETTINGS.learning_rate
    assert [row["samples"] for row in _evaluations(tmp_path / "parts")] == [
        row["samples"] for row in _evaluations(tmp_path / "whole")
    ]


def _evaluations(run_dir: Path) -> list[dict[str, float]]:
    rows = [json.loads(row) for row in (run_dir / "progress.jsonl").read_text().splitlines()]
    return [row for row in rows if "error" in row]


def test_a_plateau_waits_while_the_error_falls(tmp_path: Path) -> None:
    settings = replace(SETTINGS, schedule="plateau", plateau_patience=1, evaluate_every=16)
    task = LineTask()
    task.errors = {number: 1 / number for number in range(20)[1:]}
    trainer = line_trainer(tmp_path, task, settings)

    trainer.train()

    assert [group["lr"] for group in trainer.optimizer.param_groups] == [SETTINGS.learning_rate] * 2


def test_each_stage_is_evaluated_at_its_size(tmp_path: Path) -> None:
    line_trainer(tmp_path, settings=replace(SETTINGS, evaluate_every=32)).train()

    found = [(row["samples"], row["size_seen"]) for row in _evaluations(tmp_path)]

    assert found == [(32, 8), (64, 8), (96, 16), (128, 16)]


def test_resuming_with_other_settings_is_refused(tmp_path: Path) -> None:
    line_trainer(tmp_path, recipe={"network": "line"}).save()

    other = replace(SETTINGS, learning_rate=1.0, frozen=("trunk",))
    trainer = line_trainer(tmp_path, settings=other, recipe={"network": "curve"})

    with pytest.raises(InvalidInputError) as caught:
        trainer.resume()
    for part in ("learning_rate: 0.002, not 1.0", "frozen: [], not ['trunk']", "line, not curve"):
        assert part in str(caught.value)


def test_where_a_run_goes_on_does_not_matter(tmp_path: Path) -> None:
    line_trainer(tmp_path).save()

    other = replace(SETTINGS, num_workers=2, checkpoint_minutes=9, checkpoints_kept=7)

    assert line_trainer(tmp_path, settings=other).resume()


def test_when_a_plateau_is_looked_for_does_matter(tmp_path: Path) -> None:
    plateau = replace(SETTINGS, schedule="plateau")
    line_trainer(tmp_path, settings=plateau).save()

    with pytest.raises(InvalidInputError, match="evaluate_every: 1000, not 99"):
        line_trainer(tmp_path, settings=replace(plateau, evaluate_every=99)).resume()


def test_a_checkpoint_of_the_first_format_goes_on(tmp_path: Path) -> None:
    """It had no schedule, no recipe, no place in the evaluations, and torch's generator only."""
    with pytest.raises(TrainingInterruptedError):
        line_trainer(tmp_path, LineTask(stop_after=5)).train()
    path = newest_checkpoint(tmp_path)
    assert path is not None
    state = read_checkpoint(path)
    for key in ("schedule", "recipe", "evaluated_at", "epoch"):
        del state[key]
    for key in ("loss", "schedule", "frozen", "accumulate", "pictures_kept"):
        del state["settings"][key]
    state["rng"] = state["rng"][0]["torch"]
    torch.save(state, path)

    trainer = line_trainer(tmp_path)

    assert trainer.resume()
    assert trainer.step == 5
    trainer.train()


def test_there_is_nothing_to_resume_in_a_new_folder(tmp_path: Path) -> None:
    assert not line_trainer(tmp_path / "new").resume()


def test_a_damaged_checkpoint_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(SETTINGS, checkpoint_minutes=0, checkpoints_kept=2)
    line_trainer(tmp_path / "whole", whole := LineTask(), settings).train()
    with pytest.raises(TrainingInterruptedError):
        line_trainer(tmp_path / "run", LineTask(stop_after=5), settings).train()
    newest = newest_checkpoint(tmp_path / "run")
    assert newest is not None
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)

    trainer = line_trainer(tmp_path / "run", resumed := LineTask(), settings)
    assert trainer.resume()
    assert (trainer.step, "cannot read the checkpoint" in caplog.text) == (4, True)
    trainer.train()

    assert resumed.losses == whole.losses[4:]
    assert newest.with_suffix(".damaged").exists()


def test_a_batch_in_parts_has_the_loss_of_the_whole(tmp_path: Path) -> None:
    whole, parts = LineTask(), LineTask()
    wanted = line_trainer(tmp_path / "whole", whole, dropout=0).train()

    settings = replace(SETTINGS, accumulate=4)
    found = line_trainer(tmp_path / "parts", parts, settings, dropout=0).train()

    means = torch.tensor(parts.losses).reshape(-1, 4).mean(1)
    torch.testing.assert_close(means, torch.tensor(whole.losses), rtol=1e-5, atol=1e-6)
    assert found == pytest.approx(wanted, rel=1e-5)


def test_a_batch_that_does_not_divide_is_refused(tmp_path: Path) -> None:
    settings = replace(SETTINGS, stages=(Stage(8, 64, 6),), accumulate=4)

    with pytest.raises(InvalidInputError, match="a batch of 6 does not divide"):
        line_trainer(tmp_path, settings=settings)


@pytest.mark.parametrize(
    ("name", "value"), [("learning_rate", -1.0), ("ema_decay", float("nan")), ("accumulate", 0)]
)
def test_settings_out_of_range_are_named(name: str, value: float) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} is {value}; expected a number from"):
        replace(SETTINGS, **{name: value})


class _Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.head = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.trunk(x))
        return result


def test_frozen_parts_keep_weights_and_statistics(tmp_path: Path) -> None:
    network = _Normed()
    freeze(network, ["trunk"])
    before = {name: value.clone() for name, value in network.state_dict().items()}

    Trainer(network, LineTask(), SETTINGS, tmp_path).train()

    after = network.state_dict()
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {name for name in before if name.startswith("trunk.")}


def test_unknown_parts_cannot_be_frozen() -> None:
    with pytest.raises(InvalidInputError, match=r"no part 'neck'.*head, head\.0"):
        freeze(_Normed(), ["neck"])
    with pytest.raises(InvalidInputError, match="leaves nothing to train"):
        freeze(_Normed(), ["trunk", "head"])


@pytest.mark.parametrize("optimizer", ["adamw", "radam"])
def test_bfloat16_and_both_optimizers_learn(tmp_path: Path, optimizer: str) -> None:
    settings = replace(
        SETTINGS, optimizer=optimizer, precision="bf16", learning_rate=0.03, clip_norm=100.0,
        stages=(Stage(8, 800, 8),),
    )  # fmt: skip
    task = LineTask()

    line_trainer(tmp_path, task, settings, dropout=0).train()

    assert sum(task.losses[-5:]) < 0.02 * sum(task.losses[:5])


def test_a_gradient_that_is_not_finite_stops_training(tmp_path: Path) -> None:
    class Broken(LineTask):
        def loss(
            self, network: nn.Module, batch: list[Tensor], weight: Tensor
        ) -> tuple[Tensor, dict[str, Tensor]]:
            loss, parts = super().loss(network, batch, weight)
            return loss * float("nan"), parts

    with pytest.raises(InvalidInputError, match="gradient is nan at step 0"):
        line_trainer(tmp_path, Broken()).train()


@pytest.mark.cuda("torch")
def test_a_gpu_trains_saves_and_resumes(tmp_path: Path) -> None:
    ranks = Ranks(device=torch.device("cuda:0"))
    settings = replace(SETTINGS, precision="bf16", accumulate=2)
    with pytest.raises(TrainingInterruptedError):
        line_trainer(tmp_path, LineTask(stop_after=6), settings, ranks=ranks).train()

    trainer = line_trainer(tmp_path, settings=settings, ranks=ranks)

    assert trainer.resume()
    assert trainer.step == 3
    assert next(trainer.network.parameters()).is_cuda
    assert trainer.train()["size_seen"] == 16
