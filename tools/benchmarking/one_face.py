"""Section: landmarks of one given box, against the bare network and the baseline's way."""

from __future__ import annotations

from kilomark import Detector
from kilomark.devices import choose_num_threads
from kilomark.manifest import read_landmark_bundle

from .photos import face_box, frame
from .results import Section
from .rivals import bare_openvino, baseline_way
from .stages import stage_rows
from .timing import alternate

WIDTH, HEIGHT = 640, 480


def measure(*, rounds: int) -> Section:
    num_threads = choose_num_threads(None)
    section = Section(
        "resnext50, one given box",
        f"{WIDTH}x{HEIGHT} frame, one box, no finder, {num_threads} threads",
    )
    bundle = read_landmark_bundle("resnext50")
    image, box = frame(WIDTH, HEIGHT), face_box(WIDTH, HEIGHT)
    detector = Detector("resnext50", finder=None, blend=False, eyes=False)
    ours, bare = "kilomark predict", "bare OpenVINO inference"
    baseline, same = "baseline's way, its own network", "baseline's way, kilomark's network"
    calls = {ours: lambda: detector.predict(image, boxes=box)}
    with section.rival(bare):
        calls[bare] = bare_openvino(bundle, num_threads=num_threads)
    with section.rival(baseline):
        calls[baseline] = baseline_way(image, box, bundle, head="baseline")
    with section.rival(same):
        calls[same] = baseline_way(image, box, bundle, head="compact")
    timings = alternate(calls, rounds=rounds)
    section.add_timings(timings)
    section.rows += stage_rows(detector, image, box=box, rounds=rounds)
    section.hold_to("predict / bare OpenVINO", timings, ours, bare, limit=1.05)
    section.hold_to("predict / baseline's way", timings, ours, baseline, limit=0.5)
    section.hold_to("predict / PyTorch eager, same network", timings, ours, same, limit=0.5)
    return section
