"""The benchmark as a table that a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .results import Row, Section, Target

NAME_WIDTH = 44


def format_machine(machine: Mapping[str, object]) -> str:
    lines = [f"{key.replace('_', ' ')}: {value}" for key, value in machine.items()]
    packages = machine.get("packages")
    if isinstance(packages, Mapping):
        listed = ", ".join(f"{name} {found}" for name, found in packages.items())
        lines[-1] = f"packages: {listed}"
    return "\n".join(lines)


def format_section(section: Section) -> str:
    return "\n".join(_section_lines(section))


def format_targets(targets: Sequence[Target]) -> str:
    lines = [f"{'Targets':<{NAME_WIDTH}} {'measured':>10} {'limit':>10}"]
    for target in targets:
        measured = "-" if target.measured is None else f"{target.measured:.2f}"
        lines.append(
            f"{target.name:<{NAME_WIDTH}} {measured:>10} {target.limit:>10.2f} "
            f"{target.unit:<12} {target.verdict}"
        )
    return "\n".join(lines)


def _section_lines(section: Section) -> Iterator[str]:
    yield section.title
    yield f"  {section.conditions}"
    if any(row.timing for row in section.rows):
        yield f"  {'':<{NAME_WIDTH}} {'p50 ms':>9} {'p95 ms':>9} {'best ms':>9}"
    for row in section.rows:
        yield f"  {_row_line(row)}"
    for target in section.targets:
        if target.measured is not None and target.unit == "x":
            yield f"  -> {target.name}: {target.measured:.2f} (at most {target.limit:g})"


def _row_line(row: Row) -> str:
    cells = [f"{row.name:<{NAME_WIDTH}}"]
    if row.timing is not None:
        timing = row.timing
        cells += [f"{value:9.3f}" for value in (timing.p50_ms, timing.p95_ms, timing.best_ms)]
    if row.figure is not None:
        cells.append(f"{row.figure:9.2f} {row.unit}")
    if row.note:
        cells.append(row.note)
    return " ".join(cells)
