"""The text of a landmark network's report, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.evaluation import plots
from kilomark.evaluation.slices import LIMIT_FACTOR
from kilomark.network_inputs import CROP_SCALE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kilomark.evaluation.altered_faces import AlteredAccuracy
    from kilomark.evaluation.figures import LandmarkPredictions
    from kilomark.evaluation.head_pose import YawError
    from kilomark.evaluation.landmark_report import LandmarkReport
    from kilomark.evaluation.slices import Slice
    from kilomark.evaluation.stability import Steadiness

__all__ = [
    "altered_lines",
    "report_lines",
    "slice_lines",
    "steadiness_lines",
    "table_lines",
    "yaw_lines",
]

_HOW = f"the bundle through the C++ core, one pass, crop {CROP_SCALE} times the landmarks' box."
_SLICES_NOTE = """\
Of the mean: NME of the slice divided by that of all faces. The interval is wide where a slice has
few faces.
Over the box: mean error divided by the square root of the area of the landmarks' box. It holds in
profile, where the outer eye corners meet and NME breaks down.
Skin: typology angle of the cheeks' pixels in color photos. Light changes it as much as skin
does."""
_STEADINESS_NOTE = """\
Jitter: RMS movement of the landmarks under sub-pixel shifts, rescaling by up to 10 % and JPEG
recompression, divided by the distance of the outer eye corners. Lower is steadier."""
_THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


def report_lines(
    name: str, report: LandmarkReport, predictions: LandmarkPredictions, *, has_curve: bool
) -> list[str]:
    """The lines of ``report.md``, in Markdown.

    Args:
        name: of the bundle.
        report: what was measured.
        predictions: the outputs that it was measured on.
        has_curve: whether there is a plot of the learning curves.
    """
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
        ("error over the box, mean", f"{figures['box_error_percent']:.2f} %"),
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
            "{:.2f} to {:.2f}".format(*part.factor_interval),
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
            (
                "faces",
                "number",
                "NME",
                "median",
                "above 8 %",
                "of the mean",
                "95 % interval",
                "over the box",
            ),
            rows,
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
