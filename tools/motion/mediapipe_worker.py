"""Run MediaPipe's FaceMesh over a clip: python mediapipe_worker.py CLIP.npz NUM_FACES. Prints JSON.

A program of its own, since MediaPipe needs another NumPy than kilomark may have.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
import mediapipe
import numpy as np

MESH = [33, 133, 362, 263, 61, 291, 1, 159, 145, 386, 374]
"""The mesh's vertices at the landmarks that all systems have; see scores.py."""

cv2.setNumThreads(1)


def main() -> None:
    mesh = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=False, max_num_faces=int(sys.argv[2]), refine_landmarks=True
    )
    said: dict[str, list] = {"frames": [], "cpu_ms": [], "wall_ms": []}
    with np.load(sys.argv[1]) as clip:
        jpegs = [clip[name] for name in clip.files]
    for jpeg in jpegs:
        frame = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        cpu, wall = time.process_time(), time.perf_counter()
        found = mesh.process(frame).multi_face_landmarks or []
        said["cpu_ms"].append(1e3 * (time.process_time() - cpu))
        said["wall_ms"].append(1e3 * (time.perf_counter() - wall))
        height, width = frame.shape[:2]
        said["frames"].append(
            [[[f.landmark[k].x * width, f.landmark[k].y * height] for k in MESH] for f in found]
        )
    print(json.dumps(said))


if __name__ == "__main__":
    main()
