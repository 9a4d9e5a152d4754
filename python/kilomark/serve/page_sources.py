"""The sources that a page offers: what each is called, and how it is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt
from kilomark.video.addresses import is_stream_address, without_password
from kilomark.video.camera_source import import_cv2
from kilomark.video.ffmpeg_source import import_av
from kilomark.video.looping_source import LoopingSource
from kilomark.video.opening import is_pipeline, open_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kilomark.video.frames import VideoSource

__all__ = ["PageSource", "make_page_sources"]

NAMED = re.compile(r"([\w-]{1,40})=(.+)", re.DOTALL)
MOST_SOURCES = 16


@dataclass(frozen=True, slots=True)
class PageSource:
    """A source under the name that visitors see."""

    name: str
    """Without user names, passwords and folders."""
    source: str
    """What `open_source` takes; it may hold a camera's password."""
    loop: bool = True
    """Whether a file repeats."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file, a folder or a pattern, which does not come back by itself."""
        return not (
            self.source.isdecimal() or is_stream_address(self.source) or is_pipeline(self.source)
        )

    def open(self) -> VideoSource:
        """Open it from its beginning.

        Raises:
            DependencyError: the package that reads it is missing.
            InvalidInputError: it cannot be read now.
        """
        source = open_source(self.source)
        if self.is_file and self.loop:
            return LoopingSource(source, lambda: open_source(self.source))
        return source

    def without_secrets(self, text: str) -> str:
        """Replace the source by its name in a message for visitors."""
        for shown in (self.source, without_password(self.source)):
            text = text.replace(shown, self.name)
        return text


def make_page_sources(sources: Sequence[str], *, loop: bool = True) -> list[PageSource]:
    """Read the sources of the command line, ``SOURCE`` or ``NAME=SOURCE``.

    Files must be there. A camera or a stream may come later.

    Raises:
        DependencyError: the package that reads one of them is missing.
        InvalidInputError: there is no such file, two have the same name, or there are too many.
    """
    if len(sources) > MOST_SOURCES:
        raise InvalidInputError(f"{len(sources)} sources; expected at most {MOST_SOURCES}")
    found: list[PageSource] = []
    for text in sources:
        match = None if Path(text).exists() else NAMED.fullmatch(text)
        name, source = match.groups() if match else (_shown_name(text), text)
        if any(name == other.name for other in found):
            raise InvalidInputError(
                f"two sources are called {excerpt(name)}; give them names: "
                f"front={without_password(text)}"
            )
        found.append(PageSource(name, source, loop))
        _check(found[-1])
    return found


def _check(source: PageSource) -> None:
    if source.is_file:
        source.open().close()
    elif is_stream_address(source.source):
        import_av()
    else:
        import_cv2()


def _shown_name(source: str) -> str:
    if source.isdecimal():
        return f"camera {source}"
    if is_stream_address(source):
        return urlsplit(source).hostname or "stream"
    if is_pipeline(source):
        return "GStreamer"
    return Path(source).name or source
