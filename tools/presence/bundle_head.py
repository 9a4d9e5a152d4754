"""Taking the head of presence out of a bundle, and putting another one in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch

from kilomark.bundle_files import write_bundle
from kilomark.conversion.weight_storage import quantize_channels
from kilomark.errors import InvalidInputError
from kilomark.networks.landmark_network import drop_missing_parts
from kilomark.networks.registry import LANDMARK_NETWORKS
from kilomark.training.exported_weights import load_exported, read_exported_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kilomark.manifest import LandmarkBundle
    from kilomark.networks.landmark_head import PresenceHead
    from kilomark.networks.landmark_network import LandmarkNetwork

__all__ = ["load_network", "replace_weights", "write_with_head"]

_PRESENCE = "head.presence."


def load_network(bundle: LandmarkBundle) -> LandmarkNetwork:
    """Make the network of a bundle that has a head of presence, with the bundle's weights.

    Raises:
        InvalidInputError: it has none, or is no network of this package.
    """
    weights = read_exported_weights(bundle.folder)
    kind = _read_manifest(bundle.folder).get("training", {}).get("network")
    if kind not in LANDMARK_NETWORKS or not any(name.startswith(_PRESENCE) for name in weights):
        raise InvalidInputError(
            f"the bundle {bundle.name} has no head of presence; expected 'lite', 'wild' or a "
            "bundle that was trained as the network 'lite'"
        )
    network = LANDMARK_NETWORKS[kind](bundle.topology.num_landmarks)
    drop_missing_parts(network, list(weights))
    size = bundle.input.width
    examples = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(0))
    load_exported(network, weights, examples)
    return network.eval()


def write_with_head(
    bundle: LandmarkBundle, out: Path, head: PresenceHead, notes: Mapping[str, Any]
) -> None:
    """Write a copy of the bundle with another head of presence.

    Args:
        bundle: all of which is kept, apart from the head.
        out: folder of the new bundle.
        head: the new one.
        notes: what the manifest says about it, as ``presence_fit`` of its training.
    """
    proto = onnx.load_from_string(bundle.model)
    weights = {f"{_PRESENCE}{name}": value.numpy() for name, value in head.state_dict().items()}
    replace_weights(proto, weights)
    onnx.checker.check_model(proto)
    manifest = _read_manifest(bundle.folder)
    manifest["training"] = {**manifest.get("training", {}), "presence_fit": dict(notes)}
    write_bundle(out, manifest, proto.SerializeToString())


def replace_weights(proto: onnx.ModelProto, weights: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Replace weights of a model by their names, each stored as the one before.

    Raises:
        InvalidInputError: a weight is missing, or has another shape.
    """
    stored = {re.sub(r"^network\.", "", item.name): item for item in proto.graph.initializer}
    axes = {
        node.input[0]: next((item.i for item in node.attribute if item.name == "axis"), 1)
        for node in proto.graph.node
        if node.op_type == "DequantizeLinear"
    }
    for name, values in weights.items():
        if name in stored:
            parts = {name: values.astype(np.float32)}
        elif f"{name}.half" in stored:
            parts = {f"{name}.half": values.astype(np.float16)}
        elif f"{name}.int8" in stored:
            steps, scales = quantize_channels(values, axes[stored[f"{name}.int8"].name])
            parts = {f"{name}.int8": steps, f"{name}.scale": scales}
        else:
            raise InvalidInputError(
                f"model.onnx holds no {name}; expected the weights of a head of presence under "
                "the names that 'kilomark export' gives them"
            )
        for part, array in parts.items():
            _overwrite(stored[part], array)


def _overwrite(tensor: onnx.TensorProto, values: np.ndarray[Any, Any]) -> None:
    if tuple(tensor.dims) != values.shape:
        raise InvalidInputError(
            f"{tensor.name} in model.onnx is {tuple(tensor.dims)}; expected {values.shape}"
        )
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))


def _read_manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest
