"""Fit ranges, rest and identity of `kilomark.measures.blendshapes` to landmarks of real faces.

usage: python tools/fit_blendshapes.py faces.npz [more.npz ...] [--out FILE]

A file holds ``landmarks`` (n, 971, 3), x and y in pixels and z away from the camera in the same
unit, and ``person`` (n,), whose face it is; -1 if not known. Persons with at least 3 faces whose
lips are closed give the average face at rest and the ways in which people differ; faces of persons
not known add to these if they show little expression. All faces give the ranges. docs/measures.md
describes the method. Only these numbers are written, 20 to 30 kB.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import kilomark
from expressions.fitting import EXTREME, FitReport, fit_ranges_rest_and_identity
from expressions.real_faces import RealFaces, read_faces
from kilomark.measures.blendshape_model import FITTED
from kilomark.measures.blendshapes import FITTED_BLENDSHAPES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".npz with landmarks")
    parser.add_argument("--out", type=Path, default=FITTED, help="default: %(default)s")
    parser.add_argument("--ways", type=int, default=24, help="of identity (default: %(default)s)")
    parser.add_argument(
        "--faces", type=int, default=20_000, help="that give the ranges (default: %(default)s)"
    )
    parser.add_argument(
        "--largest-angle", type=float, default=20.0, help="of a face, degrees (default: 20)"
    )
    options = parser.parse_args()
    topology = kilomark.Detector("lite", finder=None).topology
    parts = [read_faces(path, topology, options.largest_angle) for path in options.files]
    faces = RealFaces(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("nodes", "mirrored", "person")
        )
    )
    report = fit_ranges_rest_and_identity(
        topology, faces, FITTED_BLENDSHAPES, options.ways, options.faces
    )
    write(options.out, report)
    tell(report)


def write(path: Path, report: FitReport) -> None:
    """Write what the model reads."""
    fitted = report.fitted
    np.savez_compressed(
        path,
        names=np.array(list(fitted.ranges)),
        ranges=np.array(list(fitted.ranges.values()), np.float32),
        rest=fitted.rest.astype(np.float16),
        identity=fitted.identity.astype(np.float16),
    )


def tell(report: FitReport) -> None:
    """Print the percentiles and what is explained."""
    print(
        f"{report.people} people and {report.singles} single faces at rest; "
        f"changes explained: {report.explained:.1%}"
    )
    print(f"{'coefficient':22}  50 %  90 %  99 %  {EXTREME} %  range  agreement")
    for name, values in report.percentiles.items():
        shown = "  ".join(f"{value:4.2f}" for value in values)
        fitted, agreement = report.fitted.ranges[name], report.agreement[name]
        print(f"{name:22}  {shown}    {fitted:4.2f}  {agreement:4.2f}")


if __name__ == "__main__":
    main()
