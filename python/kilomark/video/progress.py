"""The progress of a video, and its summary."""

from __future__ import annotations

from dataclasses import dataclass

from kilomark.folder.progress import describe_duration

__all__ = ["VideoProgress", "VideoSummary"]


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """How far a video is."""

    frames: int
    """Frames done, those of a stopped run included."""
    time_seconds: float
    """Of the source, of the last frame done."""
    share: float | None
    """0 to 1; None if the source's length is not known."""
    frames_per_second: float
    """Of this run."""
    remaining_seconds: float | None
    """Until the end, of this machine's time."""

    def describe(self) -> str:
        """Say the progress in a line."""
        share = "" if self.share is None else f" ({100 * self.share:.0f} %)"
        left = self.remaining_seconds
        remains = "" if left is None else f", {describe_duration(left)} left"
        return (
            f"{self.frames:,} frames, {describe_duration(self.time_seconds)} of video{share}, "
            f"{self.frames_per_second:.1f} frames/s{remains}"
        )


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """What became of a video."""

    frames: int
    faces: int
    """Rows with a face."""
    ids: int
    """Different faces."""
    resumed_frames: int
    """Of a stopped run, which were not done again."""
