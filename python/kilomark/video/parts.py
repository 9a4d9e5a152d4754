"""The finished parts of a video that is being processed, so that a stopped run can go on."""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.system import lock_file_at_once
from kilomark.tracker import TrackedFace
from kilomark.whole_files import open_whole, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kilomark.topology import Topology

__all__ = ["FacesOfFrame", "Part", "PartsFolder"]

STATE_FILE, LOCK_FILE = "state.json", "lock"


@dataclass(frozen=True, slots=True, eq=False)
class FacesOfFrame:
    """The faces of one frame."""

    frame: int
    """0 for the first frame of the output."""
    time_seconds: float
    """Of the source."""
    size: tuple[int, int]
    """Width and height."""
    faces: Sequence[TrackedFace]


@dataclass(frozen=True, slots=True)
class Part:
    """One finished stretch of the video."""

    number: int
    first_seconds: float
    next_seconds: float
    """Time of the first frame after it."""
    num_frames: int
    num_faces: int


class PartsFolder:
    """A hidden folder beside the output, with encoded pictures and faces of finished parts.

    Args:
        output: the file that the parts will become.
        settings: all that the parts depend on. Parts made with other settings are not used.

    Raises:
        InvalidInputError: the folder cannot be made, or another run is writing the same output.
    """

    def __init__(self, output: Path, settings: dict[str, Any]) -> None:
        self.output = output
        self.folder = output.with_name(f".{output.name}.parts")
        self._digest = hashlib.sha256(
            json.dumps(settings, sort_keys=True, default=str).encode()
        ).hexdigest()
        with self._writing():
            self.folder.mkdir(exist_ok=True)
            self._lock = self._locked()
        self.parts = self._read_parts()
        if not self.parts:
            self.clear()

    def _locked(self) -> BinaryIO:
        """Open the file whose lock one run at a time holds; it goes with the process."""
        file = (self.folder / LOCK_FILE).open("wb")
        try:
            is_mine = lock_file_at_once(file.fileno())
        except OSError:  # a file system without locks
            is_mine = True
        if not is_mine:
            file.close()
            raise InvalidInputError(
                f"{self.output} is being written by another run; wait for it, or name another "
                "output"
            )
        return file

    def clear(self) -> None:
        """Remove all parts, and begin again."""
        self.parts = []
        for path in self.folder.iterdir():
            if path.name != LOCK_FILE:
                path.unlink()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Name the output where its parts cannot be written, on a full disk for example."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InvalidInputError(f"{self.output} cannot be written: {reason}") from error

    def _read_parts(self) -> list[Part]:
        try:
            state = json.loads((self.folder / STATE_FILE).read_text())
            if state["settings"] != self._digest:
                return []
            return [Part(**part) for part in state["parts"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def close(self) -> None:
        """Let another run write the output."""
        self._lock.close()

    def pictures(self, number: int) -> Path:
        """Return the file of a part's encoded pictures."""
        return self.folder / f"{number:05d}.mp4"

    def faces(self, number: int) -> Path:
        """Return the file of a part's faces."""
        return self.folder / f"{number:05d}.npz"

    def finish(self, part: Part, rows: Sequence[FacesOfFrame]) -> None:
        """Add a part whose pictures are written already.

        Raises:
            InvalidInputError: it cannot be written.
        """
        with self._writing():
            with open_whole(self.faces(part.number)) as file:
                np.savez(file, **_to_arrays(rows))
            self.parts.append(part)
            state = {"settings": self._digest, "parts": [asdict(item) for item in self.parts]}
            write_whole(self.folder / STATE_FILE, json.dumps(state))

    def rows(self, topology: Topology) -> Iterator[FacesOfFrame]:
        """Read the faces of all parts, frame by frame."""
        for part in self.parts:
            yield from self.rows_of(part, topology)

    def rows_of(self, part: Part, topology: Topology) -> list[FacesOfFrame]:
        """Read the faces of one part."""
        with np.load(self.faces(part.number)) as arrays:
            return list(_to_rows(dict(arrays), topology))

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        self.close()  # Windows removes no open file
        shutil.rmtree(self.folder, ignore_errors=True)


FIELDS = ("landmarks", "raw_landmarks", "spread", "box", "velocity")
NUMBERS = ("id", "age", "score", "presence")


def _to_arrays(rows: Sequence[FacesOfFrame]) -> dict[str, Any]:
    faces = [face for row in rows for face in row.faces]
    has_depth = bool(faces) and faces[0].depth is not None
    return {
        **({"depth": np.array([face.depth for face in faces])} if has_depth else {}),
        "frame": np.array([row.frame for row in rows], np.int64),
        "time_seconds": np.array([row.time_seconds for row in rows]),
        "size": np.array([row.size for row in rows], np.int64).reshape(-1, 2),
        "num_faces": np.array([len(row.faces) for row in rows], np.int64),
        **{name: np.array([getattr(face, name) for face in faces]) for name in FIELDS + NUMBERS},
    }


def _to_rows(arrays: dict[str, Any], topology: Topology) -> Iterator[FacesOfFrame]:
    first = 0
    for frame, time, size, count in zip(
        arrays["frame"], arrays["time_seconds"], arrays["size"], arrays["num_faces"], strict=True
    ):
        faces = [
            TrackedFace(
                **{name: arrays[name][n] for name in FIELDS},
                **{name: arrays[name][n].item() for name in NUMBERS},
                topology=topology,
                depth=arrays["depth"][n] if "depth" in arrays else None,
            )
            for n in range(first, first + int(count))
        ]
        first += int(count)
        yield FacesOfFrame(int(frame), float(time), (int(size[0]), int(size[1])), faces)
