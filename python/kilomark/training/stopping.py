"""Being asked to stop: a signal is noted, and acted on when a step is done."""

from __future__ import annotations

import logging
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["StopRequest"]

log = logging.getLogger(__name__)


class StopRequest:
    """Whether SIGTERM or SIGINT has come while this was listening."""

    def __init__(self) -> None:
        self.is_made = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note the signals, which otherwise would end the process."""
        previous = {
            number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        log.info("%s: saving after this step", signal.Signals(number).name)
        self.is_made = True
