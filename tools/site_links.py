"""A hook of MkDocs: links of files that the site includes from elsewhere in the repository.

Model cards, CONTRIBUTING.md and CHANGELOG.md link relative to where they lie. On the site they
lie in docs/, so links into docs/ are shortened and links to other files become plain text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

_INTO_DOCS = re.compile(r"\]\((?:\.\./)+docs/")
_OUT_OF_DOCS = re.compile(
    r"(?<!!)\[([^\]]+)\]\((?:(?:\.\./)+(?:python|examples|tools|cpp)/|SECURITY|LICENSE)[^)]*\)"
)


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Rewrite the links of an included page; called for every page, before it is rendered."""
    included = re.fullmatch(r'--8<-- "([^"]+)"', markdown.strip())
    if included is None:
        return markdown
    text = Path(included[1]).read_text(encoding="utf-8")
    up = "../" * page.file.src_uri.count("/")
    return _OUT_OF_DOCS.sub(r"\1", _INTO_DOCS.sub(f"]({up}", text))
