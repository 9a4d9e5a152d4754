"""The report of a verification: Markdown to read, JSON to compare with the next."""

from __future__ import annotations

import json
import platform
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import kilomark
from kilomark.devices import probe_cuda
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .outcomes import Outcome


def describe_machine() -> dict[str, Any]:
    """Say what was verified, and where."""
    probe = probe_cuda()
    gpus = [
        f"{gpu.name}, compute capability {'.'.join(map(str, gpu.compute_capability))}, "
        f"{gpu.memory_bytes / 2**30:.0f} GiB"
        for gpu in probe.devices
    ]
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "kilomark": kilomark.__version__,
        "system": platform.platform(),
        "gpus": gpus,
        "why_no_gpu": probe.reason,
        "driver": probe.driver_version,
        "cuda_runtime": probe.runtime_version,
        "tensorrt": probe.tensorrt_version,
        "plugin": probe.plugin_path.rpartition("/")[2],
    }


def write_report(
    stem: Path, machine: Mapping[str, Any], outcomes: Mapping[str, Sequence[Outcome]]
) -> None:
    """Write ``STEM.md`` and ``STEM.json``."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "machine": machine,
        "bundles": {name: [o.to_dict() for o in found] for name, found in outcomes.items()},
    }
    write_whole(stem.with_suffix(".json"), json.dumps(record, indent=1, default=float) + "\n")
    write_whole(stem.with_suffix(".md"), to_markdown(machine, outcomes))


def to_markdown(machine: Mapping[str, Any], outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the report as Markdown."""
    lines = ["# GPU verification", ""]
    lines += [f"- {key.replace('_', ' ')}: {_shown(value)}" for key, value in machine.items()]
    for bundle, found in outcomes.items():
        lines += ["", f"## {bundle}", "", "| check | claim | outcome |", "|---|---|---|"]
        for outcome in found:
            reason = f": {outcome.reason}" if outcome.reason else ""
            verdict = f"{outcome.status}{reason}".replace("|", "\\|").replace("\n", " ")
            lines.append(f"| {outcome.name} | {outcome.claim} | {verdict} |")
        for outcome in found:
            if outcome.figures:
                lines += ["", f"**{outcome.name}**", ""]
                lines += [f"- {key}: {_shown(value)}" for key, value in outcome.figures.items()]
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{key} {_shown(item)}" for key, item in value.items()) or "none"
    return str(value) if value not in ("", None) else "-"
