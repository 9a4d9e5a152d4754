"""What ``torchrun`` starts twice for test_distributed: trains, and tells what came out."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from tests.training.line_task import SETTINGS, LineTask, line_trainer

from kilomark.training.distributed import Ranks, joined
from kilomark.training.loop import TrainingInterruptedError

ACCUMULATING = replace(SETTINGS, accumulate=2, schedule="plateau", evaluate_every=32)


def stop_and_resume(run_dir: Path, ranks: Ranks) -> list[float]:
    """Only process 1 gets a signal, at its sixth step; both stop, and both go on."""
    stopped, resumed = LineTask(stop_after=6 if ranks.rank == 1 else None), LineTask()
    try:
        line_trainer(run_dir, stopped, ranks=ranks).train()
    except TrainingInterruptedError:
        trainer = line_trainer(run_dir, resumed, ranks=ranks)
        trainer.resume()
        trainer.train()
    return stopped.losses + resumed.losses


def main() -> None:
    torch.set_num_threads(1)
    out = Path(sys.argv[1])
    with joined("cpu") as ranks:
        whole = LineTask()
        line_trainer(out / "whole", whole, dropout=0, ranks=ranks).train()
        parts = LineTask()
        line_trainer(out / "accumulated", parts, ACCUMULATING, dropout=0, ranks=ranks).train()
        random = LineTask()
        line_trainer(out / "random", random, ranks=ranks).train()
        losses = {
            "whole": whole.losses,
            "accumulated": parts.losses,
            "random": random.losses,
            "resumed": stop_and_resume(out / "resumed", ranks),
        }
        (out / f"losses-{ranks.rank}.json").write_text(json.dumps(losses))


if __name__ == "__main__":
    main()
