"""`kilomark.evaluation.evaluate`: a bundle measured on a validation split, through the C++ core."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark.bundle_files import rounded_figures, write_accuracy
from kilomark.data.face_crops import read_face_crops
from kilomark.data.face_meshes import has_depth, read_face_meshes
from kilomark.data.scenes import read_backgrounds, read_boxes_by_photo, read_scenes
from kilomark.errors import InvalidInputError
from kilomark.evaluation.eye_accuracy import (
    DEFAULT_FACE_NETWORK,
    measure_drawn_eyes,
    measure_eyes,
)
from kilomark.evaluation.figures import (
    FinderUse,
    LandmarkUse,
    find_faces,
    finder_figures,
    landmark_figures,
    predict_faces,
)
from kilomark.evaluation.finder_report import LOWEST_SCORE, write_finder_report
from kilomark.evaluation.finder_sweep import sweep_sizes
from kilomark.evaluation.landmark_report import write_landmark_report
from kilomark.evaluation.slices import read_noted_slices
from kilomark.excerpts import excerpt
from kilomark.manifest import FinderBundle, LandmarkBundle, read_bundle
from kilomark.options import optional_path

if TYPE_CHECKING:
    from kilomark.manifest import Bundle

__all__ = ["evaluate"]


def evaluate(
    bundle: str | Path,
    *,
    faces: str | Path,
    scenes: str | Path | None = None,
    cache: str | Path | None = None,
    report: str | Path | None = None,
    run_dir: str | Path | None = None,
    reviewed: str | Path | None = None,
    slices: str | Path | None = None,
    landmarks: str | None = None,
    finder_tiles: int = 1,
    views: int = 1,
    blend: bool = False,
    write: bool = False,
) -> dict[str, float]:
    """Measure a bundle as the runtime runs it, as ``kilomark evaluate`` does.

    Args:
        bundle: name of a shipped bundle, or the folder of another one.
        faces: folder of a data set of face crops.
        scenes: folder of a data set of scenes; not needed for an eye network.
        cache: folder for decoded images.
        report: folder for ``report.md``, ``figures.json``, plots and contact sheets. The sheets
            show people of the data set and are not for publishing.
        run_dir: training run whose learning curve the report shows.
        reviewed: for a face detector: JSON file of real faces without a label, by photo. The
            report counts them as neither right nor wrong.
        slices: for a landmark network: JSON file of photo names by slice; the report gives the
            error of each slice.
        landmarks: for a face detector: rescore its faces with this landmark network, as `Detector`
            does, instead of measuring the face detector alone. For an eye network: the
            landmark network that it is used with, ``"lite"`` by default.
        finder_tiles: for a face detector: as in `Detector`.
        views: for a landmark network: as in `Detector`.
        blend: for a landmark network: blend in the networks that its manifest names, as `Detector`
            does by default, instead of measuring it alone.
        write: write the figures into the bundle's manifest.

    Returns:
        The figures by name, in four significant digits. `kilomark.evaluation.figures` defines
        them.

    Raises:
        BundleError: the bundle is missing or damaged.
        InvalidInputError: a data set or an option cannot be used.
    """
    if write and (landmarks is not None or finder_tiles != 1 or views != 1 or blend):
        raise InvalidInputError(
            "--write records the accuracy of one bundle alone; expected --write without "
            "--landmarks, --finder-tiles, --views and --blend, or these without --write"
        )
    if slices is not None and report is None:
        raise InvalidInputError("--slices are for a report; expected --report FOLDER with them")
    measured = read_bundle(bundle)
    if isinstance(measured, LandmarkBundle) and measured.of_eye:
        if report is not None or views != 1 or blend:
            raise InvalidInputError(
                f"the bundle {excerpt(measured.name)} sees one eye; expected no --report, --views "
                "and --blend for it: its figures are printed"
            )
        found = _measure_eyes(measured.folder, Path(faces), optional_path(cache), landmarks)
    elif scenes is None:
        raise InvalidInputError(
            f"no scenes to measure {excerpt(measured.name)} on; expected --scenes beside --faces"
        )
    else:
        data = (Path(faces), Path(scenes), optional_path(cache))
        to = (optional_path(report), optional_path(run_dir))
        if isinstance(measured, FinderBundle):
            finding = FinderUse(landmarks, finder_tiles)
            found = _measure_finder(
                measured, *data, *to, use=finding, reviewed=optional_path(reviewed)
            )
        else:
            placing = LandmarkUse(views, blend)
            found = _measure_landmarks(
                measured, *data, *to, slices=optional_path(slices), use=placing
            )
    figures = rounded_figures(found)
    if write:
        write_accuracy(measured.folder, figures)
    return figures


def _measure_eyes(
    bundle: Path, faces_dir: Path, cache: Path | None, landmarks: str | None
) -> dict[str, float]:
    faces = read_face_crops(faces_dir, "val", cache)
    network = landmarks or DEFAULT_FACE_NETWORK
    figures = measure_eyes(bundle, faces, landmarks=network)
    if has_depth(faces_dir):
        meshes = read_face_meshes(faces_dir, "val")
        figures |= measure_drawn_eyes(bundle, faces, meshes, landmarks=network)
    return figures


def _measure_landmarks(
    bundle: Bundle,
    faces_dir: Path,
    scenes_dir: Path,
    cache: Path | None,
    report: Path | None,
    run_dir: Path | None,
    *,
    slices: Path | None,
    use: LandmarkUse,
) -> dict[str, float]:
    noted_slices = None if slices is None else read_noted_slices(slices)
    faces = read_face_crops(faces_dir, "val", cache)
    backgrounds, _, held_out = read_backgrounds(scenes_dir, cache)
    predictions = predict_faces(bundle.folder, faces, backgrounds, held_out, use=use)
    figures = landmark_figures(predictions)
    if report is None:
        return figures
    written = write_landmark_report(
        report,
        bundle.folder,
        faces,
        predictions,
        run_dir,
        noted_slices,
        read_face_meshes(faces_dir, "val") if has_depth(faces_dir) else None,
        use,
    )
    return figures | {"jitter_percent": written.steady[0].jitter_percent}


def _measure_finder(
    bundle: FinderBundle,
    faces_dir: Path,
    scenes_dir: Path,
    cache: Path | None,
    report: Path | None,
    run_dir: Path | None,
    *,
    use: FinderUse,
    reviewed: Path | None,
) -> dict[str, float]:
    scenes = read_scenes(scenes_dir, "val", cache)
    backgrounds, _, held_out = read_backgrounds(scenes_dir, cache)
    if report is None:
        finds = find_faces(bundle.folder, scenes, backgrounds, held_out, use=use)
        return asdict(finder_figures(finds, scenes))
    faces = read_face_crops(faces_dir, "val", cache)
    finds = find_faces(
        bundle.folder, scenes, backgrounds, held_out, lowest_score=LOWEST_SCORE, use=use
    )
    boxes = {} if reviewed is None else read_boxes_by_photo(reviewed)
    sweeps = {
        f"Recall by size, {size} px images": sweep_sizes(
            bundle.folder, faces, backgrounds, held_out, image_px=size, use=use, reviewed=boxes
        )
        for size in (bundle.input.width, 2 * bundle.input.width)
    }
    write_finder_report(
        report,
        bundle.name,
        scenes,
        finds,
        reviewed=boxes,
        sweeps=sweeps,
        backgrounds=(backgrounds, held_out),
        run_dir=run_dir,
        use=use,
    )
    return asdict(finder_figures(finds, scenes))
