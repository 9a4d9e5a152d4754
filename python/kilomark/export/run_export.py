"""`kilomark.export.export`: a training run written as a bundle."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kilomark.bundle_files import write_bundle
from kilomark.conversion.weight_storage import store_weights
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.export.bundle import eye_manifest, finder_manifest, landmark_manifest
from kilomark.export.onnx_model import EyeModel, FinderModel, LandmarkModel, to_onnx
from kilomark.networks.baseline_head import CONSTANT_OUTPUTS
from kilomark.networks.face_finder import STRIDES
from kilomark.networks.landmark_network import drop_missing_parts
from kilomark.networks.registry import EYE_NETWORKS, FACE_DETECTORS, LANDMARK_NETWORKS
from kilomark.topology_file import read_topology
from kilomark.training.checkpoints import current_recipe, read_newest_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import nn

    from kilomark.conversion.weight_storage import WeightStorage
    from kilomark.topology import Topology

__all__ = ["export"]

log = logging.getLogger(__name__)

_RESNEXT50_PARTNERS = {"finder": "faces-large", "rescorer": "wild"}
"""Accurate bundles for a network that takes most of the time anyway; see `LandmarkBundle`."""


class _Exported(NamedTuple):
    model: nn.Module
    manifest: dict[str, Any]
    output_names: list[str]
    has_dynamic_size: bool


def export(
    run_dir: str | Path,
    out: str | Path,
    *,
    name: str | None = None,
    faces: str | Path | None = None,
    weights: WeightStorage = "half",
    score_shift: float | Sequence[float] = 0.0,
    score_scale: float = 1.0,
) -> Path:
    """Write the averaged network of a run's newest checkpoint as a bundle.

    Args:
        run_dir: folder that `kilomark.training.train` wrote.
        out: folder of the bundle.
        name: of the bundle; the network's by default.
        faces: data set of face crops, for a run of version 0.1 without its own ``topology.json``.
        weights: how the file stores them: ``"half"`` precision, ``"int8"`` with a scale for each
            output channel, or ``"single"`` precision. The network computes in single precision.
        score_scale: factor of the face detector's score logits.
        score_shift: subtracted from the face detector's score logits, so that 0.5 is a good
            threshold; one number, or one for each stride.

    Returns:
        The folder of the bundle.

    Raises:
        InvalidInputError: the folder holds no run, the topology of its landmarks is missing, or
            ``score_shift`` is not one or as many finite numbers as there are strides, or
            ``score_scale`` is not above 0.
    """
    run_dir, out = Path(run_dir), Path(out)
    shifts = _to_shifts(score_shift)
    if not 0 < score_scale < math.inf:
        raise InvalidInputError(
            f"the score scale is {excerpt(score_scale)}; expected a finite number above 0"
        )
    found = read_newest_checkpoint(run_dir)
    recipe_path = run_dir / "run.json"
    if found is None or not recipe_path.is_file():
        raise InvalidInputError(
            f"{run_dir} holds no checkpoint or no run.json; expected the folder that "
            "'kilomark train' wrote"
        )
    recipe = current_recipe(json.loads(recipe_path.read_text()))
    _, state = found
    training = {**recipe, "samples_seen": state["samples_seen"]}
    name = name or recipe["network"]
    if recipe["network"] in FACE_DETECTORS:
        training |= {"score_shift": shifts, "score_scale": score_scale}
        exported = _face_detector(name, state["averaged"], training)
    elif recipe["network"] in EYE_NETWORKS:
        topology = read_topology(run_dir / "topology.json")
        exported = _eye_network(name, state["averaged"], training, topology)
    else:
        topology = _topology_of(run_dir, faces)
        exported = _landmark_network(name, state["averaged"], training, topology)
    _write(exported, out, weights)
    log.info("wrote the bundle %s after %d samples", out, state["samples_seen"])
    return out


def _to_shifts(score_shift: float | Sequence[float]) -> list[float]:
    if isinstance(score_shift, int | float):
        shifts = [float(score_shift)] * len(STRIDES)
    else:
        shifts = [float(shift) for shift in score_shift]
    if len(shifts) != len(STRIDES) or not all(map(math.isfinite, shifts)):
        raise InvalidInputError(
            f"the score shift is {excerpt(score_shift)}; expected one finite number, or "
            f"{len(STRIDES)}: one for each stride"
        )
    return shifts


def _landmark_network(
    name: str, weights: Mapping[str, Any], training: Mapping[str, Any], topology: Topology
) -> _Exported:
    head = training.get("head", "compact")
    network = LANDMARK_NETWORKS[training["network"]](topology.num_landmarks, head)
    drop_missing_parts(network, weights)
    network.load_state_dict(weights)
    if not training.get("depth"):  # trained without labels of it
        network.head.depth = None
    manifest = landmark_manifest(name, _last_size(training), topology, training)
    if training["network"] == "resnext50":
        manifest |= _RESNEXT50_PARTNERS
    if "crop_scale" in training:
        manifest["crop_scale"] = training["crop_scale"]
    if head == "baseline":
        manifest["constant_outputs"] = list(CONSTANT_OUTPUTS)
    elif training.get("crop") == "baseline":  # every crop that it has seen held a face
        manifest["constant_outputs"] = ["presence"]
    names = ["landmarks", "spread", "presence"]
    if getattr(network.head, "depth", None) is not None:
        manifest["depth"] = True
        names.append("depth")
    return _Exported(LandmarkModel(network), manifest, names, has_dynamic_size=False)


def _eye_network(
    name: str, weights: Mapping[str, Any], training: Mapping[str, Any], topology: Topology
) -> _Exported:
    network = EYE_NETWORKS[training["network"]](topology.num_landmarks)
    network.load_state_dict(weights)
    names = ["landmarks", "spread", "presence"]
    manifest = eye_manifest(name, topology, training)
    return _Exported(EyeModel(network.eval()), manifest, names, has_dynamic_size=False)


def _topology_of(run_dir: Path, faces: str | Path | None) -> Topology:
    path = run_dir / "topology.json"
    if path.is_file():
        return read_topology(path)
    if faces is None:
        raise InvalidInputError(
            f"{run_dir} holds no topology.json, so the meaning of its landmarks is not known; "
            "expected the run's data set of face crops: name it by --faces"
        )
    return read_topology(Path(faces) / "topology.json")


def _face_detector(name: str, weights: Mapping[str, Any], training: Mapping[str, Any]) -> _Exported:
    network = FACE_DETECTORS[training["network"]]()
    network.load_state_dict(weights)
    manifest = finder_manifest(name, _last_size(training), STRIDES, training)
    model = FinderModel(network, training["score_shift"], training["score_scale"])
    return _Exported(model, manifest, ["scores", "distances", "keypoints"], has_dynamic_size=True)


def _write(exported: _Exported, out: Path, weights: WeightStorage) -> None:
    size = exported.manifest["input"]["width"], exported.manifest["input"]["height"]
    proto = to_onnx(
        exported.model, size, exported.output_names, dynamic_size=exported.has_dynamic_size
    )
    proto = store_weights(proto, weights)
    write_bundle(out, exported.manifest, proto.SerializeToString())


def _last_size(training: Mapping[str, Any]) -> int:
    return int(training["settings"]["stages"][-1]["size"])
