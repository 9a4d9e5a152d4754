"""A sink of text: to a file that appears when it is whole, or to a stream that is open already."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from contextlib import nullcontext
from typing import TYPE_CHECKING, TextIO

from kilomark.sinks.output_file import OutputFile
from kilomark.sinks.sink import Sink, check_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

    from kilomark.provenance import Provenance
    from kilomark.sinks.rows import FaceRow
    from kilomark.topology import Topology

__all__ = ["TextSink"]


class TextSink(Sink):
    """Writes each row as text when it comes.

    Args:
        target: a path, or an open stream such as ``sys.stdout``, which stays open.
        topology: of the detector, `kilomark.Detector.topology`.
        provenance: of the detector; without it there are no columns about networks.
        extra: names and types of columns of your own, such as ``{"frame": int}``.

    Raises:
        InvalidInputError: the file cannot be made.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | TextIO,
        topology: Topology,
        provenance: Provenance | None = None,
        *,
        extra: Mapping[str, type] | None = None,
    ) -> None:
        self._topology = topology
        self._provenance = provenance
        self._extra = check_extra(extra)
        self._file = OutputFile(target) if isinstance(target, str | os.PathLike) else None
        if self._file is not None:
            self._stream: TextIO = io.TextIOWrapper(self._file.stream, "utf-8", newline="")
        elif not isinstance(target, str | os.PathLike):
            self._stream = target
        self._is_open = True
        with self._errors():
            self._start()

    def write(self, rows: Iterable[FaceRow]) -> None:
        """See `Sink.write`."""
        with self._errors():
            for row in rows:
                self._write_row(row)
                self.num_rows += 1

    def close(self) -> None:
        """See `Sink.close`."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            with self._errors():
                self._stream.flush()
            if self._file is not None:
                self._file.finish()
        finally:
            self._discard()

    def abort(self) -> None:
        """See `Sink.abort`."""
        self._is_open = False
        self._discard()

    def _discard(self) -> None:
        if self._file is not None:
            self._file.discard()

    def _errors(self) -> AbstractContextManager[None]:
        """Of a stream that is not ours, errors are the caller's: a pipe that closed, say."""
        return nullcontext() if self._file is None else self._file.errors()

    def _start(self) -> None:
        """Write what comes before the first row."""

    @abstractmethod
    def _write_row(self, row: FaceRow) -> None: ...
