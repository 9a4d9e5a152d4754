"""How many CPUs the control groups of a container leave to this process.

See https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/cgroups.html.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

__all__ = ["cpu_quota"]


def cpu_quota(root: Path = Path("/")) -> int | None:
    """Return the CPUs that the quota allows, at least 1 and rounded up, or None without a quota.

    Args:
        root: folder that holds ``proc`` and ``sys``, for tests.
    """
    shares = []
    for controllers, group in _groups(root):
        if controllers == "":
            shares += [_read_v2(folder) for folder in _ancestors(root / "sys/fs/cgroup", group)]
        elif "cpu" in controllers.split(","):
            mount = root / "sys/fs/cgroup" / controllers
            mount = mount if mount.is_dir() else root / "sys/fs/cgroup/cpu"
            shares += [_read_v1(folder) for folder in _ancestors(mount, group)]
    found = [share for share in shares if share is not None]
    return max(1, math.ceil(min(found) - 1e-6)) if found else None


def _groups(root: Path) -> list[tuple[str, str]]:
    """The controllers, "" for version 2, and the group of each hierarchy."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return []
    fields = [line.split(":", 2) for line in lines]
    return [(field[1], field[2]) for field in fields if len(field) == 3]


def _ancestors(mount: Path, group: str) -> list[Path]:
    """The folders of a group and of those around it; in a container only the mount is there."""
    path = PurePosixPath(group.lstrip("/"))
    if ".." in path.parts:
        return [mount]
    return [mount / part for part in [path, *path.parents]]


def _read_v2(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()[:2]
        return None if quota == "max" else _ratio(int(quota), int(period))
    except (OSError, ValueError):
        return None


def _read_v1(folder: Path) -> float | None:
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return _ratio(quota, period)


def _ratio(quota: int, period: int) -> float | None:
    return quota / period if quota > 0 and period > 0 else None
