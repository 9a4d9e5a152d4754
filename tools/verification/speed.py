"""Latency and throughput of every stage, against what the GPU can reach at best."""

from __future__ import annotations

import time

import numpy as np
import onnx

from kilomark.devices import cuda_index, probe_cuda
from kilomark.export.arithmetic import LayerWork, layer_work
from kilomark.manifest import read_landmark_bundle

from . import limits
from .outcomes import Figures, require
from .roofline import Gpu, bound, crop_floor_us, gpu_named, transfer_us
from .subject import FRAME_HEIGHT, FRAME_WIDTH, Subject, boxes, crop_sides, frames

BATCHES = (1, 8, 64, 256)
STAGES = ("crop_ms", "infer_ms", "map_ms", "total_ms")


def latency(subject: Subject) -> Figures:
    """One given face, end to end, by stage; on an H100 class GPU it is held to the target."""
    rounds = max(20, subject.iterations // 10)
    figures = _measure(subject, batch=1, rounds=rounds)
    gpu = _gpu(subject)
    if gpu is None:
        return figures | {"held_to": "no target: not a GPU whose peaks are in roofline.py"}
    work = _work(subject, 1)
    cost = bound(work, gpu)
    figures |= {
        "network_floor_ms": cost.floor_us / 1e3,
        "network_expected_ms": cost.expected_us / 1e3,
        "upload_floor_ms": transfer_us(3 * FRAME_WIDTH * FRAME_HEIGHT, gpu) / 1e3,
        "crop_floor_ms": _crop_floor_ms(gpu, 1),
        "network_over_floor": figures["infer_ms"] * 1e3 / cost.floor_us,
        "crop_share": figures["crop_ms"] / figures["call_p50_ms"],
    }
    if gpu.name.startswith("H100"):
        within = figures["call_p50_ms"] <= limits.LATENCY_MS
        require(within, f"a call takes {figures['call_p50_ms']:.3f} ms", figures)
        share = figures["crop_share"]
        require(share <= limits.CROP_SHARE, f"preprocessing is {share:.1%} of it", figures)
    return figures


def throughput(subject: Subject) -> Figures:
    """Faces per second at growing batches, and the share of the peaks that this is."""
    gpu = _gpu(subject)
    figures: Figures = {}
    for batch in BATCHES:
        if batch > subject.largest_batch:
            continue
        measured = _measure(subject, batch=batch, rounds=max(5, subject.iterations // 200))
        seconds = measured["infer_ms"] / 1e3
        cost = bound(_work(subject, batch), gpu) if gpu else None
        flops = sum(layer.flops for layer in _work(subject, batch))
        figures |= {
            f"batch {batch}, faces/s": batch / measured["call_p50_ms"] * 1e3,
            f"batch {batch}, call p50 ms": measured["call_p50_ms"],
            f"batch {batch}, network ms": measured["infer_ms"],
            f"batch {batch}, network TFLOPS": flops / seconds / 1e12,
        }
        if cost is not None:
            figures[f"batch {batch}, network over floor"] = seconds * 1e6 / cost.floor_us
    require(figures["batch 1, faces/s"] > 0, "nothing was measured", figures)
    return figures


def _measure(subject: Subject, *, batch: int, rounds: int) -> Figures:
    """Medians over calls of one batch; the first calls capture graphs and are not counted."""
    (picture,) = frames(1)
    given = boxes(batch)
    detector = subject.detector()
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
