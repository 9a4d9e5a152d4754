#!/usr/bin/env python3
"""Fit a landmark network's presence anew, so that it rejects what looks like a face to a detector.

    python tools/fit_presence.py lite --finder faces --photos DATA/photos
        --without-faces FOLDER [FOLDER ...] -o my-lite

The head of presence rescores what the face detector finds. This tool shows it the detector's
candidates in labeled photos (photos.npz and photos.tar, as tools/refit_faces.py writes them) and
in pictures that hold no face. Only the head is fitted: landmarks and spread stay bit by bit.

Before it writes the bundle, it prints a cross-validation: two heads learn from one half of the
photos each, and judge the other half. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kilomark import Detector
from kilomark.data.photo_set import read_photo_set
from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.manifest import read_face_bundle, read_finder_bundle
from presence.bundle_head import load_network, write_with_head
from presence.candidates import (
    SMALLEST_SCORE,
    candidates_in_photos,
    candidates_in_pictures,
    find_pictures,
)
from presence.head_fit import FitSettings, Samples, SamplesBuilder, cross_validate, fit_head
from presence.rescoring import Rescoring

if TYPE_CHECKING:
    from kilomark.manifest import LandmarkBundle
    from kilomark.networks.landmark_network import LandmarkNetwork

Array = np.ndarray[Any, Any]

DEFAULTS = FitSettings()
PROGRESS_EVERY = 200
TITLES = ("on labeled faces", "elsewhere in the same photos", "in pictures without faces")
FEWEST_MISSED = 20  # the threshold lies among as many faces that are hard to find
FEWEST_PHOTOS = 2  # one for each half of the cross-validation


def main(arguments: list[str] | None = None) -> int:
    """0 if the bundle was written, 2 if not."""
    options = parse_arguments(arguments)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    try:
        fit_presence(options)
    except (KilomarkError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def fit_presence(options: argparse.Namespace) -> None:
    """Find candidates, fit and cross-validate the head, print, and write the new bundle."""
    if options.out.exists() and not (options.out.is_dir() and not any(options.out.iterdir())):
        raise InvalidInputError(f"{options.out} is not an empty folder; expected a new one")
    bundle = read_face_bundle(options.bundle)
    finder = read_finder_bundle(options.finder)
    network = load_network(bundle)
    samples = find_candidates(options, bundle, network)
    rule = Rescoring.from_manifest(finder.rescoring, samples.scores, samples.sides_px)
    settings = FitSettings(
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        share_of_labels=options.share_of_labels,
    )
    head = network.head.presence
    judged = cross_validate(head, samples, settings)
    before = rule.passes(samples.old_logits)
    are_on_faces = samples.labels == 1
    shift = rule.of(are_on_faces).shift_to_pass(
        judged[are_on_faces], int(before[are_on_faces].sum())
    )
    table = tell(samples, before, rule.passes(judged + shift), shift)
    fitted = fit_head(head, samples, np.arange(len(samples)), settings)
    with torch.no_grad():
        fitted.logit.bias += shift
    notes = {"finder": finder.name, **asdict(settings), "logit_shift": round(shift, 3), **table}
    write_with_head(bundle, options.out, fitted, notes)
    print(f"{options.out}: written, all but the head of presence as in {bundle.name}")


def find_candidates(
    options: argparse.Namespace, bundle: LandmarkBundle, network: LandmarkNetwork
) -> Samples:
    """Look for candidates in all photos and pictures.

    Raises:
        InvalidInputError: a folder is not as expected, or too little is found.
    """
    photos = read_photo_set(options.photos, "train", options.cache)
    pictures = find_pictures(options.without_faces)
    detector = Detector(
        None,
        finder=options.finder,
        rescoring=None,
        score_threshold=SMALLEST_SCORE,
        num_threads=options.threads,
    )
    builder = SamplesBuilder(network)
    in_photos = candidates_in_photos(detector, photos, bundle)
    in_pictures = candidates_in_pictures(
        detector, pictures, bundle, options.variants, DEFAULTS.seed
    )
    for found, name in ((in_photos, "photos"), (in_pictures, "pictures without faces")):
        for number, candidates in enumerate(found, start=1):
            builder.add(candidates, is_in_picture=found is in_pictures)
            if number % PROGRESS_EVERY == 0:
                print(f"{number} {name}", file=sys.stderr, flush=True)
    samples = builder.finish()
    check_candidates(samples, options.finder)
    return samples


def check_candidates(samples: Samples, finder: str) -> None:
    """Raise unless each half of the photos can have candidates of both kinds."""
    for rows, what in (
        (samples.labels == 1, "photos hold a labeled face"),
        (samples.is_in_picture, "pictures without faces hold a place"),
    ):
        count = len(np.unique(samples.photos[rows]))
        if count < FEWEST_PHOTOS:
            raise InvalidInputError(
                f"{count} {what} that the face detector {finder} finds at a score of "
                f"{SMALLEST_SCORE}; expected {FEWEST_PHOTOS} or more, and hundreds for a good fit"
            )


def tell(samples: Samples, before: Array, after: Array, shift: float) -> dict[str, dict[str, int]]:
    """Print how many candidates pass; return the same for the manifest."""
    kinds = {
        "on_faces": samples.labels == 1,
        "beside_faces": (samples.labels == 0) & ~samples.is_in_picture,
        "without_faces": samples.is_in_picture,
    }
    table = {
        kind: {
            "candidates": int(rows.sum()),
            "before": int(before[rows].sum()),
            "after": int(after[rows].sum()),
        }
        for kind, rows in kinds.items()
    }
    print("Cross-validation, two halves by photo: candidates that reach the score threshold")
    print(f"{'':32}candidates  before  after")
    for title, row in zip(TITLES, table.values(), strict=True):
        print(f"{title:32}{row['candidates']:10}{row['before']:8}{row['after']:7}")
    missed = table["on_faces"]["candidates"] - table["on_faces"]["before"]
    if missed < FEWEST_MISSED:
        print(f"The shift rests on few faces: {missed} failed before. Add photos of harder faces.")
    print(
        f"The head's last bias is shifted by {shift:+.2f}: as many labeled faces are found as "
        "before, so the constants of the face detector still fit."
    )
    return table


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("bundle", help="landmark network with a head of presence: name or folder")
    parser.add_argument(
        "--finder", required=True, metavar="BUNDLE", help="face detector that it rescores"
    )
    parser.add_argument(
        "--photos",
        type=Path,
        required=True,
        metavar="DIR",
        help="labeled photos, of the split train",
    )
    parser.add_argument(
        "--without-faces",
        type=Path,
        nargs="+",
        required=True,
        metavar="DIR",
        help="folders of pictures that hold no face",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the new bundle")
    parser.add_argument(
        "--variants",
        type=whole,
        default=3,
        metavar="N",
        help="times that each of these pictures is shown (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs", type=whole, default=DEFAULTS.epochs, help="default: %(default)s"
    )
    parser.add_argument(
        "--learning-rate", type=float, default=DEFAULTS.learning_rate, help="default: %(default)s"
    )
    parser.add_argument(
        "--share-of-labels",
        type=float,
        default=DEFAULTS.share_of_labels,
        metavar="SHARE",
        help="of the target in photos; the rest is the old presence (default: %(default)s)",
    )
    parser.add_argument("--threads", type=whole, metavar="N", help="CPU threads (default: all)")
    parser.add_argument("--cache", type=Path, help="folder for decoded images")
    return parser.parse_args(arguments)


def whole(text: str) -> int:
    """Parse a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main())
