"""What the keys of the webcam window change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kilomark.drawing import Contours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.drawing import Style

__all__ = ["HELP", "VIEWS", "WebcamState", "press"]

VIEWS: dict[str, Style] = {
    "contours": "contours+ids",
    "points": "points+ids",
    "masks": "masks+irises+ids",
    "axes": "contours+axes+ids",
    "measures": "contours+measures+ids",
    "spread": "spread+ids",
    "eyes": (Contours(groups=("eye", "iris", "pupil")), "irises", "ids"),
    "brows": (Contours(groups=("brow",)), "ids"),
    "nose": (Contours(groups=("ridge", "wings")), "ids"),
    "lips": (Contours(groups=("lips",)), "ids"),
    "oval": (Contours(groups=("oval",)), "ids"),
    "nothing": (),
}
"""What is drawn of a face, see `kilomark.draw`."""

SMOOTHINGS = (1.0, 2.0, 0.0)

HELP = {
    "m": "model",
    "g": "style",
    "s": "smoothing",
    "f": "mirror",
    "r": "record",
    "space": "pause",
    "p": "snapshot",
    "h": "help",
    "q": "quit",
}
"""What each key does."""

SWITCHES = {"f": "is_mirrored", "r": "is_recording", " ": "is_paused", "h": "shows_help"}

ESCAPE = 27
LAST_KEY = 128


@dataclass(frozen=True, slots=True)
class WebcamState:
    """What the window shows."""

    models: Sequence[str]
    """Bundles that can be chosen; the first one is in use at the start."""
    model: int = 0
    view: int = 0
    style: str | None = None
    """Drawn in place of the first view, if any."""
    smoothing: float = 1.0
    is_mirrored: bool = True
    is_recording: bool = False
    is_paused: bool = False
    takes_snapshot: bool = False
    """In the next frame."""
    shows_help: bool = False
    is_ended: bool = False

    @property
    def view_name(self) -> str:
        """The view, by its name in `VIEWS`, or the style in its place."""
        return self.style if self.style and self.view == 0 else list(VIEWS)[self.view]

    @property
    def view_style(self) -> Style:
        """The style of the view."""
        return self.style if self.style and self.view == 0 else list(VIEWS.values())[self.view]

    @property
    def model_name(self) -> str:
        """The bundle in use."""
        return self.models[self.model]


def press(state: WebcamState, key: int) -> WebcamState:
    """Return the state after a key, as `cv2.waitKey` gives it; unknown keys change nothing."""
    letter = chr(key).lower() if 0 <= key < LAST_KEY else ""
    if letter == "q" or key == ESCAPE:
        return replace(state, is_ended=True)
    if letter == "m":
        return replace(state, model=(state.model + 1) % len(state.models))
    if letter == "g":
        return replace(state, view=(state.view + 1) % len(VIEWS))
    if letter == "s":
        return replace(state, smoothing=_next_smoothing(state.smoothing))
    if letter == "p":
        return replace(state, takes_snapshot=True)
    return _switched(state, SWITCHES.get(letter))


def _switched(state: WebcamState, name: str | None) -> WebcamState:
    if name is None:
        return state
    switched: dict[str, bool] = {name: not getattr(state, name)}
    return replace(state, **switched)  # type: ignore[arg-type]


def _next_smoothing(smoothing: float) -> float:
    if smoothing not in SMOOTHINGS:
        return SMOOTHINGS[0]
    return SMOOTHINGS[(SMOOTHINGS.index(smoothing) + 1) % len(SMOOTHINGS)]
