from __future__ import annotations

import os
import re
import shutil
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


def run_steps(root: Path, folder: Path, *steps: str) -> subprocess.CompletedProcess[str]:
    """Run the script with other steps than its own."""
    (folder / ".ci").mkdir()
    script = (root / ".ci" / "run").read_text()
    body = "\n".join(f"  step {step}" for step in steps)
    script = re.sub(r"(?ms)^steps\(\) \{$.*?^\}$", f"steps() {{\n{body}\n}}", script, count=1)
    (folder / ".ci" / "run").write_text(script)
    shutil.copymode(root / ".ci" / "run", folder / ".ci" / "run")
    environment = {**os.environ, "CI_WORK": str(folder / "work"), "JOBS": "2"}
    return subprocess.run(
        [folder / ".ci" / "run"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
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


def test_steps_run_beside_each_other_and_their_outputs_do_not_mix(
    root: Path, tmp_path: Path
) -> None:
    waits = "echo {0} begins; touch {0}; until [[ -e {1} ]]; do sleep 0.02; done; echo {0} ends"
    done = run_steps(
        root,
        tmp_path,
        f'one "" "" "the first" "{waits.format("one", "two")}"',
        f'two "" "" "the second" "{waits.format("two", "one")}"',
        'three "one two" "" "the last" "ls one two"',
    )
    assert done.returncode == 0, done.stderr
    assert "one begins\none ends\n---- one" in done.stdout
    assert "two begins\ntwo ends\n---- two" in done.stdout
    assert done.stdout.index("==== three") > max(
        done.stdout.index("---- one"), done.stdout.index("---- two")
    )


def test_a_step_that_fails_stops_the_others_and_is_shown_last(root: Path, tmp_path: Path) -> None:
    done = run_steps(
        root,
        tmp_path,
        f'slow "" "" "one that takes long" "sleep 50; touch {tmp_path}/slow"',
        f'bad "" "" "one that fails" "echo before; false; touch {tmp_path}/after"',
        'next "bad" "" "one that needs it" "true"',
    )
    assert done.returncode == 1
    assert done.stdout.rstrip().endswith("before")
    assert "FAILED: bad (exit code 1" in done.stderr
    assert not {"after", "slow"} & {path.name for path in tmp_path.iterdir()}
    assert not list((tmp_path / "work" / "done").iterdir())
