from __future__ import annotations

import contextlib
import io
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.docs.code_blocks import Block, read_blocks

from kilomark.devices import probe_cuda

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
AVAILABLE = {
    "matplotlib": lambda: find_spec("matplotlib") is not None,
    "the supervision extra": lambda: find_spec("supervision") is not None,
    "a GPU": lambda: not probe_cuda().reason,
    "the serve extra": lambda: find_spec("aiohttp") is not None,
    "the train extra": lambda: find_spec("torch") is not None,
}
PAGES_WITH_CODE = [page for page in PAGES if read_blocks(page)]


@pytest.fixture
def folder(tmp_path: Path, demo_photo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with the files that the pages name."""
    (tmp_path / "photos").mkdir()
    for name in ("photo.jpg", "group.jpg", "photos/one.jpg"):
        shutil.copyfile(demo_photo, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_blocks_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: dict[str, Any] = {"__name__": "page", "monkeypatch": monkeypatch}
    for block in read_blocks(page):
        code = compile(block.code, f"{page}:{block.line}", "exec")
        if block.needs is not None and not AVAILABLE[block.needs]():
            continue
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(code, names)
        assert block.prints(output.getvalue()), f"line {block.line} printed {output.getvalue()!r}"


def test_all_kinds_of_blocks_are_read(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```text\nnot printed\n```\n"
        "<!-- setup\na = 1\n-->\n```python\nprint(a)\n```\n\n```text\n1\n```\n"
        "```sh\nrm -r /\n```\n\nwords\n\n```text\nnot printed\n```\n"
    )
    assert read_blocks(page) == [Block(4, "a = 1\n"), Block(7, "print(a)\n", "1\n")]


@pytest.mark.parametrize(
    ("printed", "is_equal"),
    [("box 100.0", True), ("box 101.5", True), ("box 103.0", False), ("bax 100.0", False)],
)
def test_printed_numbers_may_differ_a_little(printed: str, is_equal: bool) -> None:
    assert Block(1, "", "box 100.0\n").prints(printed) is is_equal
