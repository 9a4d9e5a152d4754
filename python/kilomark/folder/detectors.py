"""The detectors of a run: one on a GPU, several of few threads on a CPU."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from kilomark.detector import Detector
from kilomark.devices import choose_device, choose_num_threads
from kilomark.options import DEFAULT_PRESENCE_THRESHOLD, DEFAULT_SCORE_THRESHOLD, Precision

__all__ = ["DetectorSettings", "make_detectors"]

MOST_DETECTORS = 8
"""Each holds its networks in memory."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """The arguments of `kilomark.Detector` that change what it finds, and where it runs."""

    model: str = "resnext50"
    finder: str = "auto"
    device: str = "auto"
    finder_size: int | Literal["auto"] | None = "auto"
    finder_tiles: int | Literal["auto"] = "auto"
    score_threshold: float = DEFAULT_SCORE_THRESHOLD
    presence_threshold: float = DEFAULT_PRESENCE_THRESHOLD
    max_faces: int | None = None
    views: int = 1
    blend: bool | Literal["auto"] = "auto"
    eyes: bool | str = True
    precision: Precision = "auto"
    cache_dir: str | None = None

    def make(self, num_threads: int | None = None) -> Detector:
        """Make a detector with these settings."""
        return Detector(**asdict(self), num_threads=num_threads)

    def options(self) -> dict[str, Any]:
        """Return what changes the results, apart from the networks themselves."""
        options = asdict(self)
        for name in ("model", "finder", "device", "cache_dir"):
            del options[name]
        options["eyes"] = bool(self.eyes)
        return options


def make_detectors(settings: DetectorSettings, num_threads: int | None = None) -> list[Detector]:
    """Make the detectors that use a machine best for many photos.

    On a CPU, several detectors of few threads find more faces a second than one of many, since
    threads of different photos never wait for each other.

    Args:
        settings: of each detector.
        num_threads: CPU threads of all detectors together; by default all cores.
    """
    if choose_device(settings.device) != "cpu":
        return [settings.make(num_threads)]
    threads = choose_num_threads(num_threads)
    count = min(threads, MOST_DETECTORS)
    return [settings.make(threads // count) for _ in range(count)]
