"""``kilomark export``: turn a training run into a bundle."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.cli.train_extra import check_train_extra
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from torch import nn

logger = logging.getLogger(__name__)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "export",
        help="turn a training run into a bundle",
        description="Write the averaged network of a run's newest checkpoint as a bundle: an ONNX "
        "model with half-precision weights, and a manifest. 'kilomark evaluate' then measures it.",
    )
    parser.add_argument("run_dir", type=Path, help="folder that 'kilomark train --out' wrote")
    parser.add_argument("--faces", type=Path, required=True, help="its data set of face crops")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--name", help="name of the bundle (default: the network's)")
    parser.add_argument("--single", action="store_true", help="keep weights in single precision")
    parser.add_argument(
        "--score-shift",
        type=float,
        default=0.0,
        help="taken off the face finder's score logits, so that 0.5 is a good threshold",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Export; 0 when done."""
    check_train_extra("export")
    from kilomark.training.checkpoints import newest_checkpoint, read_checkpoint

    checkpoint = newest_checkpoint(args.run_dir)
    recipe_path = args.run_dir / "run.json"
    if checkpoint is None or not recipe_path.is_file():
        raise InvalidInputError(
            f"{args.run_dir} holds no checkpoint or no run.json; expected the folder that "
            "'kilomark train --out' wrote"
        )
    recipe = json.loads(recipe_path.read_text())
    state = read_checkpoint(checkpoint)
    training = {**recipe, "samples_seen": state["samples_seen"]}
    name = args.name or recipe["network"]
    if recipe["network"] == "faces":
        _export_finder(name, state["averaged"], training, args)
    else:
        _export_landmarks(name, state["averaged"], training, args)
    logger.info("wrote the bundle %s after %d samples", args.out, state["samples_seen"])
    return 0


def _export_landmarks(
    name: str, weights: dict[str, Any], training: dict[str, Any], args: argparse.Namespace
) -> None:
    from kilomark.data.face_crops import read_topology
    from kilomark.export.bundle import landmark_manifest
    from kilomark.export.onnx_model import LandmarkModel
    from kilomark.networks.registry import LANDMARK_NETWORKS
    from kilomark.networks.seed_head import CONSTANT_OUTPUTS

    topology = read_topology(args.faces)
    head = training.get("head", "compact")
    network = LANDMARK_NETWORKS[training["network"]](topology.num_landmarks, head)
    network.load_state_dict(weights)
    size = _last_size(training)
    manifest = landmark_manifest(name, size, topology, training)
    if head == "seed":
        manifest["constant_outputs"] = list(CONSTANT_OUTPUTS)
    names = ["landmarks", "spread", "presence"]
    _write(LandmarkModel(network), manifest, names, args, dynamic_size=False)


def _export_finder(
    name: str, weights: dict[str, Any], training: dict[str, Any], args: argparse.Namespace
) -> None:
    from kilomark.export.bundle import finder_manifest
    from kilomark.export.onnx_model import FinderModel
    from kilomark.networks.face_finder import STRIDES, FaceFinder

    network = FaceFinder()
    network.load_state_dict(weights)
    network.score.get_parameter("bias").data -= args.score_shift
    training["score_shift"] = args.score_shift
    manifest = finder_manifest(name, _last_size(training), STRIDES, training)
    names = ["scores", "distances", "keypoints"]
    _write(FinderModel(network), manifest, names, args, dynamic_size=True)


def _write(
    model: nn.Module,
    manifest: dict[str, Any],
    output_names: list[str],
    args: argparse.Namespace,
    *,
    dynamic_size: bool,
) -> None:
    from kilomark.export.bundle import write_bundle
    from kilomark.export.onnx_model import halve_weights, to_onnx

    size = manifest["input"]["width"]
    proto = to_onnx(model, size, output_names, dynamic_size=dynamic_size)
    if not args.single:
        proto = halve_weights(proto)
    write_bundle(args.out, manifest, proto.SerializeToString())


def _last_size(training: dict[str, Any]) -> int:
    return int(training["settings"]["stages"][-1]["size"])
