"""Latency and throughput of every stage, against what the GPU can reach at best."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import numpy as np
import onnx

from kilomark.conversion.arithmetic import LayerWork, layer_work
from kilomark.devices import cuda_index, probe_cuda
from kilomark.manifest import read_landmark_bundle

from . import limits
from .device_input import torch_with_cuda
from .outcomes import CannotCheckError, Figures, require
from .roofline import Gpu, bound, crop_floor_us, gpu_named, transfer_us
from .subject import FRAME_HEIGHT, FRAME_WIDTH, Subject, boxes, crop_sides, frames

BATCHES = (1, 2, 4, 8, 16, 32, 64, 256)
STAGES = ("crop_ms", "infer_ms", "map_ms", "total_ms")


def latency(subject: Subject) -> Figures:
    """One given face, end to end, by stage; on an H100 class GPU it is held to the target."""
    figures = _measure(subject, batch=1, rounds=_many(subject))
    named = sum(figures[name] for name in ("crop_ms", "infer_ms", "map_ms"))
    figures["upload_and_host_ms"] = figures["total_ms"] - named
    figures["crop_share"] = figures["crop_ms"] / figures["call_p50_ms"]
    gpu = _gpu(subject)
    if gpu is None:
        return figures | {"held_to": "no target: not a GPU whose peaks are in roofline.py"}
    figures |= {
        "upload_floor_ms": transfer_us(3 * FRAME_WIDTH * FRAME_HEIGHT, gpu) / 1e3,
        "crop_floor_ms": _crop_floor_ms(gpu, 1),
    }
    if subject.is_stand_in:
        return figures | {"held_to": "no target: not a network"}
    work = _work(subject, 1)
    cost = bound(work, gpu)
    figures |= {
        "network_floor_ms": cost.floor_us / 1e3,
        "network_expected_ms": cost.expected_us / 1e3,
        "network_over_floor": figures["infer_ms"] * 1e3 / cost.floor_us,
    }
    if gpu.name.startswith("H100"):
        within = figures["call_p50_ms"] <= limits.LATENCY_MS
        require(within, f"a call takes {figures['call_p50_ms']:.3f} ms", figures)
        share = figures["crop_share"]
        require(share <= limits.CROP_SHARE, f"preprocessing is {share:.1%} of it", figures)
    return figures


def ways(subject: Subject) -> Figures:
    """What CUDA graphs and frames that are on the GPU already save, for one given face."""
    if subject.device == "cpu":
        raise CannotCheckError("the CPU has neither")
    (picture,) = frames(1)
    found = {
        "with graphs": _measure(subject, batch=1, rounds=_many(subject)),
        "without graphs": _measure(subject, batch=1, rounds=_many(subject), graphs=False),
    }
    with suppress(CannotCheckError):  # where there is no torch
        frame = torch_with_cuda(subject).from_numpy(picture).to(subject.device)
        found["frame on the GPU"] = _measure(subject, batch=1, rounds=_many(subject), frame=frame)
    names = ("call_p50_ms", "call_p99_ms", "crop_ms", "infer_ms")
    return {f"{way}, {name}": measured[name] for way, measured in found.items() for name in names}


def throughput(subject: Subject) -> Figures:
    """Faces per second at growing batches, and the share of the peaks that this is."""
    figures: Figures = {}
    for batch in BATCHES:
        if batch > subject.largest_batch:
            continue
        measured = _measure(subject, batch=batch, rounds=max(5, subject.iterations // 200))
        figures |= {
            f"batch {batch}, faces/s": batch / measured["call_p50_ms"] * 1e3,
            f"batch {batch}, call p50 ms": measured["call_p50_ms"],
            f"batch {batch}, crops ms": measured["crop_ms"],
            f"batch {batch}, network ms": measured["infer_ms"],
        }
        if not subject.is_stand_in:
            figures |= _shares(subject, batch, measured["infer_ms"] / 1e3)
    require(figures["batch 1, faces/s"] > 0, "nothing was measured", figures)
    return figures


def _shares(subject: Subject, batch: int, seconds: float) -> Figures:
    gpu = _gpu(subject)
    work = _work(subject, batch)
    flops = sum(layer.flops for layer in work)
    figures = {f"batch {batch}, network TFLOPS": flops / seconds / 1e12}
    if gpu is not None:
        floor_us = bound(work, gpu).floor_us
        figures[f"batch {batch}, network over floor"] = seconds * 1e6 / floor_us
    return figures


def _many(subject: Subject) -> int:
    return max(20, subject.iterations // 10)


def _measure(
    subject: Subject,
    *,
    batch: int,
    rounds: int,
    graphs: bool = True,
    frame: Any = None,  # noqa: ANN401
) -> Figures:
    """Medians over calls of one batch; the first calls capture graphs and are not counted."""
    given = boxes(batch)
    detector = subject.detector(graphs=graphs)
    picture = frames(1)[0] if frame is None else frame
    for _ in range(5):
        detector.predict(picture, boxes=given)
    calls, stages = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        _, times = detector.predict_timed(picture, boxes=given)
        calls.append((time.perf_counter() - start) * 1e3)
        stages.append([getattr(times, name) for name in STAGES])
    medians = dict(zip(STAGES, np.median(stages, axis=0).tolist(), strict=True))
    percentiles = {f"call_p{p}_ms": float(np.percentile(calls, p)) for p in (50, 95, 99)}
    return {"rounds": rounds, **medians, **percentiles}


def _gpu(subject: Subject) -> Gpu | None:
    index = cuda_index(subject.device)
    return None if index is None else gpu_named(probe_cuda().devices[index].name)


def _work(subject: Subject, batch: int) -> list[LayerWork]:
    bundle = read_landmark_bundle(subject.model)
    proto = onnx.load_from_string(bundle.model)
    return layer_work(proto, bundle.input.height, bundle.input.width, batch)


def _crop_floor_ms(gpu: Gpu, faces: int) -> float:
    side = int(crop_sides(boxes(1))[0])
    return crop_floor_us(gpu, faces=faces, crop_px=128, side_px=side) / 1e3
