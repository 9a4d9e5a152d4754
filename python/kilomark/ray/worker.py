"""The actor of a run: it keeps detectors and does one chunk after another."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.folder.chunks import Chunk
from kilomark.folder.detectors import make_detectors
from kilomark.folder.progress import Counts
from kilomark.ray.sources import Encoded
from kilomark.sinks import make_rows
from kilomark.streaming import stream_images

if TYPE_CHECKING:
    from kilomark.folder.detectors import DetectorSettings
    from kilomark.ray.outputs import Output
    from kilomark.ray.sources import Source
    from kilomark.sinks import ParquetSink

__all__ = ["ChunkWorker"]


class ChunkWorker:
    """Does chunks; Ray makes one for each worker, and another one where a worker dies."""

    def __init__(
        self,
        source: Source,
        output: Output,
        settings: DetectorSettings,
        num_threads: int,
        batch_images: int,
    ) -> None:
        self._source = source
        self._output = output
        self._detectors = make_detectors(settings, num_threads)
        self._num_threads = num_threads
        self._batch_images = batch_images

    def __call__(self, rows: dict[str, Any]) -> dict[str, Any]:
        """Do the chunks of a batch of rows and return their counts, one row a chunk."""
        done = [
            asdict(self._do(Chunk(int(begin), int(end)), list(units)))
            for begin, end, units in zip(rows["begin"], rows["end"], rows["units"], strict=True)
        ]
        return {name: np.array([counts[name] for counts in done]) for name in done[0]}

    def _do(self, chunk: Chunk, units: list[str]) -> Counts:
        counts = Counts()

        def fill(sink: ParquetSink) -> None:
            results = stream_images(
                [detector.predict for detector in self._detectors],
                self._source.read_units(units),
                load=Encoded.load,
                batch_images=self._batch_images,
                decode_threads=self._num_threads,
            )
            for result in results:
                found = result.faces if result.error is None else result.error
                sink.write(make_rows(result.source.path, found, size=result.size))
                counts.count(result)

        self._output.write_chunk(chunk, self._detectors[0], fill)
        return counts
