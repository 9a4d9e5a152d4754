"""``report.md`` of a landmark bundle: every figure that a model card needs, and the plots."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.data.geometry import box_of
from kilomark.evaluation import plots
from kilomark.evaluation.altered_faces import AlteredAccuracy, measure_altered
from kilomark.evaluation.contact_sheets import landmark_tile, write_sheet
from kilomark.evaluation.figures import (
    LandmarkPredictions,
    LandmarkUse,
    landmark_figures,
    to_bgr,
)
from kilomark.evaluation.head_pose import YawError, measure_yaw
from kilomark.evaluation.landmark_report_text import report_lines
from kilomark.evaluation.metrics import (
    FAILURE_PERCENT,
    OUTER_EYE_CORNERS,
    RocCurve,
    area_under_curve,
    box_errors,
    calibration,
    normalized_errors,
    roc_curve,
)
from kilomark.evaluation.slices import Slice, measure_slices, slice_members
from kilomark.evaluation.stability import Steadiness, measure_steadiness
from kilomark.network_inputs import CROP_SCALE
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.face_meshes import FaceMeshes

__all__ = ["LandmarkReport", "write_landmark_report"]

Array = np.ndarray[Any, Any]

CROP_PX = 128  # the crop in whose pixels errors are given
_WORST_FACES = 24
_ALTERED_EVERY = 4  # every fourth face is turned, masked, darkened, and closes its eyes
_STEADY_EVERY = 6  # every sixth face is moved, rescaled and compressed


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkReport:
    """What was measured of a landmark bundle.

    Attributes:
        figures: the figures of the bundle's manifest.
        area: under the cumulative error curve up to 8 %.
        groups: by group, NME and predicted spread in percent.
        off_percent: mean distance of spread and error over the bins of the calibration.
        presence: the presence's ROC curve.
        slices: the error of parts of the faces.
        steady: jitter where boxes move with the face, and where the face detector finds them.
        altered: errors on altered photos; None where the meshes are not known.
        yaw: the error of the head's yaw; empty where the bundle gives none.
    """

    figures: dict[str, float]
    area: float
    groups: dict[str, tuple[float, float]]
    off_percent: float
    presence: RocCurve
    slices: list[Slice]
    steady: tuple[Steadiness, Steadiness]
    altered: AlteredAccuracy | None = None
    yaw: list[YawError] = field(default_factory=list)


def write_landmark_report(
    folder: Path,
    bundle: Path,
    faces: FaceCrops,
    predictions: LandmarkPredictions,
    run_dir: Path | None = None,
    noted_slices: Mapping[str, Sequence[str]] | None = None,
    meshes: FaceMeshes | None = None,
    use: LandmarkUse | None = None,
) -> LandmarkReport:
    """Take the remaining measurements; write ``report.md``, ``figures.json`` and plots.

    Args:
        folder: where to, made if need be.
        bundle: the network's folder.
        faces: the validation split.
        predictions: the outputs of the network for them.
        run_dir: the training run whose learning curve to draw.
        noted_slices: names of photos by slice, such as those with glasses.
        meshes: of the faces, to measure turned, blinking, masked and dark photos too.
        use: how the network is used, as for the predictions.
    """
    use = use or LandmarkUse()
    folder.mkdir(parents=True, exist_ok=True)
    relative = 100 * normalized_errors(predictions.landmarks, predictions.target, OUTER_EYE_CORNERS)
    per_face = relative.mean(1)
    calibrated = calibration(predictions.spread, predictions.errors)
    report = LandmarkReport(
        figures=landmark_figures(predictions),
        area=area_under_curve(per_face),
        groups=_groups(faces, predictions, relative),
        off_percent=calibrated.off_percent,
        presence=roc_curve(predictions.presence, predictions.background_presence),
        slices=measure_slices(
            slice_members(faces, noted_slices),
            per_face,
            box_errors(predictions.landmarks, predictions.target),
        ),
        steady=_steadiness(bundle, faces, use),
        altered=None if meshes is None else _altered(bundle, faces, meshes, use),
        yaw=[]
        if predictions.yaw_deg is None
        else measure_yaw(predictions.yaw_deg, faces.pose[:, 0]),
    )
    plots.plot_cumulative_error(folder / "cumulative_error.png", per_face, FAILURE_PERCENT)
    plots.plot_calibration(folder / "calibration.png", calibrated, CROP_PX)
    plots.plot_roc(folder / "presence.png", report.presence)
    _write_worst(folder / "worst_faces.png", faces, predictions, per_face)
    has_curve = plots.add_learning_curves(folder, run_dir)
    lines = report_lines(bundle.name, report, predictions, has_curve=has_curve)
    write_whole(folder / "report.md", "\n".join(lines) + "\n")
    write_whole(folder / "figures.json", json.dumps(_plain(report), indent=1) + "\n")
    return report


def _groups(
    faces: FaceCrops, predictions: LandmarkPredictions, relative: Array
) -> dict[str, tuple[float, float]]:
    first, second = OUTER_EYE_CORNERS
    apart = np.linalg.norm(predictions.target[:, first] - predictions.target[:, second], axis=-1)
    spread = 100 * predictions.spread / apart[:, None]
    return {
        name: (
            float(relative[:, group.indices].mean()),
            float(spread[:, group.indices].mean()),
        )
        for name, group in faces.topology.groups.items()
    }


def _altered(
    bundle: Path, faces: FaceCrops, meshes: FaceMeshes, use: LandmarkUse
) -> AlteredAccuracy:
    detector = use.make_detector(bundle)

    def predict(image: Array, box: Array) -> Array:
        (face,) = detector.predict(to_bgr(image), boxes=box)
        return face.landmarks

    return measure_altered(predict, faces, meshes, range(0, len(faces), _ALTERED_EVERY))


def _steadiness(bundle: Path, faces: FaceCrops, use: LandmarkUse) -> tuple[Steadiness, Steadiness]:
    chosen = range(0, len(faces), _STEADY_EVERY)
    images = [to_bgr(faces.image(face)) for face in chosen]
    boxes = [box_of(faces.landmarks[face]) for face in chosen]
    given = measure_steadiness(use.make_detector(bundle), images, boxes)
    found = measure_steadiness(use.make_detector(bundle, find=True), images, boxes, find=True)
    return given, found


def _write_worst(
    path: Path, faces: FaceCrops, predictions: LandmarkPredictions, per_face: Array
) -> None:
    tiles = []
    for face in np.argsort(per_face)[::-1][:_WORST_FACES]:
        x0, y0, x1, y1 = box_of(faces.landmarks[face])
        found = predictions.landmarks[face] * CROP_SCALE * max(x1 - x0, y1 - y0)
        text = f"{faces.images.names[int(faces.rows[face])]}  {per_face[face]:.1f} %"
        tiles.append(landmark_tile(faces.image(face), found, faces.landmarks[face], text))
    write_sheet(path, tiles)


def _plain(report: LandmarkReport) -> dict[str, Any]:
    given, found = report.steady
    return {
        **report.figures,
        "cumulative_error_area": report.area,
        "spread_off_percent": report.off_percent,
        "presence_auc": report.presence.area,
        "groups": {
            name: {"nme_percent": nme, "spread_percent": spread}
            for name, (nme, spread) in report.groups.items()
        },
        "slices": [asdict(part) for part in report.slices],
        "steadiness": {"boxes_given": asdict(given), "boxes_found": asdict(found)},
        "altered": None if report.altered is None else asdict(report.altered),
        "yaw": [asdict(part) for part in report.yaw],
    }
