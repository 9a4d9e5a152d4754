"""Section: a frame from pixels to landmarks, against MediaPipe FaceMesh."""

from __future__ import annotations

from kilomark import Detector

from .photos import frame
from .results import Section
from .rivals import mediapipe_face_mesh
from .stages import stage_rows
from .timing import alternate

WIDTH, HEIGHT = 640, 480


def measure(*, rounds: int) -> Section:
    section = Section(
        "whole predict of a frame",
        f"{WIDTH}x{HEIGHT} frame with one face, finder included, each with its own default threads",
    )
    image = frame(WIDTH, HEIGHT)
    detectors = {name: Detector(name) for name in ("lite", "resnext50")}
    for name, detector in detectors.items():
        found = len(detector.predict(image))
        if found != 1:
            raise RuntimeError(f"{name} found {found} faces in the frame; expected 1")
    lite, mesh, irises = "kilomark, lite", "MediaPipe FaceMesh, 468", "MediaPipe FaceMesh, 478"
    calls = {
        lite: lambda: detectors["lite"].predict(image),
        "kilomark, resnext50": lambda: detectors["resnext50"].predict(image),
    }
    for rival, with_irises in ((mesh, False), (irises, True)):
        with section.rival(rival):
            calls[rival] = mediapipe_face_mesh(image, with_irises=with_irises)
    timings = alternate(calls, rounds=rounds)
    section.add_timings(timings)
    section.rows += stage_rows(detectors["lite"], image, rounds=rounds)
    section.hold_to("lite predict / FaceMesh", timings, lite, mesh, limit=1.0)
    return section
