"""FaceMesh on the photos named on stdin: one line of JSON a photo, [face][point] = [x, y].

Runs in an environment of its own: needs mediapipe and OpenCV, nothing of kilomark.
"""

from __future__ import annotations

import json
import sys

import cv2
from mediapipe.python.solutions.face_mesh import FaceMesh


def main() -> None:
    with FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=50) as mesh:
        for line in sys.stdin.read().splitlines():
            image = cv2.imread(line)
            found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks or []
            height, width = image.shape[:2]
            faces = [[(p.x * width, p.y * height) for p in face.landmark] for face in found]
            print(json.dumps(faces), flush=True)


if __name__ == "__main__":
    main()
