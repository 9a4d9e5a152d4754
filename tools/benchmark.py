"""Measure kilomark against the targets it is held to, and against its rivals.

usage: python tools/benchmark.py [--only SECTION ...] [--rounds N] [--json FILE] [--check]
       python tools/benchmark.py --device cuda

Rivals take turns with kilomark in the same run. They need the packages of
tools/requirements-benchmark.txt; docs/benchmark.md says how each figure is measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarking import batching, crop, gpu, lite_network, one_face, start_and_memory, whole_frame
from benchmarking.machine import describe_machine
from benchmarking.results import Section, Target
from benchmarking.table import format_machine, format_section, format_targets
from kilomark.whole_files import write_whole

Measure = Callable[[argparse.Namespace], Section]

SECTIONS: dict[str, Measure] = {
    "start": lambda options: start_and_memory.measure_start(rounds=options.rounds),
    "memory": lambda options: start_and_memory.measure_memory(predicts=options.predicts),
    "one-face": lambda options: one_face.measure(rounds=options.rounds),
    "crop": lambda options: crop.measure(rounds=5 * options.rounds),
    "lite-network": lambda options: lite_network.measure(rounds=2 * options.rounds),
    "whole-frame": lambda options: whole_frame.measure(rounds=options.rounds),
    "batching": lambda options: batching.measure(rounds=options.rounds),
}


def main() -> int:
    options = parse_arguments()
    machine = describe_machine()
    print(format_machine(machine), flush=True)
    sections = []
    for measure in _chosen(options):
        sections.append(measure(options))
        print(f"\n{format_section(sections[-1])}", flush=True)
    targets = [target for section in sections for target in section.targets]
    print(f"\n{format_targets(targets)}")
    if options.json:
        record = {
            "machine": machine,
            "sections": [section.to_dict() for section in sections],
        }
        write_whole(options.json, json.dumps(record, indent=1) + "\n")
    return check(targets) if options.check else 0


def _chosen(options: argparse.Namespace) -> list[Measure]:
    """The sections of the CPU, or the one of a GPU, which says why if there is none."""
    if options.device != "cpu":
        return [lambda options: gpu.measure(options.device, rounds=options.rounds)]
    return [SECTIONS[name] for name in options.only or SECTIONS]


def check(targets: list[Target]) -> int:
    """1 if a target is missed; a target that was not measured is not met."""
    missed = [target for target in targets if target.verdict != "pass"]
    for target in missed:
        print(f"target not met: {target.name}: {target.verdict}", file=sys.stderr)
    return 1 if missed else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="sections to run")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda: the networks on a GPU")
    parser.add_argument("--rounds", type=int, default=100, help="timed calls of each candidate")
    parser.add_argument("--predicts", type=int, default=1000, help="predicts of the memory section")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here as well")
    parser.add_argument(
        "--check", action="store_true", help="exit code 1 unless every target is measured and met"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
