"""Scores of all systems on all clips, as a table."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from .clips import EYE_DISTANCE_PX, Clip
from .scores import Seen, blink_score, jump_frames, motion_score

if TYPE_CHECKING:
    from .systems import Run

__all__ = ["Table", "score"]

Values = dict[str, float]


class Table:
    """Collects the scores of several photos, and prints their means."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[Values]] = defaultdict(list)
        self._cpu_ms: dict[str, list[float]] = defaultdict(list)
        self._wall_ms: dict[str, list[float]] = defaultdict(list)

    def add(self, clip: Clip, system: str, run: Run) -> Values:
        """Score one run."""
        values = score(clip, run.frames)
        self._values[clip.name, system].append(values)
        if clip.name == "rest":
            self._cpu_ms[system].append(float(np.mean(run.cpu_ms)))
            self._wall_ms[system].append(float(np.median(run.wall_ms)))
        return values

    def __str__(self) -> str:
        lines = ["| clip | system | " + " | ".join(COLUMNS) + " |"]
        lines.append("|" + "---|" * (2 + len(COLUMNS)))
        for (clip, system), rows in self._values.items():
            cells = [_cell(name, [row[name] for row in rows if name in row]) for name in COLUMNS]
            lines.append(f"| {clip} | {system} | " + " | ".join(cells) + " |")
        lines += [
            "",
            "| system | processor time, ms a frame | wall time, median |",
            "|---|---|---|",
        ]
        for system, times in self._cpu_ms.items():
            wall = np.median(self._wall_ms[system])
            lines.append(f"| {system} | {np.median(times):.2f} | {wall:.2f} |")
        return "\n".join(lines)


COLUMNS = ("error %", "jitter %", "lag, frames", "missed", "ids", "other")


def _cell(name: str, values: list[float]) -> str:
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        return "-"
    if name in ("error %", "jitter %"):
        return f"{np.sqrt(np.mean(np.square(finite))):.3f}"
    if name in ("missed", "ids"):
        return f"{sum(finite):g}"
    return f"{np.median(finite):.2f}"


def score(clip: Clip, frames: list[list[Seen]]) -> Values:
    """Score one system's faces on one clip. ``other`` is the clip's own measure.

    clip     | other
    jump     | frames until the landmarks are within 1 % of their new place
    blink    | depth of the blinks, as a share of the truth's
    crossing | ids that went over to the other face
    cut      | ids of the first scene that go on in the second
    fade     | ids in excess of one
    """
    if clip.maps is not None and "opening" not in clip.facts:
        found = motion_score(frames, clip)
        values = {
            "error %": found.error,
            "jitter %": found.jitter,
            "lag, frames": found.lag,
            "missed": found.missed,
            "ids": found.num_ids,
        }
        if clip.name == "jump":
            values["other"] = jump_frames(frames, clip)
        return values
    if clip.name == "blink":
        lag, depth = blink_score(frames, clip.facts["opening"])
        return {"lag, frames": lag, "other": depth, "missed": _missed(frames)}
    if clip.name == "crossing":
        return crossing_score(clip, frames)
    ids = {one.id for seen in frames for one in seen}
    if clip.name == "cut":
        half = clip.facts["scene"].index(1.0)
        before, after = ({one.id for seen in part for one in seen} - {None}
                         for part in (frames[:half], frames[half:]))  # fmt: skip
        return {"missed": _missed(frames), "ids": len(ids), "other": len(before & after)}
    lit = [seen for seen, light in zip(frames, clip.facts["light"], strict=True) if light > 0.25]
    return {"missed": _missed(lit), "ids": len(ids), "other": len(ids) - 1}


def _missed(frames: list[list[Seen]]) -> int:
    return sum(not seen for seen in frames)


def crossing_score(clip: Clip, frames: list[list[Seen]]) -> Values:
    """Count the ids that went over to the other face; and visible faces that nobody saw."""
    owners: dict[int, str] = {}
    swaps, missed = 0, 0
    apart = [abs(a - b) for a, b in zip(clip.facts["front x"], clip.facts["back x"], strict=True)]
    for n, seen in enumerate(frames):
        for person in ("front", "back"):
            if person == "back" and apart[n] < 1.6 * EYE_DISTANCE_PX:
                continue  # hidden behind the other
            at = np.array([clip.facts[f"{person} x"][n], clip.facts[f"{person} y"][n]])
            if not EYE_DISTANCE_PX < at[0] < 640 - EYE_DISTANCE_PX:
                continue
            near = [
                one
                for one in seen
                if np.linalg.norm(one.points[:4].mean(axis=0) - at) < 0.5 * EYE_DISTANCE_PX
            ]
            missed += not near
            for one in near:
                if one.id is not None:
                    swaps += owners.get(one.id, person) != person
                    owners[one.id] = person
    return {"missed": missed, "ids": len(owners), "other": swaps}
