"""Make the topology of the 971 landmarks, mean 3-D face included, from the face crops' labels.

usage: python tools/make_topology.py FACES_FOLDER -o topology.json

FACES_FOLDER holds labels.npz, vertices_to_landmarks.npz and topology.json. The result holds what
a landmark bundle's manifest needs: groups, mirror, subset_68 and mean_shape.

The mean face is recovered from 2-D labels and their head poses. With scaled orthography a face's
landmarks are scale * R[:2] @ mean; given the rotations R and the scales, the mean face is a linear
least-squares problem, and given the mean face, so is each scale. The two take turns.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kilomark.data.label_arrays import read_landmark_matrix
from kilomark.pose import Pose, fit_pose, to_rotation
from kilomark.whole_files import write_whole

Array = npt.NDArray[Any]
ROUNDS = 8
OUTER_EYE_CORNERS = (328, 424)
DECIMALS = 5

# The vertices of MediaPipe's FaceMesh that stand for the 68 of iBUG / 300-W, but for the jaw: its
# 17 landmarks lie evenly from one end of the oval at eye level (vertex 127) over the chin (152).
VERTICES_OF_68 = (
    ("right_brow", (70, 63, 105, 66, 107)),
    ("left_brow", (336, 296, 334, 293, 300)),
    ("nose_ridge", (168, 197, 5, 1)),
    ("nose_wings", (98, 97)),
    ("nose_ridge", (2,)),
    ("nose_wings", (326, 327)),
    ("right_eye", (33, 160, 158, 133, 153, 144)),
    ("left_eye", (362, 385, 387, 263, 373, 380)),
    ("outer_lips", (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)),
    ("inner_lips", (78, 81, 13, 311, 308, 402, 14, 178)),
)
JAW_END, CHIN, JAW_STEPS = 127, 152, 8


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the topology of the 971 landmarks.")
    parser.add_argument("faces", type=Path, help="the folder of the face crops' labels")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    given = json.loads((options.faces / "topology.json").read_text())
    matrix = read_landmark_matrix(options.faces, given["num_landmarks"], given["num_vertices"])
    with np.load(options.faces / "labels.npz") as labels:
        split, vertices, poses = labels["split"], labels["vertices"] / 32, labels["pose"]
    mirror = np.array(given["mirror"])

    train, val = split == "train", split == "val"
    mean_vertices = fit_mean_vertices(vertices[train], poses[train])
    mean_shape = normalize(matrix @ mean_vertices, mirror)
    report_poses(matrix @ vertices[val], poses[val], mean_shape)
    subset = choose_68(given["groups"], matrix, mirror, mean_shape)
    keys = ("name", "start", "count", "closed")
    topology = {
        "groups": [{key: group[key] for key in keys} for group in given["groups"]],
        "mirror": given["mirror"],
        "subset_68": subset,
        "mean_shape": mean_shape.tolist(),
    }
    write_whole(options.output, json.dumps(topology) + "\n")
    print(f"wrote {options.output}")


def fit_mean_vertices(vertices: Array, poses: Array) -> Array:
    """Fit the (V, 3) mean face to (N, V, 2) vertices and (N, 3) yaw, pitch, roll in degrees."""
    rows = np.stack([to_rotation(Pose(*angles))[:2] for angles in poses.astype(float).tolist()])
    centered = vertices - vertices.mean(axis=1, keepdims=True)
    scales = np.ones(len(rows))
    for _ in range(ROUNDS):
        left = np.einsum("n,nij,nik->jk", scales**2, rows, rows)
        right = np.einsum("n,nij,nvi->jv", scales, rows, centered, optimize=True)
        mean = np.linalg.solve(left, right).T
        # With m the mean face and R its turn, a face's scale is <R m, face> / <R m, R m>.
        moments = np.einsum("nvi,vj->nij", centered, mean, optimize=True)
        spreads = np.einsum("nij,jk,nik->n", rows, mean.T @ mean, rows, optimize=True)
        scales = np.einsum("nij,nij->n", rows, moments) / spreads
    return mean


def normalize(shape: Array, mirror: Array) -> Array:
    """Make a (K, 3) face symmetric, centered, and 1 wide between the outer eye corners."""
    shape = shape - shape.mean(axis=0)
    shape = (shape + shape[mirror] * [-1, 1, 1]) / 2
    right, left = shape[list(OUTER_EYE_CORNERS)]
    return np.round(shape / np.linalg.norm(left - right), DECIMALS) + 0.0


def report_poses(landmarks: Array, poses: Array, mean_shape: Array) -> None:
    """Print how far the poses fitted to (N, K, 2) labeled landmarks are from the labeled ones."""
    fitted = [astuple(pose) for face in landmarks if (pose := fit_pose(face, mean_shape))]
    errors = np.abs(np.array(fitted) - poses.astype(float)).mean(axis=0)
    print("mean absolute error of yaw, pitch, roll: " + ", ".join(f"{e:.2f} deg" for e in errors))


def choose_68(groups: list[dict[str, Any]], matrix: Array, mirror: Array, face: Array) -> list[int]:
    """Choose the landmarks that stand for the 68, in iBUG's order."""
    spans = {
        group["name"]: slice(group["start"], group["start"] + group["count"]) for group in groups
    }

    def landmark_of(group: str, vertex: int) -> int:
        weights = matrix[spans[group], vertex]
        assert weights.max() > 0.95, f"no landmark of {group} lies on vertex {vertex}"
        return int(spans[group].start + weights.argmax())

    end, chin = landmark_of("face_oval", JAW_END), landmark_of("face_oval", CHIN)
    side = np.arange(end, chin - 1, -1)
    steps = np.linalg.norm(np.diff(face[side, :2], axis=0), axis=1)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    stops = np.linspace(0, way[-1], JAW_STEPS + 1)
    jaw = [int(side[np.abs(way - stop).argmin()]) for stop in stops]
    jaw += [int(mirror[index]) for index in jaw[-2::-1]]
    return jaw + [
        landmark_of(group, vertex) for group, chosen in VERTICES_OF_68 for vertex in chosen
    ]


if __name__ == "__main__":
    main()
