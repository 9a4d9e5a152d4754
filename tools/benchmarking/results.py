"""What a benchmark found, as values: sections of rows, and the targets that they are held to."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .timing import Timing, paired_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class NotInstalledError(Exception):
    """A rival cannot run here; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a name and how long it took, or another figure with its unit."""

    name: str
    timing: Timing | None = None
    figure: float | None = None
    unit: str = ""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        record: dict[str, Any] = {"name": self.name}
        if self.timing is not None:
            record |= {
                "p50_ms": self.timing.p50_ms,
                "p95_ms": self.timing.p95_ms,
                "best_ms": self.timing.best_ms,
                "rounds": len(self.timing.samples_ms),
            }
        if self.figure is not None:
            record |= {"figure": self.figure, "unit": self.unit}
        return record | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True)
class Target:
    """An upper limit, and the figure measured; None where a rival was not there to compare with."""

    name: str
    limit: float
    measured: float | None
    unit: str = "x"

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return "not measured"
        return "pass" if self.measured <= self.limit else "FAIL"

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "limit": self.limit,
            "measured": self.measured,
            "unit": self.unit,
            "verdict": self.verdict,
        }


@dataclass(slots=True)
class Section:
    """One part of the table."""

    title: str
    conditions: str
    rows: list[Row] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    @contextmanager
    def rival(self, name: str) -> Iterator[None]:
        """Set up a rival; where it is not installed, the table says so."""
        try:
            yield
        except NotInstalledError as error:
            self.rows.append(Row(name, note=f"not installed: {error}"))

    def add_timings(self, timings: Mapping[str, Timing]) -> None:
        self.rows += [Row(name, timing) for name, timing in timings.items()]

    def hold_to(
        self, name: str, timings: Mapping[str, Timing], ours: str, rival: str, *, limit: float
    ) -> None:
        """Add the target that ``ours`` takes at most ``limit`` times as long as ``rival``."""
        measured = paired_ratio(timings[ours], timings[rival]) if rival in timings else None
        self.targets.append(Target(name, limit, measured))

    def to_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "conditions": self.conditions,
            "rows": [row.to_dict() for row in self.rows],
            "targets": [target.to_dict() for target in self.targets],
        }
