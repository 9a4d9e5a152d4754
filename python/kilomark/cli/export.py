"""``kilomark export``: turn a training run into a bundle."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kilomark.cli.train_extra import check_train_extra
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from torch import nn

    from kilomark.topology import Topology

logger = logging.getLogger(__name__)

NO_SHIFT = (0.0, 0.0, 0.0)  # of the finder's strides 8, 16 and 32


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "export",
        help="turn a training run into a bundle",
        description="Write the averaged network of a run's newest checkpoint as a bundle: an ONNX "
        "model with half-precision weights, and a manifest. 'kilomark evaluate' then measures it.",
    )
    parser.add_argument("run_dir", type=Path, help="folder that 'kilomark train --out' wrote")
    parser.add_argument(
        "--faces", type=Path, help="its data set of face crops, unless it holds a topology.json"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--name", help="name of the bundle (default: the network's)")
    parser.add_argument("--single", action="store_true", help="keep weights in single precision")
    parser.add_argument(
        "--score-shift",
        type=_parse_shift,
        default=NO_SHIFT,
        metavar="S8,S16,S32",
        help="taken off the face finder's score logits, stride by stride, so that 0.5 is a good "
        "threshold for faces of all sizes; one number is for all",
    )
    parser.set_defaults(run=run)


def _parse_shift(text: str) -> tuple[float, ...]:
    shifts = tuple(float(number) for number in text.split(","))
    if len(shifts) == 1:
        shifts *= len(NO_SHIFT)
    if len(shifts) != len(NO_SHIFT) or not all(map(math.isfinite, shifts)):
        raise ValueError(text)  # argparse says what is wrong
    return shifts


def run(args: argparse.Namespace) -> int:
    """Export; 0 when done."""
    check_train_extra("export")
    export_run(
        args.run_dir,
        args.out,
        name=args.name,
        faces_dir=args.faces,
        is_single=args.single,
        score_shift=args.score_shift,
    )
    return 0


def export_run(
    run_dir: Path,
    out: Path,
    *,
    name: str | None = None,
    faces_dir: Path | None = None,
    is_single: bool = False,
    score_shift: tuple[float, ...] = NO_SHIFT,
) -> None:
    """Write the averaged network of a run's newest checkpoint as a bundle.

    Args:
        run_dir: folder that ``kilomark train --out`` wrote.
        out: folder of the bundle.
        name: of the bundle; the network's by default.
        faces_dir: data set of face crops, for runs that do not hold their own ``topology.json``.
        is_single: whether weights are stored in single precision.
        score_shift: taken off the face finder's score logits, one a stride.

    Raises:
        InvalidInputError: it is no run, or its landmarks' topology is not to be found.
    """
    from kilomark.training.checkpoints import read_newest_checkpoint

    found = read_newest_checkpoint(run_dir)
    recipe_path = run_dir / "run.json"
    if found is None or not recipe_path.is_file():
        raise InvalidInputError(
            f"{run_dir} holds no checkpoint or no run.json; expected the folder that "
            "'kilomark train --out' wrote"
        )
    recipe = json.loads(recipe_path.read_text())
    _, state = found
    training = {**recipe, "samples_seen": state["samples_seen"]}
    name = name or recipe["network"]
    if recipe["network"] == "faces":
        training["score_shift"] = list(score_shift)
        exported = _finder(name, state["averaged"], training)
    else:
        exported = _landmark_network(name, state["averaged"], training, run_dir, faces_dir)
    _write(exported, out, is_single=is_single)
    logger.info("wrote the bundle %s after %d samples", out, state["samples_seen"])


class _Exported(NamedTuple):
    model: nn.Module
    manifest: dict[str, Any]
    output_names: list[str]
    has_dynamic_size: bool


def _landmark_network(
    name: str,
    weights: dict[str, Any],
    training: dict[str, Any],
    run_dir: Path,
    faces_dir: Path | None,
) -> _Exported:
    from kilomark.export.bundle import landmark_manifest
    from kilomark.export.onnx_model import LandmarkModel
    from kilomark.networks.baseline_head import CONSTANT_OUTPUTS
    from kilomark.networks.registry import LANDMARK_NETWORKS

    topology = _topology_of(run_dir, faces_dir)
    head = training.get("head", "compact")
    network = LANDMARK_NETWORKS[training["network"]](topology.num_landmarks, head)
    network.load_state_dict(weights)
    manifest = landmark_manifest(name, _last_size(training), topology, training)
    if "crop_scale" in training:
        manifest["crop_scale"] = training["crop_scale"]
    if head == "seed":
        manifest["constant_outputs"] = list(CONSTANT_OUTPUTS)
    elif training.get("crop") == "baseline":  # every crop that it has seen held a face
        manifest["constant_outputs"] = ["presence"]
    names = ["landmarks", "spread", "presence"]
    return _Exported(LandmarkModel(network), manifest, names, has_dynamic_size=False)


def _topology_of(run_dir: Path, faces_dir: Path | None) -> Topology:
    from kilomark.topology_file import read_topology

    if (run_dir / "topology.json").is_file():
        return read_topology(run_dir / "topology.json")
    if faces_dir is None:
        raise InvalidInputError(
            f"{run_dir} holds no topology.json, so what its landmarks mean is not known; expected "
            "the run's data set of face crops: name it by --faces"
        )
    return read_topology(faces_dir / "topology.json")


def _finder(name: str, weights: dict[str, Any], training: dict[str, Any]) -> _Exported:
    from kilomark.export.bundle import finder_manifest
    from kilomark.export.onnx_model import FinderModel
    from kilomark.networks.face_finder import STRIDES, FaceFinder

    network = FaceFinder()
    network.load_state_dict(weights)
    manifest = finder_manifest(name, _last_size(training), STRIDES, training)
    names = ["scores", "distances", "keypoints"]
    model = FinderModel(network, training["score_shift"])
    return _Exported(model, manifest, names, has_dynamic_size=True)


def _write(exported: _Exported, out: Path, *, is_single: bool) -> None:
    from kilomark.bundle_files import write_bundle
    from kilomark.export.onnx_model import halve_weights, to_onnx

    size = exported.manifest["input"]["width"]
    proto = to_onnx(
        exported.model, size, exported.output_names, dynamic_size=exported.has_dynamic_size
    )
    if not is_single:
        proto = halve_weights(proto)
    write_bundle(out, exported.manifest, proto.SerializeToString())


def _last_size(training: dict[str, Any]) -> int:
    return int(training["settings"]["stages"][-1]["size"])
