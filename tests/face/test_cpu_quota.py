from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kilomark.cpu_quota import cpu_quota

if TYPE_CHECKING:
    from pathlib import Path


def write_v2(root: Path, group: str, limits: dict[str, str]) -> None:
    """Write what a process in ``group`` sees of version 2; ``limits`` are the groups' cpu.max."""
    write(root / "proc/self/cgroup", f"0::{group}\n")
    for name, text in limits.items():
        write(root / "sys/fs/cgroup" / name / "cpu.max", text)


def write_v1(root: Path, group: str, mount: str, limits: dict[str, tuple[int, int]]) -> None:
    """The same of version 1; ``limits`` are the quota and the period of each group."""
    lines = ["12:memory:/other", f"5:cpu,cpuacct:{group}", "1:name=systemd:/init.scope"]
    write(root / "proc/self/cgroup", "\n".join(lines) + "\n")
    for name, (quota, period) in limits.items():
        folder = root / "sys/fs/cgroup" / mount / name
        write(folder / "cpu.cfs_quota_us", f"{quota}\n")
        write(folder / "cpu.cfs_period_us", f"{period}\n")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("limits", "cpus"),
    [
        ({"": "200000 100000\n"}, 2),
        ({"": "150000 100000\n"}, 2),  # rounded up
        ({"": "10000 100000\n"}, 1),  # at least one
        ({"": "max 100000\n"}, None),
        ({}, None),
        ({"": "damaged\n"}, None),
        ({"": "100000 0\n"}, None),
        ({"": "400000 100000\n", "pod": "300000 100000\n", "pod/job": "max 100000\n"}, 3),
        ({"pod": "100000 100000\n", "pod/job": "700000 100000\n"}, 1),  # the group around it
        ({"other": "100000 100000\n"}, None),  # of another group
    ],
)
def test_version_2(tmp_path: Path, limits: dict[str, str], cpus: int | None) -> None:
    write_v2(tmp_path, "/pod/job", limits)
    assert cpu_quota(tmp_path) == cpus


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize(
    ("limits", "cpus"),
    [
        ({"": (200_000, 100_000)}, 2),
        ({"": (-1, 100_000)}, None),  # no quota
        ({"": (50_000, 100_000)}, 1),
        ({"": (-1, 100_000), "pod": (250_000, 100_000), "pod/job": (-1, 100_000)}, 3),
        ({"": (100_000, 0)}, None),
    ],
)
def test_version_1(
    tmp_path: Path, mount: str, limits: dict[str, tuple[int, int]], cpus: int | None
) -> None:
    write_v1(tmp_path, "/pod/job", mount, limits)
    assert cpu_quota(tmp_path) == cpus


def test_a_group_outside_the_container_leaves_the_one_that_is_mounted(tmp_path: Path) -> None:
    write_v2(tmp_path, "/../../host", {"": "100000 100000\n"})
    assert cpu_quota(tmp_path) == 1


def test_both_versions_at_once_leave_the_smaller(tmp_path: Path) -> None:
    write_v1(tmp_path, "/", "cpu", {"": (300_000, 100_000)})
    with (tmp_path / "proc/self/cgroup").open("a") as file:
        file.write("0::/\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", "200000 100000\n")
    assert cpu_quota(tmp_path) == 2


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None
