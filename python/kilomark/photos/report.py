"""What `kilomark predict` says of one photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.face_search import FaceSearch
    from kilomark.faces import Face

__all__ = ["PhotoReport"]


@dataclass(frozen=True, slots=True)
class PhotoReport:
    """The faces of a photo, or why it has none."""

    photo: Path
    width: int = 0
    height: int = 0
    faces: tuple[Face, ...] = ()
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values for JSON."""
        if self.error is not None:
            return {"photo": str(self.photo), "error": self.error}
        return {
            "photo": str(self.photo),
            "width": self.width,
            "height": self.height,
            "faces": [face.to_dict() for face in self.faces],
        }

    def to_text(self, search: FaceSearch | None) -> str:
        """Describe the faces, one a line; where there are none, which option helps."""
        noun = "face" if len(self.faces) == 1 else "faces"
        title = f"{self.photo} ({self.width} x {self.height}): {len(self.faces)} {noun}"
        if not self.faces and search is not None:
            title += f"; {search.advice(self.width, self.height, is_command=True)}"
        return "\n".join([title, *(_describe(*item) for item in enumerate(self.faces, 1))])


def _describe(number: int, face: Face) -> str:
    x0, y0, x1, y1 = face.box.tolist()
    text = f"  {number}. box {x0:.0f}, {y0:.0f} to {x1:.0f}, {y1:.0f}  score {face.score:.2f}"
    text += f"  presence {face.presence:.2f}"
    if pose := face.pose:
        text += f"  yaw {pose.yaw_deg:+.0f}  pitch {pose.pitch_deg:+.0f}"
        text += f"  roll {pose.roll_deg:+.0f} deg"
    return text
