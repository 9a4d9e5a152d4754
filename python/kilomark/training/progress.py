"""What a run says of itself: one JSON object a line, and the same on the log."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_ROWS = 30.0


class Progress:
    """Averages the parts of the loss and writes them, with the throughput, twice a minute."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.restart(0)

    def restart(self, samples_seen: int) -> None:
        """Begin a new average."""
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = time.monotonic()
        self._first_sample = samples_seen

    def add(self, parts: Mapping[str, float], samples_seen: int) -> None:
        """Take in one step."""
        for key, value in parts.items():
            self._sums[key] = self._sums.get(key, 0.0) + value
        self._count += 1
        elapsed = time.monotonic() - self._since
        if elapsed < _SECONDS_BETWEEN_ROWS:
            return
        means = {key: total / self._count for key, total in self._sums.items()}
        rate = (samples_seen - self._first_sample) / elapsed
        self.write({"samples": samples_seen, **means, "samples_per_s": rate})
        self.restart(samples_seen)

    def write(self, row: Mapping[str, float]) -> None:
        """Append one row."""
        with self._path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        logger.info("%s", "  ".join(f"{key} {value:.6g}" for key, value in row.items()))
