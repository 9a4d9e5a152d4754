"""Send photos to a Triton server that serves a repository of `kilomark export triton`.

usage: python examples/triton_client.py PHOTO... [--server localhost:8001]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tritonclient import grpc


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--server", default="localhost:8001", help="its gRPC port")
    options = parser.parse_args()

    client = grpc.InferenceServerClient(options.server)
    photos = np.array([[photo.read_bytes()] for photo in options.photos], np.object_)
    tensor = grpc.InferInput("photo", photos.shape, "BYTES")  # (N, 1)
    tensor.set_data_from_numpy(photos)
    answer = client.infer("kilomark", [tensor])

    errors = answer.as_numpy("error")[:, 0]
    counts = answer.as_numpy("num_faces")[:, 0]
    landmarks = answer.as_numpy("landmarks")  # (N, F, K, 2), NaN beyond a photo's faces
    scores = answer.as_numpy("scores")
    for photo, error, count, points, score in zip(
        options.photos, errors, counts, landmarks, scores, strict=True
    ):
        print(f"{photo}: {error.decode() or f'{count} faces'}")
        for face in range(count):
            x, y = points[face].mean(axis=0)
            print(f"  score {score[face]:.2f}, center {x:.1f}, {y:.1f}")


if __name__ == "__main__":
    main()
