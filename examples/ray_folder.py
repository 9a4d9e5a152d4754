"""Write the landmarks of a collection of photos to Parquet, on all machines of a Ray cluster.

usage: python examples/ray_folder.py s3://bucket/photos s3://bucket/faces [--model lite]

Run it again after a crash: it does what is not done yet.
"""

from __future__ import annotations

import argparse

import ray

import kilomark.ray
from kilomark.folder import DetectorSettings

parser = argparse.ArgumentParser()
parser.add_argument("source", help="folder of photos, or of Parquet files: a path or a URI")
parser.add_argument("out", help="folder of the output: a path or a URI")
parser.add_argument("--image-column", help="column of encoded photos of the Parquet files")
parser.add_argument("--model", default="lite")
parser.add_argument("--finder", default="auto")
parser.add_argument("--cluster", default="local", help="'auto' to use the cluster of this machine")
parser.add_argument("--cpus", type=int, default=1, help="cores of each worker")
parser.add_argument("--gpus", type=float, default=0, help="GPUs of each worker")
parser.add_argument("--photos-per-file", type=int)
options = parser.parse_args()

ray.init(address=options.cluster, log_to_driver=False)
counts = kilomark.ray.process_folder(
    options.source,
    options.out,
    settings=DetectorSettings(options.model, options.finder),
    image_column=options.image_column,
    cpus_per_worker=options.cpus,
    gpus_per_worker=options.gpus,
    photos_per_chunk=options.photos_per_file,
)
print(counts.describe())
