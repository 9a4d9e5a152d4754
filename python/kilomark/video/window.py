"""A window on the screen, by OpenCV."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kilomark.errors import DependencyError, InvalidInputError
from kilomark.video.camera_source import import_cv2

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

__all__ = ["Window", "check_screen"]

WITHOUT_SCREEN = (
    "show it on a web page: kilomark serve SOURCE; write a video: kilomark video SOURCE -o "
    "OUT.mp4; or run it where there is a screen (over ssh: ssh -X)"
)

LARGEST_WIDTH, LARGEST_HEIGHT = 1280, 720
"""Of a new window, in pixels of the screen."""


def check_screen(environment: Mapping[str, str], build_information: str) -> None:
    """Check that a window can be shown.

    Args:
        environment: of this process.
        build_information: of `cv2.getBuildInformation`.

    Raises:
        DependencyError: this OpenCV has no windows.
        InvalidInputError: there is no display.
    """
    if sys.platform == "linux" and not (
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    ):
        raise InvalidInputError(f"there is no display to show a window on; {WITHOUT_SCREEN}")
    for line in build_information.splitlines():
        if line.strip().startswith("GUI:") and line.split(":")[1].strip() in ("NONE", "NO"):
            raise DependencyError(
                "this OpenCV has no windows, as opencv-python-headless has none: "
                "pip uninstall opencv-python-headless && pip install opencv-python"
            )


def first_size(width: int, height: int) -> tuple[int, int]:
    """Return the window's size for pictures of a size; users may change it."""
    scale = min(1.0, LARGEST_WIDTH / width, LARGEST_HEIGHT / height)
    return max(1, round(scale * width)), max(1, round(scale * height))


class Window:
    """A window that shows one picture at a time.

    Raises:
        DependencyError: this OpenCV has no windows.
        InvalidInputError: there is no display, or it cannot be used.
    """

    def __init__(self, title: str) -> None:
        self._cv2 = import_cv2()
        check_screen(os.environ, self._cv2.getBuildInformation())
        self._title = title
        self._is_sized = False
        try:
            self._cv2.namedWindow(
                title,
                self._cv2.WINDOW_NORMAL | self._cv2.WINDOW_KEEPRATIO | self._cv2.WINDOW_GUI_NORMAL,
            )
        except self._cv2.error as error:
            raise InvalidInputError(
                f"no window can be opened ({error.err}); {WITHOUT_SCREEN}"
            ) from error

    def show(self, image: npt.NDArray[np.uint8]) -> int:
        """Show a picture (H, W, 3) BGR; return the key pressed, or -1; Escape if closed."""
        self._cv2.imshow(self._title, image)
        if not self._is_sized:  # a new window is small, whatever it shows
            self._cv2.resizeWindow(self._title, *first_size(image.shape[1], image.shape[0]))
            self._is_sized = True
        key: int = self._cv2.waitKey(1)
        if self._cv2.getWindowProperty(self._title, self._cv2.WND_PROP_VISIBLE) < 1:
            return 27
        return key & 0xFF if key >= 0 else -1

    def close(self) -> None:
        """Close the window."""
        self._cv2.destroyWindow(self._title)
