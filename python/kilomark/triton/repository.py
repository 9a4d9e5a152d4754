"""Writing a model repository of Triton."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import EngineError, InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.finder_choice import choose_finder
from kilomark.manifest import read_landmark_bundle
from kilomark.network_loading import choose_rescorer
from kilomark.options import DEFAULT_PRESENCE_THRESHOLD, DEFAULT_SCORE_THRESHOLD, check_whole
from kilomark.triton.configs import (
    FACES,
    LANDMARKS,
    PHOTOS,
    Engine,
    finder_config,
    landmark_config,
    photo_config,
)
from kilomark.triton.pbtxt import to_pbtxt

if TYPE_CHECKING:
    import os

    from kilomark.manifest import Bundle, FinderBundle, LandmarkBundle
    from kilomark.triton.pbtxt import Message

__all__ = ["export_triton"]

VERSION = "1"
MODEL_SCRIPT = Path(__file__).parent / "backend_model.py"


def export_triton(
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] = "resnext50",
    finder: str | os.PathLike[str] = "auto",
    is_gpu: bool = True,
    engine: Engine = "onnx",
    plans: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None = None,
    max_batch: int = 16,
    score_threshold: float = DEFAULT_SCORE_THRESHOLD,
    presence_threshold: float = DEFAULT_PRESENCE_THRESHOLD,
    max_faces: int | None = None,
) -> Path:
    """Write a model repository for NVIDIA Triton.

    It has three models: ``kilomark`` takes whole encoded photos and needs kilomark in the Python
    environment of the server; ``kilomark_landmarks`` and ``kilomark_faces`` are the bare networks.

    Args:
        out: the folder of the repository; other models in it are left alone.
        model: the landmark network, as for `kilomark.Detector`.
        finder: the face detector, as for `kilomark.Detector`.
        is_gpu: whether the models run on a GPU.
        engine: what runs the bare networks: ``"onnx"`` (ONNX Runtime), ``"onnx-tensorrt"`` (ONNX
            Runtime, which builds a TensorRT engine on the server) or ``"plan"`` (TensorRT).
        plans: for ``"plan"``, the TensorRT engines of the landmark network and of the face
            detector, built on the server's GPU with its version of TensorRT.
        max_batch: the largest batch of each model.
        score_threshold: of the Detector.
        presence_threshold: of the Detector.
        max_faces: of the Detector.

    Returns:
        The folder of the repository.

    Raises:
        BundleError: a bundle is missing or damaged.
        EngineError: onnx is missing, which ``"onnx-tensorrt"`` needs for weights stored in int8.
        InvalidInputError: an option does not fit, or the folder has one of the models or cannot be
            written.
    """
    landmarks = read_landmark_bundle(model)
    faces = choose_finder(finder, landmarks)
    check_whole("max_batch", max_batch)
    _check_engine(engine, plans, is_gpu=is_gpu)
    options = {
        "score_threshold": str(score_threshold),
        "presence_threshold": str(presence_threshold),
        "max_faces": "" if max_faces is None else str(check_whole("max_faces", max_faces)),
    }
    count = landmarks.topology.num_landmarks
    configs: dict[str, Message] = {
        PHOTOS: photo_config(count, is_gpu=is_gpu, max_batch=max_batch, options=options),
        LANDMARKS: landmark_config(landmarks, engine, is_gpu=is_gpu, max_batch=max_batch),
        FACES: finder_config(faces, engine, is_gpu=is_gpu, max_batch=max_batch),
    }
    out = Path(out)
    for name in configs:
        if (out / name).exists():
            raise InvalidInputError(f"{out / name} exists; remove it, or choose another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".kilomark-", dir=out) as folder:
            _write_models(Path(folder), configs, landmarks, faces, engine, plans)
            for name in configs:
                (Path(folder) / name).rename(out / name)
    except OSError as error:
        raise InvalidInputError(f"{out} cannot be written: {error.strerror or error}") from error
    return out


def _check_engine(engine: Engine, plans: object, *, is_gpu: bool) -> None:
    if engine not in ("onnx", "onnx-tensorrt", "plan"):
        raise InvalidInputError(
            f"engine {excerpt(engine)}; expected 'onnx', 'onnx-tensorrt' or 'plan'"
        )
    if (engine == "plan") != (plans is not None):
        raise InvalidInputError(
            f"engine {excerpt(engine)} with {'no ' if plans is None else ''}plans; expected the "
            "plans of both networks with 'plan' and none otherwise"
        )
    if engine != "onnx" and not is_gpu:
        raise InvalidInputError(
            f"engine {excerpt(engine)} runs on a GPU only; expected 'onnx' for a CPU"
        )


def _write_models(
    folder: Path,
    configs: dict[str, Message],
    landmarks: LandmarkBundle,
    faces: FinderBundle,
    engine: Engine,
    plans: tuple[str | os.PathLike[str], str | os.PathLike[str]] | None,
) -> None:
    for name, config in configs.items():
        (folder / name / VERSION).mkdir(parents=True)
        (folder / name / "config.pbtxt").write_text(to_pbtxt(config), encoding="utf-8")
    photos = folder / PHOTOS / VERSION
    shutil.copyfile(MODEL_SCRIPT, photos / "model.py")
    rescorer = choose_rescorer("auto", landmarks)
    for name, bundle in (("landmarks", landmarks), ("faces", faces), ("rescoring", rescorer)):
        if bundle is None:
            continue
        target = photos / "bundles" / name
        target.mkdir(parents=True)
        shutil.copyfile(bundle.folder / "manifest.json", target / "manifest.json")
        (target / _model_file(bundle)).write_bytes(bundle.model)
    if plans is None:
        for name, bundle in ((LANDMARKS, landmarks), (FACES, faces)):
            is_expanded = engine == "onnx-tensorrt"
            model = _expanded(bundle.model) if is_expanded else bundle.model
            (folder / name / VERSION / "model.onnx").write_bytes(model)
        return
    for name, plan in zip((LANDMARKS, FACES), plans, strict=True):
        shutil.copyfile(plan, folder / name / VERSION / "model.plan")


def _expanded(model: bytes) -> bytes:
    """The network with weights that are stored in eight bits in float32, as TensorRT wants them.

    Raises:
        EngineError: they are to be expanded, and onnx is not installed.
    """
    if b"DequantizeLinear" not in model:
        return model
    try:
        import onnx
    except ImportError:
        raise EngineError(
            "engine 'onnx-tensorrt' needs onnx for this network, whose weights are stored in eight "
            "bits: pip install onnx"
        ) from None
    from kilomark.conversion.weight_storage import expand_weights

    expanded: bytes = expand_weights(onnx.load_from_string(model)).SerializeToString()
    return expanded


def _model_file(bundle: Bundle) -> str:
    import json

    manifest = json.loads((bundle.folder / "manifest.json").read_text(encoding="utf-8"))
    return str(manifest["model"]["file"])
