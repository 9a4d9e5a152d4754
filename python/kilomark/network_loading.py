"""Bundles as the networks of a core detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark import _core
from kilomark.core_topology import to_core_topology
from kilomark.devices import choose_num_threads, choose_precision, forwarded_log
from kilomark.engines.device_models import device_models
from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.eye_choice import DEFAULT_EYE_RULE
from kilomark.manifest import read_landmark_bundle
from kilomark.network_cache import prepare_network_cache

if TYPE_CHECKING:
    import os

    from kilomark.manifest import FinderBundle, LandmarkBundle, NetworkInput

__all__ = ["choose_rescorer", "load_core"]


def choose_rescorer(
    rescoring: str | os.PathLike[str] | None, landmarks: LandmarkBundle | None
) -> LandmarkBundle | None:
    """Return the network that rescores found faces; ``landmarks`` itself if they are the same.

    Raises:
        BundleError: ``rescoring`` names no landmark network.
        InvalidInputError: its presence is constant.
    """
    if rescoring is None:
        return None
    if rescoring != "auto":
        chosen = read_landmark_bundle(rescoring)
    else:
        chosen = read_landmark_bundle(
            _core.DEFAULT_RESCORER if landmarks is None else landmarks.rescorer
        )
    if landmarks is not None and chosen.folder == landmarks.folder:
        chosen = landmarks
    if chosen.knows_faces:
        return chosen
    if rescoring != "auto":
        raise InvalidInputError(
            f"rescoring is {excerpt(chosen.name)}, whose presence is constant; pass another bundle "
            "or None"
        )
    return None


def load_core(
    landmarks: LandmarkBundle | None,
    finder: FinderBundle | None,
    rescorer: LandmarkBundle | None,
    companion: LandmarkBundle | None,
    eyes: LandmarkBundle | None,
    *,
    device: str,
    num_threads: int | None,
    max_batch: int,
    cache_dir: str | os.PathLike[str] | None,
    precision: str,
) -> _core.Detector:
    """Load the networks that are there on a device.

    On the CPU, the face detector is compiled for images of 4 : 3 at first.

    Raises:
        DeviceUnavailableError: the processor does not compute in ``precision``.
        InvalidInputError: ``cache_dir`` or ``precision`` cannot be used.
    """
    given = (landmarks, finder, rescorer, companion, eyes)
    bundles = [bundle for bundle in given if bundle is not None]
    chosen, models = device_models(device, bundles, max_batch=max_batch)
    by_bundle = {id(bundle): model for bundle, model in zip(bundles, models, strict=True)}

    def to_landmarks(bundle: LandmarkBundle | None) -> _core.LandmarkNetwork | None:
        return None if bundle is None else _to_landmark_network(bundle, by_bundle[id(bundle)])

    def to_eyes() -> _core.EyeNetwork | None:
        network = to_landmarks(eyes)
        if eyes is None or network is None or landmarks is None:
            return None
        return _core.EyeNetwork(
            network=network,
            rule=landmarks.eye_rule or DEFAULT_EYE_RULE,
            face=to_core_topology(landmarks.topology),
            eye=to_core_topology(eyes.topology),
        )

    def to_finder(bundle: FinderBundle) -> _core.FinderNetwork:
        network = _to_finder_network(bundle, by_bundle[id(bundle)])
        return network.for_common_images() if chosen == "cpu" else network

    rule = None if landmarks is None else landmarks.companion_rule
    kept_in = prepare_network_cache(cache_dir) if cache_dir and chosen == "cpu" else ""
    with forwarded_log():
        return _core.Detector(
            to_landmarks(landmarks),
            None if finder is None else to_finder(finder),
            rescorer=to_landmarks(rescorer),
            companion=to_landmarks(companion),
            **({} if rule is None else {"companion_rule": rule}),
            eyes=to_eyes(),
            device=chosen,
            num_threads=choose_num_threads(num_threads),
            max_batch=max_batch,
            cache_folder=str(kept_in),
            precision=choose_precision(precision, chosen),
        )


def _to_core_input(given: NetworkInput) -> _core.NetworkInput:
    return _core.NetworkInput(
        width=given.width,
        height=given.height,
        channel_order=given.channel_order,
        mean=given.mean,
        std=given.std,
    )


def _to_landmark_network(bundle: LandmarkBundle, model: bytes) -> _core.LandmarkNetwork:
    return _core.LandmarkNetwork(
        model=model,
        input=_to_core_input(bundle.input),
        num_landmarks=bundle.topology.num_landmarks,
        crop_scale=bundle.crop_scale,
        has_depth=bundle.has_depth,
        mirror=[] if bundle.topology.mirror is None else bundle.topology.mirror.tolist(),
    )


def _to_finder_network(bundle: FinderBundle, model: bytes) -> _core.FinderNetwork:
    return _core.FinderNetwork(
        model=model,
        input=_to_core_input(bundle.input),
        strides=list(bundle.strides),
        rescoring=_core.RescoringRule(**(bundle.rescoring or {})),
    )
