"""Section: a frame from pixels to landmarks, against MediaPipe FaceMesh."""

from __future__ import annotations

from functools import partial

from kilomark import Detector

from .photos import frame
from .results import Section
from .rivals import mediapipe_face_mesh
from .stages import stage_rows
from .timing import Call, alternate

WIDTH, HEIGHT = 640, 480


def measure(*, rounds: int) -> Section:
    section = Section(
        "whole predict of a frame",
        f"{WIDTH}x{HEIGHT} frame with one face, finder included, each with its own default threads",
    )
    image = frame(WIDTH, HEIGHT)
    lite, mesh, irises = "kilomark, lite", "MediaPipe FaceMesh, 468", "MediaPipe FaceMesh, 478"
    detectors = {
        lite: Detector("lite"),
        "kilomark, resnext50": Detector("resnext50"),
        "kilomark, lite, finder_tiles=2": Detector("lite", finder_tiles=2),
    }
    for name, detector in detectors.items():
        found = len(detector.predict(image))
        if found != 1:
            raise RuntimeError(f"{name} found {found} faces in the frame; expected 1")
    calls: dict[str, Call] = {
        name: partial(detector.predict, image) for name, detector in detectors.items()
    }
    for rival, with_irises in ((mesh, False), (irises, True)):
        with section.rival(rival):
            calls[rival] = mediapipe_face_mesh(image, with_irises=with_irises)
    timings = alternate(calls, rounds=rounds)
    section.add_timings(timings)
    section.rows += stage_rows(detectors[lite], image, rounds=rounds)
    section.hold_to("lite predict / FaceMesh", timings, lite, mesh, limit=1.0)
    return section
