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
from kilomark.evaluation.slices import LIMIT_FACTOR, Slice, measure_slices, slice_members
from kilomark.evaluation.stability import Steadiness, measure_steadiness
from kilomark.network_inputs import CROP_SCALE
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kilomark.data.face_crops import FaceCrops
    from kilomark.data.face_meshes import FaceMeshes

__all__ = [
    "LandmarkReport",
    "altered_lines",
    "slice_lines",
    "steadiness_lines",
    "table_lines",
    "write_landmark_report",
    "yaw_lines",
]

Array = np.ndarray[Any, Any]

CROP_PX = 128  # the crop in whose pixels errors are given
_WORST_FACES = 24
_ALTERED_EVERY = 4  # every fourth face is turned, masked, darkened, and closes its eyes
_STEADY_EVERY = 6  # every sixth face is moved, rescaled and compressed
_HOW = f"the bundle through the C++ core, one pass, crop {CROP_SCALE} times the landmarks' box."
_SLICES_NOTE = """\
Over the box: mean error over the square root of the area of the landmarks' box. It holds in
profile, where the outer eye corners meet and NME breaks down.
Skin by the typology angle of the cheeks' pixels in color photos, which light changes as much as
skin does."""
_STEADINESS_NOTE = """\
The photo shifted by parts of a pixel, rescaled by up to 10 %, compressed again: root mean square of
what is left of the landmarks' motion, over the distance of the outer eye corners."""
_THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


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
    lines = _lines(bundle.name, report, predictions, has_curve=has_curve)
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


def _lines(
    name: str, report: LandmarkReport, predictions: LandmarkPredictions, *, has_curve: bool
) -> list[str]:
    lines = [
        f"# {name}, measured",
        "",
        f"{len(predictions.landmarks)} validation faces, {_HOW}",
        *_accuracy_lines(report),
        *_confidence_lines(report, predictions),
        *slice_lines(report.slices),
        *yaw_lines(report.yaw),
        *steadiness_lines(report.steady),
        *altered_lines(report.altered),
        *_picture_lines("Worst faces", "worst_faces.png"),
        "Labels green, landmarks red. The sheet shows people: do not publish it.",
    ]
    return (
        [*lines, *_picture_lines("Learning curves", plots.LEARNING_CURVES)] if has_curve else lines
    )


def _accuracy_lines(report: LandmarkReport) -> list[str]:
    figures = report.figures
    rows = [
        ("NME, mean", f"{figures['nme_percent']:.2f} %"),
        ("NME, median", f"{figures['median_nme_percent']:.2f} %"),
        ("MSE in the 128 px crop", f"{figures['mse_px2']:.2f} px²"),
        ("faces with NME above 8 %", f"{figures['failure_percent']:.2f} %"),
        ("area under the cumulative error curve up to 8 %", f"{report.area:.3f}"),
    ]
    groups = [
        (name, f"{nme:.2f} %", f"{spread:.2f} %") for name, (nme, spread) in report.groups.items()
    ]
    return [
        *_picture_lines("Accuracy", "cumulative_error.png"),
        *table_lines(("", ""), rows),
        "",
        *table_lines(("group", "NME", "predicted spread"), groups),
    ]


def _confidence_lines(report: LandmarkReport, predictions: LandmarkPredictions) -> list[str]:
    figures = report.figures
    rows = [
        (
            f"{threshold}",
            f"{100 * (predictions.presence >= threshold).mean():.2f} %",
            f"{100 * (predictions.background_presence >= threshold).mean():.2f} %",
        )
        for threshold in _THRESHOLDS
    ]
    num_parts = len(predictions.background_presence)
    spread_rows = [
        ("mean spread over mean error", f"{figures['spread_over_error']:.3f}"),
        ("off, mean over the bins", f"{report.off_percent:.1f} % of the mean error"),
        ("rank correlation over faces", f"{figures['spread_error_correlation']:.2f}"),
    ]
    return [
        *_picture_lines("Predicted spread", "calibration.png"),
        *table_lines(("", ""), spread_rows),
        *_picture_lines("Presence", "presence.png"),
        f"Area under the curve {report.presence.area:.4f}.",
        "",
        *table_lines(
            ("threshold", "faces kept", f"kept of {num_parts} parts of photos without faces"), rows
        ),
    ]


def slice_lines(slices: Sequence[Slice]) -> list[str]:
    """The table of the slices, and which of them are limits."""
    rows = [
        (
            part.name,
            f"{part.num_faces}",
            f"{part.nme_percent:.2f} %",
            f"{part.median_nme_percent:.2f} %",
            f"{part.failure_percent:.1f} %",
            f"{part.factor:.2f}",
            "" if part.box_error_percent is None else f"{part.box_error_percent:.2f} %",
        )
        for part in slices
    ]
    limits = [part.name for part in slices if part.is_limit]
    verdict = (
        f"Limits, worse than {LIMIT_FACTOR:g} times the mean: {', '.join(limits)}."
        if limits
        else f"None is worse than {LIMIT_FACTOR:g} times the mean."
    )
    return [
        "",
        "## Slices",
        "",
        *table_lines(
            ("faces", "number", "NME", "median", "above 8 %", "of the mean", "over the box"), rows
        ),
        "",
        verdict,
        _SLICES_NOTE,
    ]


def yaw_lines(yaw: Sequence[YawError]) -> list[str]:
    """The table of the yaw's error, empty where the bundle gives no head pose."""
    if not yaw:
        return []
    rows = [
        (part.name, f"{part.num_faces}", f"{part.error_deg:.1f}°", f"{part.bias_deg:+.1f}°")
        for part in yaw
    ]
    head = ("yaw of the label", "number", "mean error", "bias outwards")
    return ["", "## Yaw", "", *table_lines(head, rows)]


def steadiness_lines(steady: tuple[Steadiness, Steadiness]) -> list[str]:
    """The table of the jitter."""
    rows = [
        (
            name,
            f"{found.jitter_percent:.3f} %",
            f"{found.worst_percent:.3f} %",
            f"{found.shift_percent:.3f} %",
            f"{found.scale_percent:.3f} %",
            f"{found.jpeg_percent:.3f} %",
            f"{found.num_faces}",
        )
        for name, found in zip(
            ("move with the face", "from the face detector"), steady, strict=True
        )
    ]
    head = ("boxes", "jitter", "95th percentile", "shifted", "rescaled", "JPEG", "faces")
    return [
        "",
        "## Steadiness",
        "",
        _STEADINESS_NOTE,
        "",
        *table_lines(head, rows),
    ]


def altered_lines(altered: AlteredAccuracy | None) -> list[str]:
    """The table of altered photos, empty where there are none."""
    if altered is None:
        return []
    rows = [("as photographed", f"{altered.plain:.2f} %")]
    rows += [(f"turned, yaw {span}°", f"{error:.2f} %") for span, error in altered.by_yaw.items()]
    rows += [("mask drawn", f"{altered.masked:.2f} %"), ("darkened", f"{altered.dark:.2f} %")]
    lines = ["", "## Altered photos", "", *table_lines(("photos", "error over the box"), rows)]
    if altered.blinks is not None:
        blinks = altered.blinks
        text = (
            f"Closing eyes: opening of closed eyes {blinks.closed_percent:.0f} % of open ones; "
            f"slope of opening against the label's {blinks.slope:.2f}, correlation "
            f"{blinks.correlation:.2f} (1 is right)."
        )
        lines += ["", text]
    return lines


def table_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as a table of Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _picture_lines(title: str, file: str) -> list[str]:
    return ["", f"## {title}", "", f"![{title}]({file})", ""]


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
