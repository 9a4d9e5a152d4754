from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tools.layout.import_graph import find_circles, read_imports, read_order, upward_imports
from tools.layout.prose import sentence_lengths

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_README = 110
LONGEST_TENTH_WORDS = 22
NOTEBOOK_PICTURE = ("kilomark.faces", "kilomark.drawing.cards")


@pytest.fixture(scope="module")
def imports(root: Path) -> dict[str, set[str]]:
    return read_imports(root / "python")


def test_imports_point_down_the_table_of_the_architecture(
    root: Path, imports: dict[str, set[str]]
) -> None:
    order = read_order((root / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert upward_imports(imports, order) == [NOTEBOOK_PICTURE]


def test_no_modules_import_each_other(imports: dict[str, set[str]]) -> None:
    assert find_circles(imports) == []


def test_every_module_lists_its_public_names(root: Path) -> None:
    modules = (root / "python" / "kilomark").rglob("*.py")
    unlisted = [
        p for p in modules if not p.stem.startswith("__") and "\n__all__ = [" not in p.read_text()
    ]
    assert unlisted == []


def test_a_circle_is_found() -> None:
    imports = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert find_circles(imports) == [["b", "c"]]


def test_imports_in_functions_count_and_those_for_type_checks_do_not(tmp_path: Path) -> None:
    package = tmp_path / "kilomark"
    package.mkdir()
    (package / "low.py").write_text(
        "if TYPE_CHECKING:\n    import kilomark.typed\n"
        "def late():\n    from kilomark.high import x\n"
    )
    for name in ("typed", "high"):
        (package / f"{name}.py").write_text("")
    imports = read_imports(tmp_path)
    assert imports["kilomark.low"] == {"kilomark.high"}
    order = {"high": 3, "low": 2, "manifest": 1}
    assert upward_imports(imports, order) == [("kilomark.low", "kilomark.high")]


def test_words_are_counted_by_sentence() -> None:
    text = (
        "# Title\n\nTwo short words. A list follows here:\n\n- one two `a b` three four\n\n| a |\n"
    )
    assert sentence_lengths(text) == [3, 4, 5]


def test_rows_of_tables_are_whole(root: Path) -> None:
    pages = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "python").rglob("*.md")]
    broken = [
        f"{page.name}: {line}"
        for page in pages
        for line in page.read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.rstrip().endswith("|")
    ]
    assert broken == []


def test_documents_stay_short(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= LONGEST_README
    pages = [readme, *(page.read_text("utf-8") for page in (root / "docs").rglob("*.md"))]
    lengths = sorted(words for page in pages for words in sentence_lengths(page))
    assert lengths[int(0.9 * len(lengths))] <= LONGEST_TENTH_WORDS
