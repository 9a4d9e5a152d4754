"""Check on a machine with a GPU everything that kilomark claims of it, and write a report.

usage: python tools/verify_gpu.py [--models NAME ...] [--device cuda] [--out REPORT]

Needs kilomark with its CUDA plugin, `pip install 'kilomark[gpu]'`, and torch for the checks of
frames that are on the GPU. Builds the engines it needs, which takes minutes. Writes REPORT.md and
REPORT.json. The exit code is 0 if every check passed; without a GPU nothing is checked, and it is
0 only with --allow-no-gpu. --device cpu runs the checks against the CPU, to try them. --on-paper
prints the tables of docs/gpu.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from verification import (
    device_input,
    engines,
    graphs_and_batches,
    memory,
    on_paper,
    parity,
    speed,
)
from verification.outcomes import Check, Outcome, not_checked, run_check
from verification.report import describe_machine, to_markdown, write_report
from verification.subject import Subject

CHECKS: dict[str, Check] = {
    "device": parity.build_says_cuda,
    "engine": engines.engine_is_cached,
    "half": engines.convolutions_are_half,
    "network": parity.network_parity,
    "pipeline": parity.pipeline_parity,
    "finder": parity.finder_parity,
    "graphs": graphs_and_batches.graphs_on_and_off,
    "batches": graphs_and_batches.batches_as_singles,
    "threads": graphs_and_batches.two_threads,
    "device-input": device_input.frames_on_the_gpu,
    "streams": device_input.streams_are_honoured,
    "nv12": device_input.nv12_frames,
    "memory": memory.memory_stays,
    "latency": speed.latency,
    "throughput": speed.throughput,
}


def main() -> int:
    options = parse_arguments()
    if options.on_paper:
        print(on_paper.tables())
        return 0
    machine = describe_machine()
    outcomes = {name: verify(name, options, machine["why_no_gpu"]) for name in options.models}
    print(to_markdown(machine, outcomes))
    if options.out:
        write_report(options.out, machine, outcomes)
    statuses = [outcome.status for found in outcomes.values() for outcome in found]
    if "FAIL" in statuses:
        return 1
    nothing = "pass" not in statuses
    return 1 if nothing and not options.allow_no_gpu else 0


def verify(model: str, options: argparse.Namespace, why_no_gpu: str) -> list[Outcome]:
    """Run the checks chosen on one bundle."""
    claims = {name: _claim(CHECKS[name]) for name in options.only or CHECKS}
    if options.device != "cpu" and why_no_gpu:
        return not_checked(claims, why_no_gpu)
    subject = Subject(
        model, options.device, num_faces=options.faces, iterations=options.iterations,
        largest_batch=options.largest_batch,
    )  # fmt: skip
    outcomes = []
    for name, claim in claims.items():
        print(f"{model}: {name} ...", file=sys.stderr, flush=True)
        outcomes.append(run_check(name, claim, CHECKS[name], subject))
    return outcomes


def _claim(check: Check) -> str:
    return (check.__doc__ or "").strip().splitlines()[0].rstrip(".")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", nargs="+", default=["resnext50", "lite"], metavar="BUNDLE")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ...; cpu tries the checks")
    parser.add_argument("--only", nargs="+", choices=CHECKS, help="checks to run")
    parser.add_argument("--faces", type=int, default=64, help="faces of the parity checks")
    parser.add_argument("--iterations", type=int, default=10_000, help="of the memory check")
    parser.add_argument("--largest-batch", type=int, default=256)
    parser.add_argument("--out", type=Path, metavar="REPORT", help="write REPORT.md, REPORT.json")
    parser.add_argument("--allow-no-gpu", action="store_true", help="exit code 0 without a GPU")
    parser.add_argument("--on-paper", action="store_true", help="print what GPUs should reach")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
