"""A run over a collection by Ray Data: chunks to actors, counts back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kilomark.blending import choose_companion
from kilomark.errors import DependencyError, InvalidInputError
from kilomark.eye_choice import choose_eyes
from kilomark.finder_choice import choose_finder
from kilomark.folder.chunks import remaining_chunks
from kilomark.folder.detectors import DetectorSettings
from kilomark.folder.progress import Counts
from kilomark.folder.run import PHOTOS_PER_CHUNK
from kilomark.manifest import read_landmark_bundle
from kilomark.network_loading import choose_rescorer
from kilomark.options import check_whole
from kilomark.provenance import make_provenance
from kilomark.streaming import DEFAULT_BATCH_IMAGES

if TYPE_CHECKING:
    from kilomark.folder.chunks import Chunk
    from kilomark.ray.outputs import Output
    from kilomark.ray.sources import Source

__all__ = ["process_folder"]

log = logging.getLogger(__name__)


def process_folder(
    source: str,
    out: str,
    *,
    settings: DetectorSettings | None = None,
    image_column: str | None = None,
    path_column: str = "path",
    workers: int | None = None,
    cpus_per_worker: int = 1,
    gpus_per_worker: float = 0,
    photos_per_chunk: int | None = None,
    batch_images: int = DEFAULT_BATCH_IMAGES,
) -> Counts:
    """Find the faces of all photos of a collection on the machines of a Ray cluster.

    The rows and files are those of `kilomark.folder.process_folder`. A worker that dies is replaced
    and its chunk done again; a run that was stopped is resumed by the same call.

    Args:
        source: a folder with photos, or with Parquet files that hold photos: a path that all
            machines share, or a URI that pyarrow knows, such as ``s3://bucket/photos``.
        out: the folder of the output: such a path or URI.
        settings: of the detectors.
        image_column: the column of encoded photos, to read Parquet files. It holds bytes, or
            structs with ``bytes`` and ``path`` as Hugging Face's data sets have them.
        path_column: the column that names the photos in the output, where the files have it.
        workers: actors that work at once; by default as many as the cluster has room for.
        cpus_per_worker: cores of each actor.
        gpus_per_worker: GPUs of each actor.
        photos_per_chunk: photos of one file of the output, by default 1024; of Parquet files,
            row groups, by default 1.
        batch_images: photos that are predicted at once.

    Returns:
        What became of the photos of this call, not counting those of finished chunks.

    Raises:
        DependencyError: Ray is not installed.
        InvalidInputError: there are no photos, or ``out`` cannot be written or is of another run.
    """
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise DependencyError("this needs Ray: pip install 'kilomark[ray]'") from error
    from kilomark.ray.outputs import Output
    from kilomark.ray.sources import Source
    from kilomark.ray.worker import ChunkWorker

    check_whole("cpus_per_worker", cpus_per_worker)
    settings = settings or DetectorSettings()
    read, output = Source(source, image_column, path_column), Output(out)
    default = PHOTOS_PER_CHUNK if image_column is None else 1
    per_chunk = check_whole("photos_per_chunk", photos_per_chunk or default)
    units, chunks = _plan(read, output, settings, per_chunk)
    if not chunks:
        return Counts()
    items = [
        {"begin": chunk.begin, "end": chunk.end, "units": units[chunk.begin : chunk.end]}
        for chunk in chunks
    ]
    if not ray.is_initialized():
        ray.init()
    workers = workers or _count_room(ray.cluster_resources(), cpus_per_worker, gpus_per_worker)
    results = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        ChunkWorker,
        batch_size=1,
        fn_constructor_args=(read, output, settings, cpus_per_worker, batch_images),
        compute=ray.data.ActorPoolStrategy(size=workers),
        num_cpus=cpus_per_worker,
        num_gpus=gpus_per_worker,
    )
    total = Counts()
    for row in results.iter_rows():
        total.add(Counts(**row))
    return total


def _plan(
    source: Source, output: Output, settings: DetectorSettings, photos_per_chunk: int
) -> tuple[list[str], list[Chunk]]:
    """List the units, and the chunks of them that are not done."""
    found = source.find_units()
    if not found:
        raise InvalidInputError(f"there is no photo in {source.location}")
    landmarks = read_landmark_bundle(settings.model)
    finder = choose_finder(settings.finder, landmarks)
    rescorer = choose_rescorer("auto", landmarks)
    companion = choose_companion(settings.blend, landmarks)
    eyes = choose_eyes(settings.eyes, landmarks)
    networks = make_provenance(landmarks, finder, rescorer, companion, eyes)
    output.check_settings(
        {
            "source": source.location,
            "image_column": source.image_column,
            **networks.identity(),
            **settings.options(),
        }
    )
    units = output.merge_units(found)
    finished = output.finished()
    chunks = list(remaining_chunks(finished, len(units), photos_per_chunk))
    log.info("%d chunks are done, %d are left", len(finished), len(chunks))
    return units, chunks


def _count_room(resources: dict[str, Any], cpus: int, gpus: float) -> int:
    """Count the workers that a cluster has room for, at least one."""
    rooms = [resources.get("CPU", 0) // cpus]
    if gpus:
        rooms.append(resources.get("GPU", 0) // gpus)
    return max(1, int(min(rooms)))
