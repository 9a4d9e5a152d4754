"""Label faces that MediaPipe rejects, such as profiles, where several looks of a network agree.

usage: python tools/label_hard_faces.py PHOTOS OUT_FOLDER [--labeler BUNDLE] [--boxes FILE.csv]
                                        [--add-to FACES]

PHOTOS is a folder or a tar archive. Without --boxes each picture shows one face in its middle, as
in a data set of face crops. The network looks at each face ten times: as it is and mirrored, then
around these landmarks in two sizes and places, turned by 12 degrees either way, and mirrored. A
face is kept where the looks agree. Its label is their mean, each landmark weighted by 1 / spread^2.

    disagreement = mean distance of the looks from the label / square root of the box's area,
                   landmarks weighted by 1 / spread: hidden contours count less
    weight       = 1 / (1 + (2 disagreement / largest disagreement)^2)

OUT_FOLDER gets a data set of face crops that 'kilomark train --faces' reads, with the weights in
labels.npz. With --add-to it holds the faces of that data set too: train on it, then label again
with the better network. report.csv lists all faces, and why any was dropped; summary.json says
what share was kept.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.errors import KilomarkError
from labeling.agreement import AgreementRule, FaceLabeler, why_dropped
from labeling.boxed_photos import read_boxed_photos, read_boxes
from labeling.face_crop_set import FaceCropSet

if TYPE_CHECKING:
    from labeling.boxed_photos import BoxedPhoto

PROGRESS_EVERY = 100


def main() -> int:
    """0 if any face got a label, 1 if none did, 2 if nothing could be tried."""
    options = parse_arguments()
    try:
        summary = label_hard_faces(options)
    except (FileExistsError, KilomarkError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(summary, indent=1))
    return 0 if summary["kept"] else 1


def label_hard_faces(options: argparse.Namespace) -> dict[str, float]:
    """Label, write, and return what is in ``summary.json``."""
    rule = AgreementRule(options.largest_percent, options.least_presence)
    labeler = FaceLabeler(options.labeler, options.threads)
    boxes = None if options.boxes is None else read_boxes(options.boxes)
    faces = FaceCropSet(options.out, options.add_to, labeler.detector.topology)
    rows: list[list[object]] = []
    kept = 0
    for photo in read_boxed_photos(options.photos, boxes, options.box_share):
        row = label_one(photo, labeler, rule, faces)
        kept += row[1] != ""
        rows.append(row)
        if len(rows) % PROGRESS_EVERY == 0:
            print(f"{len(rows)} faces, {kept} kept", file=sys.stderr, flush=True)
    with (options.out / "report.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["photo", "name", "percent", "presence", "yaw_deg", "weight", "dropped"])
        writer.writerows(rows)
    summary = {"faces": len(rows), "kept": kept, "kept_percent": round(100 * kept / len(rows), 1)}
    if kept:
        summary["vertices_miss_px"] = round(faces.write(), 3)
    (options.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def label_one(
    photo: BoxedPhoto, labeler: FaceLabeler, rule: AgreementRule, faces: FaceCropSet
) -> list[object]:
    """Label a face; its row of ``report.csv``."""
    if photo.image is None:
        return [photo.name, "", "", "", "", "", photo.problem]
    found = labeler.label(photo.image, photo.box)
    dropped = why_dropped(found, photo.box, rule)
    figures = [f"{found.percent:.3f}", f"{found.presence:.3f}", f"{found.yaw_deg:.1f}"]
    if dropped:
        return [photo.name, "", *figures, "", dropped]
    weight = rule.weight(found.percent)
    name = faces.add(photo.image, found.landmarks, weight, found.yaw_deg)
    return [photo.name, name, *figures, f"{weight:.3f}", ""]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Label hard faces where several looks agree.")
    parser.add_argument("photos", type=Path, help="folder or tar archive of photos")
    parser.add_argument("out", type=Path, help="new folder for the data set")
    parser.add_argument(
        "--labeler",
        default="resnext50-turned",
        metavar="BUNDLE",
        help="shipped bundle, or a bundle's folder (default: resnext50-turned)",
    )
    parser.add_argument(
        "--boxes", type=Path, metavar="FILE.csv", help="table with file_name,x0,y0,x1,y1"
    )
    parser.add_argument(
        "--box-share",
        type=float,
        default=0.625,
        metavar="SHARE",
        help="without --boxes: side of the face's box over that of the picture (default: 0.625)",
    )
    parser.add_argument(
        "--add-to", type=Path, metavar="FACES", help="data set of face crops to add the faces to"
    )
    parser.add_argument(
        "--largest-percent",
        type=float,
        default=2.0,
        metavar="P",
        help="keep faces whose looks disagree by at most P %% (default: 2)",
    )
    parser.add_argument(
        "--least-presence",
        type=float,
        default=0.8,
        metavar="P",
        help="keep faces whose mean presence is at least P, 0 to 1 (default: 0.8)",
    )
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads (default: all)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
