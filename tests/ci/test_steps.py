from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ONLY_NEEDED = {"copy", "lint-install"}  # by other steps


def ci(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [root / ".ci" / "run", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def steps(root: Path) -> list[str]:
    listed = ci(root, "--list")
    assert listed.returncode == 0
    return [line.split()[0] for line in listed.stdout.splitlines()]


def test_a_step_that_does_not_exist_is_refused_with_those_that_do(
    root: Path, steps: list[str]
) -> None:
    refused = ci(root, "no-such-step")
    assert refused.returncode == 2
    assert "no step 'no-such-step'" in refused.stderr
    assert " ".join(steps) in refused.stderr


def test_the_workflow_runs_every_step_in_order(root: Path, steps: list[str]) -> None:
    workflow = (root / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"run: \.ci/run ([\w-]+)", workflow) == [
        step for step in steps if step not in ONLY_NEEDED
    ]


def test_needed_steps_come_first(root: Path, steps: list[str]) -> None:
    script = (root / ".ci" / "run").read_text()
    needs = re.findall(r'^  step ([\w-]+) "([^"]*)"', script, re.MULTILINE)
    assert [name for name, _ in needs] == steps
    for name, needed in needs:
        assert all(steps.index(other) < steps.index(name) for other in needed.split())
