from __future__ import annotations

import importlib.util
import io
import json
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from PIL import Image
from tests.tiny_bundles import bright_cells

import kilomark
from kilomark.cli.main import main
from kilomark.manifest import read_landmark_bundle
from kilomark.triton import export_triton
from kilomark.triton.configs import landmark_config

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.triton.configs import Engine

MODELS = {"kilomark", "kilomark_landmarks", "kilomark_faces"}


@pytest.fixture
def repository(tmp_path: Path, tiny: Path, tiny_faces: Path) -> Path:
    return export_triton(
        tmp_path / "models", model=tiny, finder=tiny_faces, is_gpu=False, presence_threshold=0
    )


def parse(config: Path) -> Any:  # noqa: ANN401  # a protobuf message
    """Parse a configuration by Triton's own definition; an unknown field or enumerator raises."""
    model_config_pb2 = pytest.importorskip("tritonclient.grpc.model_config_pb2")
    from google.protobuf import text_format

    return text_format.Parse(config.read_text(), model_config_pb2.ModelConfig())


@pytest.mark.parametrize("engine", ["onnx", "onnx-tensorrt", "plan"])
def test_configurations_are_what_triton_defines(
    tmp_path: Path, tiny: Path, tiny_faces: Path, engine: Engine
) -> None:
    plans = (tmp_path / "a.plan", tmp_path / "b.plan") if engine == "plan" else None
    for plan in plans or ():
        plan.write_bytes(plan.name.encode())
    out = export_triton(
        tmp_path / "models", model=tiny, finder=tiny_faces, engine=engine, plans=plans, max_batch=4
    )
    assert {path.name for path in out.iterdir()} == MODELS
    for name in MODELS:
        config = parse(out / name / "config.pbtxt")
        assert (config.name, config.max_batch_size) == (name, 4)
        assert [group.kind for group in config.instance_group] == [1]  # KIND_GPU
    landmarks = parse(out / "kilomark_landmarks" / "config.pbtxt")
    version = out / "kilomark_landmarks" / "1"
    if engine == "plan":
        assert landmarks.platform == "tensorrt_plan"
        assert (version / "model.plan").read_bytes() == b"a.plan"
    else:
        assert landmarks.platform == "onnxruntime_onnx"
        assert (version / "model.onnx").read_bytes() == (tiny / "model.onnx").read_bytes()
    accelerators = landmarks.optimization.execution_accelerators.gpu_execution_accelerator
    assert [item.name for item in accelerators] == ["tensorrt"] * (engine == "onnx-tensorrt")


def test_depth_is_an_output_of_networks_that_have_it(tiny: Path) -> None:
    bundle = replace(read_landmark_bundle(tiny), has_depth=True)
    config = landmark_config(bundle, "onnx", is_gpu=False, max_batch=1)
    assert config["output"][-1] == {"name": "depth", "data_type": "TYPE_FP32", "dims": [5]}


@pytest.mark.parametrize(("bundle", "name"), [("lite", "kilomark_landmarks"), ("faces", None)])
def test_configurations_fit_the_networks(tmp_path: Path, bundle: str, name: str | None) -> None:
    """Names and shapes are those of the ONNX files that come with kilomark."""
    out = export_triton(tmp_path / "models", model="lite", is_gpu=False)
    config = parse(out / (name or "kilomark_faces") / "config.pbtxt")
    graph = onnx.load(kilomark.shipped_bundles()[bundle] / "model.onnx").graph

    def described(value: Any) -> tuple[str, list[int]]:  # noqa: ANN401
        dims = value.type.tensor_type.shape.dim
        assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        return value.name, [dim.dim_value or -1 for dim in dims][1:]

    def configured(tensor: Any) -> tuple[str, list[int]]:  # noqa: ANN401
        assert tensor.data_type == 11  # TYPE_FP32
        has_rank_0 = tensor.HasField("reshape") and not tensor.reshape.shape
        return tensor.name, [] if has_rank_0 else list(tensor.dims)

    assert [configured(tensor) for tensor in config.input] == list(map(described, graph.input))
    found = {configured(tensor)[0]: configured(tensor)[1] for tensor in config.output}
    expected = dict(map(described, graph.output))
    assert found.keys() == expected.keys()
    for output, dims in expected.items():
        assert found[output] in (dims, [-1, *dims[1:]])


