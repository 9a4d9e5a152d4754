from __future__ import annotations

import re
from pathlib import Path

import kilomark

PACKAGE = Path(kilomark.__file__).parent


def test_the_package_names_no_file_that_the_wheel_lacks() -> None:
    named = [
        f"{path.relative_to(PACKAGE)}: {found}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for found in re.findall(r"\b(?:tools|docs|tests|examples)/\w[\w/.]*", path.read_text())
    ]
    assert named == []
