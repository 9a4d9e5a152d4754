"""What a run says of itself: a bar, one JSON object a line, the log, and TensorBoard."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from kilomark.errors import InvalidInputError
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Progress"]

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_ROWS = 30.0


class Progress:
    """Averages the parts of the loss and writes them, with the throughput, twice a minute.

    Args:
        run_dir: folder of ``progress.jsonl``.
        num_samples: of the whole run.
        enabled: False on the processes that don't write.
        tensorboard: write for TensorBoard too, into ``tensorboard/``.

    Raises:
        InvalidInputError: TensorBoard is asked for and not installed.
    """

    def __init__(
        self, run_dir: Path, num_samples: int, *, enabled: bool = True, tensorboard: bool = False
    ) -> None:
        self._path = run_dir / "progress.jsonl"
        self._num_samples = num_samples
        self._enabled = enabled
        self._bar: tqdm[None] | None = None
        self._board: SummaryWriter | None = None
        self._make_board = _board_maker(run_dir) if tensorboard and enabled else None
        self._restart(0)

    @contextmanager
    def shown(self, samples_seen: int) -> Iterator[None]:
        """Show a bar with the throughput and the time left while a person is watching."""
        self._restart(samples_seen)
        if self._make_board is not None:
            self._board = self._make_board(samples_seen)
        bar = tqdm(
            total=self._num_samples,
            initial=samples_seen,
            unit=" samples",
            smoothing=0.02,
            dynamic_ncols=True,
            disable=None if self._enabled else True,  # None: only where stderr is a terminal
        )
        with bar, logging_redirect_tqdm() if not bar.disable else nullcontext():
            self._bar = bar
            try:
                yield
            finally:
                self._bar = None
                if self._board is not None:
                    self._board.close()

    def forget_after(self, samples_seen: int) -> None:
        """Drop the rows of samples that are seen again after an interruption."""
        if not self._enabled or not self._path.exists():
            return
        rows = self._path.read_text().splitlines(keepends=True)
        kept = [row for row in rows if _samples_of(row) <= samples_seen]
        write_whole(self._path, "".join(kept).encode())

    def add(self, parts: Mapping[str, float], samples_seen: int) -> None:
        """Take in one step."""
        for key, value in parts.items():
            self._sums[key] = self._sums.get(key, 0.0) + value
        self._count += 1
        if self._bar is not None and not self._bar.disable:
            self._bar.set_postfix(loss=f"{parts['loss']:.4g}", refresh=False)
            self._bar.update(samples_seen - self._bar.n)
        elapsed = time.monotonic() - self._since
        if elapsed < _SECONDS_BETWEEN_ROWS:
            return
        means = {key: total / self._count for key, total in self._sums.items()}
        rate = (samples_seen - self._first_sample) / elapsed
        self.write({"samples": samples_seen, **means, "samples_per_s": rate})
        self._restart(samples_seen)

    def write(self, row: Mapping[str, float]) -> None:
        """Append one row."""
        if not self._enabled:
            return
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        if self._board is not None:
            for name in row.keys() - {"samples"}:
                self._board.add_scalar(name, row[name], int(row["samples"]))
        log.info("%s", "  ".join(f"{key} {value:.6g}" for key, value in row.items()))

    def _restart(self, samples_seen: int) -> None:
        """Begin a new average."""
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = time.monotonic()
        self._first_sample = samples_seen


def _board_maker(run_dir: Path) -> Callable[[int], SummaryWriter]:
    """What begins, or goes on with, a run on TensorBoard: later points that it had are dropped."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise InvalidInputError(
            "--tensorboard found no TensorBoard; expected its package: pip install tensorboard"
        ) from error
    return lambda samples_seen: SummaryWriter(
        str(run_dir / "tensorboard"), purge_step=samples_seen + 1
    )


def _samples_of(row: str) -> float:
    """Samples of a row; infinite for one that was cut off while it was written."""
    try:
        return float(json.loads(row)["samples"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