@pytest.fixture
def backend(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """The Python model of a repository, loaded as Triton does, with stand-ins for its classes."""
    fake = ModuleType("triton_python_backend_utils")
    fake.get_input_tensor_by_name = lambda request, name: request[name]  # type: ignore[attr-defined]
    fake.Tensor = lambda name, array: (name, array)  # type: ignore[attr-defined]
    fake.InferenceResponse = lambda output_tensors: dict(output_tensors)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    script = repository / "kilomark" / "1" / "model.py"
    spec = importlib.util.spec_from_file_location("model", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.TritonPythonModel()
    parameters = {"presence_threshold": {"string_value": "0"}}
    model.initialize(
        {
            "model_config": json.dumps({"parameters": parameters}),
            "model_instance_kind": "CPU",
            "model_instance_device_id": "0",
            "model_repository": str(repository / "kilomark"),
            "model_version": "1",
        }
    )
    return model


def request(*photos: bytes) -> dict[str, Any]:
    array = np.array([[photo] for photo in photos], np.object_)
    return {"photo": SimpleNamespace(as_numpy=lambda: array)}


def encode(*cells: tuple[int, int]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(bright_cells(*cells)).save(stream, "PNG")
    return stream.getvalue()


def test_the_python_model_answers_each_request(
    backend: Any,  # noqa: ANN401
    detector: kilomark.Detector,
    repository: Path,
) -> None:
    two = encode((1, 1), (5, 5))
    first, second = backend.execute([request(two, b"no image", encode()), request(encode((3, 3)))])
    assert first["num_faces"].tolist() == [[2], [0], [0]]
    assert second["num_faces"].tolist() == [[1]]
    assert b"not an image" in first["error"][1, 0]
    assert [error[0] for error in first["error"][[0, 2]]] == [b"", b""]
    assert first["size"].tolist() == [[64, 64], [0, 0], [64, 64]]
    assert first["landmarks"].shape == (3, 2, 5, 2)
    assert np.isnan(first["landmarks"][1:]).all()
    for index, face in enumerate(detector.predict(bright_cells((1, 1), (5, 5)))):
        np.testing.assert_allclose(first["landmarks"][0, index], face.landmarks, atol=1e-4)
        np.testing.assert_allclose(first["boxes"][0, index], face.box, atol=1e-4)
    config = parse(repository / "kilomark" / "config.pbtxt")
    assert {tensor.name for tensor in config.output} == set(first)
    for tensor in config.output:
        answered = first[tensor.name].shape[1:]
        assert len(answered) == len(tensor.dims)
        assert all(b in (-1, a) for a, b in zip(answered, tensor.dims, strict=True))


def test_the_command_writes_a_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "models"
    assert main(["export", "triton", "-o", str(out), "--model", "lite", "--cpu"]) == 0
    assert f"tritonserver --model-repository {out}" in capsys.readouterr().out
    assert main(["export", "triton", "-o", str(out), "--model", "lite", "--cpu"]) == 2
    assert "exists; remove it, or choose another folder" in capsys.readouterr().err
    assert {path.name for path in out.iterdir()} == MODELS


def test_options_that_do_not_fit_are_said(tmp_path: Path) -> None:
    with pytest.raises(kilomark.InvalidInputError, match="with no plans"):
        export_triton(tmp_path / "models", model="lite", engine="plan")
    with pytest.raises(kilomark.InvalidInputError, match="'onnx' with plans"):
        export_triton(tmp_path / "models", model="lite", plans=("a", "b"))
    with pytest.raises(kilomark.InvalidInputError, match="runs on a GPU only"):
        export_triton(tmp_path / "models", model="lite", engine="onnx-tensorrt", is_gpu=False)
    with pytest.raises(kilomark.InvalidInputError, match="cannot be written: No such file"):
        export_triton(tmp_path / "models", model="lite", engine="plan", plans=("gone", "gone"))
    assert not any((tmp_path / "models").iterdir())


def test_tensorrt_gets_weights_in_float32(tmp_path: Path, tiny_faces: Path) -> None:
    """It would take weights that are stored in eight bits for quantized arithmetic."""
    from kilomark.bundle_files import write_bundle
    from kilomark.conversion.weight_storage import store_weights

    lite = read_landmark_bundle("lite")
    manifest = json.loads((lite.folder / "manifest.json").read_text())
    stored = store_weights(onnx.load_from_string(lite.model), "int8")
    write_bundle(tmp_path / "lite8", manifest, stored.SerializeToString())
    for engine, is_stored in (("onnx", True), ("onnx-tensorrt", False)):
        out = export_triton(
            tmp_path / engine, model=tmp_path / "lite8", finder=tiny_faces, engine=engine
        )
        network = onnx.load(out / "kilomark_landmarks" / "1" / "model.onnx")
        assert ("DequantizeLinear" in {n.op_type for n in network.graph.node}) == is_stored
