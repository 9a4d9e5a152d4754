"""A run over a collection: stream the photos, write chunk after chunk, resume where it stopped."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.folder.chunks import Chunk, chunk_name, finished_chunks, remaining_chunks
from kilomark.folder.detectors import DetectorSettings, make_detectors
from kilomark.folder.photos import PhotoSource, Shard, find_photos
from kilomark.folder.progress import Counts, Progress, Rate
from kilomark.folder.state import RunState
from kilomark.options import check_whole
from kilomark.sinks import SINK_SUFFIXES, make_rows
from kilomark.sinks.parquet_sink import import_parquet
from kilomark.streaming import DEFAULT_BATCH_IMAGES, stream_images

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterator

    from kilomark.detector import Detector
    from kilomark.streaming import ImageResult

__all__ = ["PHOTOS_PER_CHUNK", "FileFormat", "process_folder"]

FileFormat = Literal["parquet", "jsonl"]
PHOTOS_PER_CHUNK = 1024


def process_folder(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    settings: DetectorSettings | None = None,
    file_format: FileFormat = "parquet",
    shard: Shard | None = None,
    photos_per_chunk: int = PHOTOS_PER_CHUNK,
    batch_images: int = DEFAULT_BATCH_IMAGES,
    decode_threads: int | None = None,
    num_threads: int | None = None,
    report: Callable[[Progress], object] | None = None,
) -> Counts:
    """Find the faces of all photos of a collection and write them in chunks.

    A chunk is a file of ``out`` for ``photos_per_chunk`` photos; it appears when it is whole. A
    run that was stopped in any way is resumed by the same call: finished chunks are kept, and
    photos that were added since come after the others.

    Args:
        source: a folder, a glob pattern or a list; see `find_photos`.
        out: the folder of the output, which is made.
        settings: of the detectors.
        file_format: of the chunks, ``"parquet"`` or ``"jsonl"``; see `kilomark.sinks`.
        shard: the part of the photos that this process works on; several may share ``out``.
        photos_per_chunk: photos of one file; a stopped run does at most these again.
        batch_images: photos that are predicted at once.
        decode_threads: threads that read and decode photos; by default one a core.
        num_threads: CPU threads of the networks; by default one a core.
        report: called after each photo.

    Returns:
        What became of all photos of the shard, those of earlier runs included.

    Raises:
        DependencyError: the format is Parquet and pyarrow is not installed.
        InvalidInputError: there are no photos, ``out`` cannot be written, is in use or holds
            another run, or an option is out of its range.
    """
    settings, shard, out = settings or DetectorSettings(), shard or Shard(), Path(out)
    check_whole("photos_per_chunk", photos_per_chunk)
    if file_format not in ("parquet", "jsonl"):
        raise InvalidInputError(f"format {excerpt(file_format)}; expected 'parquet' or 'jsonl'")
    if file_format == "parquet":
        import_parquet()  # before anything is recorded
    photos = find_photos(source, shard)
    if not photos.names and shard.count == 1:
        raise InvalidInputError(f"there is no photo in {photos.described}")
    detectors = make_detectors(settings, num_threads)
    state = RunState(out, shard)
    with state.locked():
        state.check_settings(_describe(photos, settings, file_format, shard, detectors[0]))
        names = state.merge_photos(photos.names)
        run = _Run(photos, names, shard, file_format, state, detectors, report)
        run.remove_unfinished()
        run.process(photos_per_chunk, batch_images, decode_threads)
        return run.counts


def _describe(
    photos: PhotoSource,
    settings: DetectorSettings,
    file_format: FileFormat,
    shard: Shard,
    detector: Detector,
) -> dict[str, Any]:
    """Describe what a resumed run must share with the run that it resumes."""
    return {
        "source": photos.described,
        "format": file_format,
        "shards": shard.count,
        **detector.provenance.identity(),
        **settings.options(),
    }


class _Run:
    """One call of `process_folder` after its checks."""

    def __init__(
        self,
        source: PhotoSource,
        names: list[str],
        shard: Shard,
        file_format: FileFormat,
        state: RunState,
        detectors: list[Detector],
        report: Callable[[Progress], object] | None,
    ) -> None:
        self._source = source
        self._names = names
        self._shard = shard
        self._format = file_format
        self._state = state
        self._detectors = detectors
        self._report = report
        self._rate = Rate()
        self.counts = Counts()

    def remove_unfinished(self) -> None:
        """Remove what a killed process of this shard left behind."""
        part = "" if self._shard.count == 1 else f"{self._shard.number}of{self._shard.count}-"
        for path in self._state.out.glob(f".faces-{part}[0-9]*.{self._format}.*.tmp"):
            path.unlink(missing_ok=True)

    def process(self, photos_per_chunk: int, batch_images: int, decode_threads: int | None) -> None:
        """Process the photos that no finished chunk holds."""
        names = (path.name for path in self._state.out.iterdir())
        finished = finished_chunks(names, self._shard, self._format)
        self._count_finished(finished)
        chunks = list(remaining_chunks(finished, len(self._names), photos_per_chunk))
        results = stream_images(
            [detector.predict for detector in self._detectors],
            (self._names[index] for chunk in chunks for index in range(chunk.begin, chunk.end)),
            load=self._source.path,
            batch_images=batch_images,
            decode_threads=decode_threads,
        )
        try:
            for chunk in chunks:
                self._state.add_to_journal(chunk, self._write(chunk, results))
        finally:
            results.close()

    def _write(self, chunk: Chunk, results: Generator[ImageResult[str], None, None]) -> Counts:
        counts = Counts()
        path = self._state.out / chunk_name(chunk, self._shard, self._format)
        sink_type = SINK_SUFFIXES[f".{self._format}"]
        detector = self._detectors[0]
        with sink_type(path, detector.topology, detector.provenance) as sink:
            for result in islice(results, len(chunk)):
                shown = self._source.path(result.source)
                found = result.faces if result.error is None else result.error
                sink.write(make_rows(shown, found, size=result.size))
                counts.count(result)
                self._show(result)
        return counts

    def _show(self, result: ImageResult[str]) -> None:
        self.counts.count(result)
        self._rate.count()
        if self._report is not None:
            self._report(Progress(self.counts, len(self._names), self._rate.photos_per_s()))

    def _count_finished(self, finished: list[Chunk]) -> None:
        journal = self._state.read_journal()
        for chunk in finished:
            if chunk not in journal:  # the process was killed between the chunk and its line
                path = self._state.out / chunk_name(chunk, self._shard, self._format)
                journal[chunk] = _count_rows(path)
                self._state.add_to_journal(chunk, journal[chunk])
            self.counts.add(journal[chunk])


def _count_rows(path: Path) -> Counts:
    """Count the photos and faces of a finished chunk."""
    counts = Counts()
    for face_index, error in _read_indices(path):
        counts.photos += not face_index  # None, or the first face
        counts.faces += face_index is not None
        counts.errors += error is not None
        counts.without_faces += face_index is None and error is None
    return counts


def _read_indices(path: Path) -> Iterator[tuple[int | None, str | None]]:
    if path.suffix == ".parquet":
        from pyarrow import parquet

        table = parquet.read_table(path, columns=["face_index", "error"])
        yield from zip(table["face_index"].to_pylist(), table["error"].to_pylist(), strict=True)
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row["face_index"], row["error"]
