"""The landmark networks that a page offers, loaded when they are first asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kilomark.detector import Detector
from kilomark.drawing import group_colors
from kilomark.manifest import read_landmark_bundle
from kilomark.network_choices import landmark_choices
from kilomark.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.topology import Topology

__all__ = ["Networks", "TrackerSettings", "describe_groups"]


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How the faces of a source are followed."""

    model: str
    """One of `Networks.names`."""
    smoothing: float = 1.0


class Networks:
    """Detectors by the name of their landmark network, shared by all sources.

    Args:
        model: the bundle to begin with: a shipped one's name, or a folder.
        device: of the detectors.
        finder: the face detector's bundle.

    Raises:
        BundleError: ``model`` is not a landmark bundle.
    """

    def __init__(self, model: str, *, device: str = "auto", finder: str = "auto") -> None:
        self._bundles = landmark_choices(model)
        read_landmark_bundle(model)
        # Trackers use the landmark network alone, so no companion is loaded.
        self._options: dict[str, Any] = {"device": device, "finder": finder, "blend": False}
        self._detectors: dict[str, Detector] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> Sequence[str]:
        """Networks that may be chosen; the first one is in use at the start."""
        return list(self._bundles)

    def is_loaded(self, name: str) -> bool:
        """Tell whether `make_tracker` is quick for this network."""
        return name in self._detectors

    def make_tracker(self, settings: TrackerSettings) -> Tracker:
        """Make a tracker; the first one of a network loads it, which may take seconds.

        Raises:
            BundleError: the bundle is damaged.
            DeviceUnavailableError: the device cannot be used.
        """
        if not self.is_loaded(settings.model):  # those that are loaded need not wait for others
            with self._lock:
                if not self.is_loaded(settings.model):
                    bundle = self._bundles[settings.model]
                    self._detectors[settings.model] = Detector(bundle, **self._options)
        return Tracker(self._detectors[settings.model], smoothing=settings.smoothing)


def describe_groups(topology: Topology) -> list[dict[str, Any]]:
    """Describe the landmark groups for the page, as values for JSON."""
    colors = group_colors(topology)
    return [
        {
            "name": group.name,
            "start": group.start,
            "count": group.count,
            "closed": group.closed,
            "color": "#{:02x}{:02x}{:02x}".format(*colors[group.name]),
        }
        for group in topology.groups.values()
    ]
