"""`kilomark info`: the build, the devices and the networks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import kilomark
from kilomark.manifest import Bundle, FinderBundle, LandmarkBundle, read_bundle

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this subcommand."""
    parser = subparsers.add_parser(
        "info",
        help="show the build, the devices and the networks",
        description="Show the build, the devices, and the networks that come with kilomark.",
    )
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    """Print the build, the devices and the shipped bundles."""
    for key, value in kilomark.build_info().items():
        print(f"{key:16} {value}")
    print(f"{'devices':16} {', '.join(kilomark.available_devices())}")
    for name in kilomark.shipped_bundles():
        _print_bundle(read_bundle(name))
    return 0


def _print_bundle(bundle: Bundle) -> None:
    print(f"\nbundle {bundle.name}, {len(bundle.model) / 2**20:.1f} MiB: {_describe(bundle)}")
    print(f"  {'input':26} {bundle.input.width} x {bundle.input.height}")
    for key, value in _flatten(bundle.accuracy):
        print(f"  {key:26} {value}")


def _describe(bundle: Bundle) -> str:
    if isinstance(bundle, LandmarkBundle):
        where = "an eye" if bundle.of_eye else "a face"
        return f"places {bundle.topology.num_landmarks} landmarks on {where}"
    if isinstance(bundle, FinderBundle):
        return "finds faces"
    return "?"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """The leaves of nested objects, under dotted names."""
    leaves: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            leaves += _flatten(value, f"{prefix}{key}.")
        else:
            leaves.append((prefix + key, value if isinstance(value, str) else json.dumps(value)))
    return leaves
