"""Section: the lite network alone on one thread, against MediaPipe's."""

from __future__ import annotations

import numpy as np

from kilomark.manifest import read_landmark_bundle

from .core_parts import landmark_detector
from .results import Section
from .rivals import bare_openvino, mediapipe_network
from .timing import alternate


def measure(*, rounds: int) -> Section:
    section = Section("lite network alone", "one crop, one thread; no cropping, no finder")
    bundle = read_landmark_bundle("lite")
    core = landmark_detector(bundle, num_threads=1)
    shape = (1, 3, bundle.input.height, bundle.input.width)
    crops = np.random.default_rng(0).standard_normal(shape, np.float32)
    ours, bare = "kilomark, lite network", "bare OpenVINO inference, lite"
    rival = "MediaPipe face_landmark.tflite, LiteRT"
    calls = {ours: lambda: core.infer("landmarks", crops)}
    with section.rival(bare):
        calls[bare] = bare_openvino(bundle, num_threads=1)
    with section.rival(rival):
        calls[rival] = mediapipe_network()
    timings = alternate(calls, rounds=rounds)
    section.add_timings(timings)
    section.hold_to("lite network / MediaPipe's", timings, ours, rival, limit=1.0)
    return section
