"""Find faces in a frame that is on the GPU already: nothing of it goes back to the host.

python examples/gpu_frames.py photo.jpg --with torch
python examples/gpu_frames.py photo.jpg --with pycuda
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import kilomark
from kilomark.devices import probe_cuda


def to_torch(pixels: npt.NDArray[np.uint8]) -> Any:  # noqa: ANN401
    import torch

    # The detector waits for the copy by itself: DLPack hands torch's stream over.
    return torch.from_numpy(pixels).pin_memory().to("cuda", non_blocking=True)


def to_pycuda(pixels: npt.NDArray[np.uint8]) -> Any:  # noqa: ANN401
    # The context of CUDA's runtime, which kilomark uses; pycuda.autoinit would make another.
    from pycuda import autoprimaryctx, gpuarray  # noqa: F401

    return gpuarray.to_gpu(pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description="Find faces in a frame on the GPU.")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--with", dest="library", choices=("torch", "pycuda"), default="torch")
    parser.add_argument("--model", default="resnext50", help="landmark bundle")
    parser.add_argument("--finder", default="auto", help="face detector's bundle")
    args = parser.parse_args()
    if reason := probe_cuda().reason:
        sys.exit(f"no GPU can be used here, so there is nothing to show: {reason}")

    detector = kilomark.Detector(args.model, finder=args.finder, device="cuda")
    pixels = np.array(Image.open(args.photo).convert("RGB"))
    frame = to_torch(pixels) if args.library == "torch" else to_pycuda(pixels)
    faces, times = detector.predict_timed(kilomark.RawImage(frame, "rgb"))
    for face in faces:
        print(f"box {np.round(face.box)}, score {face.score:.2f}, {len(face.landmarks)} landmarks")
    print(f"{len(faces)} faces in {times.total_ms:.2f} ms, from an array of {args.library}")


if __name__ == "__main__":
    main()
