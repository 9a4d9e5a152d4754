"""The GPU answers as the CPU does."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark import _core
from kilomark.conversion.samples import demo_samples
from kilomark.devices import choose_num_threads
from kilomark.manifest import read_landmark_bundle

from . import limits
from .outcomes import Figures, require
from .subject import Subject, boxes, crop_sides, frames, moved_px

if TYPE_CHECKING:
    import numpy.typing as npt


def network_parity(subject: Subject) -> Figures:
    """The network alone, on crops that both devices are given."""
    crops = demo_samples(read_landmark_bundle(subject.model), subject.num_faces)
    wanted, found = (
        detector._core.infer("landmarks", crops)["landmarks"]  # noqa: SLF001 - the network alone
        for detector in (subject.reference(), subject.detector())
    )
    moved = np.linalg.norm(found - wanted, axis=-1)
    figures = {"faces": len(crops), "mean_px": moved.mean(), "worst_px": moved.max()}
    _require_near(moved, figures)
    return figures


def pipeline_parity(subject: Subject) -> Figures:
    """A whole call with given boxes: upload, crop, network, landmarks in the frame."""
    pictures, given = frames(8), boxes(subject.num_faces)
    per_frame = list(np.array_split(given, len(pictures)))
    wanted = subject.reference().predict(pictures, boxes=per_frame)
    found = subject.detector().predict(pictures, boxes=per_frame)
    moved = moved_px(
        list(chain(*found)),
        list(chain(*wanted)),
        crop_sides(given),
    )
    figures = {"faces": len(given), "mean_px": moved.mean(), "worst_px": moved.max()}
    _require_near(moved, figures)
    return figures


def finder_parity(subject: Subject) -> Figures:
    """The face detector: the same faces, in the same places."""
    pictures = frames(8)
    wanted = subject.reference(finder=True).predict(pictures)
    found = subject.detector(finder=True).predict(pictures)
    counts = [[len(faces) for faces in answer] for answer in (wanted, found)]
    require(counts[0] == counts[1], f"found {counts[1]} faces, the CPU {counts[0]}")
    pairs = zip(
        list(chain(*found)),
        list(chain(*wanted)),
        strict=True,
    )
    worst = max(float(np.abs(a.box - b.box).max()) for a, b in pairs)
    figures = {"faces": sum(counts[0]), "worst_box_px": worst}
    require(worst <= limits.FINDER_WORST_PX, f"a box moves by {worst:.2f} px", figures)
    return figures


def build_says_cuda(subject: Subject) -> Figures:
    """The detector runs where it was asked to, and not in silence somewhere else."""
    detector = subject.detector()
    require(detector.device == subject.device, f"it runs on {detector.device}")
    return {
        "device": detector.device,
        "cpu_threads": choose_num_threads(None),
        **_core.build_info(),
    }


def _require_near(moved: npt.NDArray[Any], figures: Figures) -> None:
    require(
        moved.mean() <= limits.LANDMARKS_MEAN_PX and moved.max() <= limits.LANDMARKS_WORST_PX,
        f"the landmarks move by {moved.mean():.4f} px on average, {moved.max():.4f} px at worst",
        figures,
    )
