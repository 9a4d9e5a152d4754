"""Which module of kilomark imports which: circles, and imports against the order of packages."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["find_circles", "read_imports", "read_order", "upward_imports"]

PACKAGE = "kilomark"
VALUES = "manifest"
"""A module in the row that holds all modules without a row of their own."""
FACADE = ("kilomark", "kilomark.__main__")
"""They import from everywhere; only commands and entry points import them."""


def read_imports(root: Path) -> dict[str, set[str]]:
    """Return what each module imports when it runs, in functions too, but not for type checks.

    Args:
        root: the folder that holds the package.
    """
    paths = {_module_name(path.relative_to(root)): path for path in root.rglob("kilomark/**/*.py")}
    names = {*paths, f"{PACKAGE}._core"}
    return {name: set(_imports_of(path, names)) - {name} for name, path in paths.items()}


def _module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imports_of(path: Path, names: set[str]) -> Iterator[str]:
    for node in _nodes_that_run(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield from {full if full in names else node.module} & names
        elif isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & names


def _nodes_that_run(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield child
            yield from _nodes_that_run(child)


def find_circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Return the modules that import each other, circle by circle."""
    reached = {name: _reachable(name, imports) for name in imports}
    circles = {
        frozenset(other for other in reached[name] if name in reached.get(other, ()))
        for name in imports
        if name in reached[name]
    }
    return sorted(sorted(circle) for circle in circles)


def _reachable(name: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in imports.get(waiting.pop(), set()) - found:
            found.add(other)
            waiting.append(other)
    return found


def read_order(document: str) -> dict[str, int]:
    """Return the rank of each package and module in the table of `docs/architecture.md`.

    The first row has the highest rank.
    """
    table = document.split("| package |", 1)[1].split("\n\n", 1)[0]
    rows = [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in table.splitlines()[2:]]
    return {
        name.rstrip("/").removesuffix(".py"): len(rows) - row
        for row, names in enumerate(rows)
        for name in names
    }


def upward_imports(imports: dict[str, set[str]], order: dict[str, int]) -> list[tuple[str, str]]:
    """Return the imports of a module that stands higher in the order than the one that imports.

    Raises:
        KeyError: a package has no row.
    """
    packages = {name.split(".")[1] for name in imports if name.count(".") > 1}
    ranks = {
        name: _rank(name, packages, order) for name in {*imports, *set().union(*imports.values())}
    }
    return sorted(
        (name, other)
        for name in imports.keys() - set(FACADE)
        for other in imports[name]
        if ranks[other] > ranks[name]
    )


def _rank(module: str, packages: set[str], order: dict[str, int]) -> int:
    if module in FACADE:
        return max(order.values())
    part = module.split(".")[1]
    return order[part] if part in packages else order.get(part, order[VALUES])
