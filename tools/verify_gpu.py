"""Check on a machine with a GPU everything that kilomark claims of it, and write a report.

usage: python tools/verify_gpu.py [--models NAME ...] [--device cuda] [--out REPORT]

Needs kilomark with its CUDA plugin, `pip install 'kilomark[gpu]'`, and torch for the checks of
frames that are on the GPU. Builds the engines it needs, which takes minutes. Writes REPORT.md and
REPORT.json. The exit code is 0 if every check passed; without a GPU nothing is checked, and it is
0 only with --allow-no-gpu. --device cpu runs the checks against the CPU, to try them. --on-paper
prints the tables of docs/gpu-figures.md.

On a GPU without TensorRT, --stand-in PLUGIN checks and measures all the rest: PLUGIN is the C++
tests' libkilomark_cuda_stand_in.so, whose kernels run in the place of a network.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
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
from verification.stand_in import stand_in_bundle
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
    "streams": device_input.streams_are_honored,
    "nv12": device_input.nv12_frames,
    "memory": memory.memory_stays,
    "latency": speed.latency,
    "ways": speed.ways,
    "throughput": speed.throughput,
}
OF_NETWORKS = ("engine", "half", "finder")
"""Checks that need TensorRT's own engines."""


def main() -> int:
    options = parse_arguments()
    if options.on_paper:
        print(on_paper.tables())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if options.stand_in:
            bundle = stand_in_bundle(
                Path(folder), options.stand_in, largest_batch=options.largest_batch
            )
            models = {"stand-in": str(bundle)}
        else:
            models = {name: name for name in options.models}
        machine = describe_machine()
        why = machine["why_no_gpu"]
        outcomes = {name: verify(model, options, why) for name, model in models.items()}
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
    chosen = options.only or [n for n in CHECKS if not (options.stand_in and n in OF_NETWORKS)]
    claims = {name: _claim(CHECKS[name]) for name in chosen}
    if options.device != "cpu" and why_no_gpu:
        return not_checked(claims, why_no_gpu)
    subject = Subject(
        model, options.device, num_faces=options.faces, iterations=options.iterations,
        largest_batch=options.largest_batch, is_stand_in=options.stand_in is not None,
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
    parser.add_argument("--stand-in", type=Path, metavar="PLUGIN", help="without TensorRT")
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
