"""The shipped networks through TensorRT for RTX, which parses and builds without a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

trt: Any = pytest.importorskip("tensorrt_rtx", reason="pip install tensorrt-rtx-cu13")
pytest.importorskip("onnxruntime", reason="converting needs onnxruntime: pip install onnxruntime")

from kilomark.cli.main import main
from kilomark.conversion.converted import Converted, convert_model
from kilomark.engines import BatchProfile
from kilomark.engines.plan_builder import build_plan, make_logger, parse_network
from kilomark.errors import EngineError
from kilomark.manifest import Bundle, read_bundle

if TYPE_CHECKING:
    from pathlib import Path

Parsed = tuple[Any, Any]
"""A network and its builder, which must live as long."""

pytestmark = [pytest.mark.rtx, pytest.mark.slow]


@pytest.fixture(scope="module", params=["lite", "faces", "faces-large", "resnext50", "wild"])
def bundle(request: pytest.FixtureRequest) -> Bundle:
    return read_bundle(request.param)


@pytest.fixture(scope="module")
def converted(bundle: Bundle) -> Converted:
    return convert_model(bundle)


@pytest.fixture
def network(converted: Converted) -> Parsed:
    builder = trt.Builder(make_logger(trt))
    network = parse_network(trt, builder, make_logger(trt), converted.model)
    return network, builder


def layers_of(network: Parsed, kind: str) -> list[Any]:
    layers = [network[0].get_layer(index) for index in range(network[0].num_layers)]
    return [layer for layer in layers if layer.type == getattr(trt.LayerType, kind)]


def test_all_of_the_network_is_supported(converted: Converted) -> None:
    network = trt.Builder(make_logger(trt)).create_network(0)
    parser = trt.OnnxParser(network, make_logger(trt))
    assert parser.supports_model_v2(converted.model)


def test_every_convolution_computes_in_half(network: Parsed) -> None:
    convolutions = layers_of(network, "CONVOLUTION")
    assert len(convolutions) >= 20
    for layer in convolutions:
        assert layer.get_input(0).dtype == trt.DataType.HALF, layer.name
        assert layer.get_output(0).dtype == trt.DataType.HALF, layer.name


def test_float32_goes_in_and_out(network: Parsed) -> None:
    values = [network[0].get_input(0)]
    values += [network[0].get_output(index) for index in range(network[0].num_outputs)]
    assert {value.dtype for value in values} == {trt.DataType.FLOAT}


def test_the_last_products_are_float32(network: Parsed, bundle: Bundle) -> None:
    products = layers_of(network, "MATRIX_MULTIPLY")
    in_float = [p for p in products if p.get_output(0).dtype == trt.DataType.FLOAT]
    last_ones = 0
    if not bundle.name.startswith("faces"):
        last_ones = 2 + getattr(bundle, "has_depth", False)
        last_ones += bundle.name in ("lite", "wild")  # their presence has a head of its own
    assert len(in_float) == last_ones


def test_an_engine_is_built(converted: Converted, bundle: Bundle) -> None:
    phases: set[str] = set()
    profile = BatchProfile(bundle.input.width, bundle.input.height, max_batch=8)
    plan = build_plan(
        trt, converted.model, profile, report=lambda phase, _step, _steps: phases.add(phase)
    )
    half_weights = len(converted.model)
    assert half_weights / 2 < len(plan) < 8 * half_weights
    assert phases


def test_what_is_no_model_is_a_typed_error() -> None:
    with pytest.raises(EngineError, match="does not take the model"):
        build_plan(trt, b"no model", BatchProfile(128, 128))


def test_a_profile_that_the_network_cannot_take_is_a_typed_error() -> None:
    model = convert_model(read_bundle("lite"), "fp32").model
    with pytest.raises(EngineError, match="built no engine"):
        build_plan(trt, model, BatchProfile(96, 96))


def test_the_command_writes_an_engine_for_rtx(tmp_path: Path) -> None:
    arguments = ["convert", "lite", "--target", "tensorrt-rtx", "--max-batch", "4"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    (engine,) = tmp_path.glob(f"lite-fp16_128x128_b1-4-4_rtx{trt.__version__}.engine")
    assert engine.stat().st_size > 1e6
    assert engine.with_name(engine.name + ".json").is_file()
