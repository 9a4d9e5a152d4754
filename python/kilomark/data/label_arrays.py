"""The arrays of a data set's ``labels.npz`` and ``frames.npz``, checked before they are used."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_label_arrays", "read_landmark_matrix", "rows_of_split"]

Array = np.ndarray[Any, Any]

ANY_SIZE = -1


def read_label_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Read all arrays of an ``.npz`` file.

    Args:
        path: of the file.
        shapes: those that must be there, each with what follows N in its shape; -1 for any size.
            The array ``name`` says what N is.

    Raises:
        InvalidInputError: the file is missing or damaged, or an array is missing, of another shape,
            or holds numbers that are not finite.
    """
    arrays = _load(path)
    missing = [name for name in shapes if name not in arrays]
    if missing:
        raise InvalidInputError(
            f"{path} has no array {', '.join(map(excerpt, missing))}; expected "
            f'{", ".join(shapes)}; the page "Training" of the documentation lists their shapes'
        )
    count = len(arrays["name"]) if arrays["name"].ndim == 1 else 0
    for name, rest in shapes.items():
        shape = arrays[name].shape
        fits = len(shape) == 1 + len(rest) and shape[0] == count
        if not fits or any(w not in (ANY_SIZE, s) for s, w in zip(shape[1:], rest, strict=True)):
            wanted = ", ".join("any" if size == ANY_SIZE else str(size) for size in (count, *rest))
            raise InvalidInputError(
                f"{name} in {path} is {shape}; expected ({wanted}), a row for each of {count} names"
            )
        if arrays[name].dtype.kind == "f" and not np.isfinite(arrays[name]).all():
            lost = int((~np.isfinite(arrays[name])).reshape(count, -1).any(1).argmax())
            raise InvalidInputError(
                f"{name} in {path} is not finite for {excerpt(str(arrays['name'][lost]))}; "
                "expected finite numbers: leave such faces out"
            )
    return arrays


def rows_of_split(arrays: Mapping[str, Array], split: str, path: Path) -> Array:
    """Rows (N,) of one split.

    Raises:
        InvalidInputError: there is none.
    """
    rows: Array = np.flatnonzero(arrays["split"] == split)
    if not len(rows):
        raise InvalidInputError(
            f"no row of {path} has the split {excerpt(split)}; expected rows of 'train' and of "
            "'val', of different people"
        )
    return rows


def read_landmark_matrix(folder: Path, num_landmarks: int | None, num_vertices: int) -> Array:
    """The data set's fixed matrix (K, V) float32 from vertices to landmarks.

    ``num_landmarks`` is K; None takes it from the matrix.

    Raises:
        InvalidInputError: ``vertices_to_landmarks.npz`` is damaged, or of other landmarks.
    """
    path = folder / "vertices_to_landmarks.npz"
    sparse = _load(path)
    if not {"row", "col", "weight"} <= sparse.keys():
        raise InvalidInputError(f"{path} lacks row, col or weight; expected a sparse matrix")
    rows, columns = sparse["row"], sparse["col"]
    num_landmarks = int(rows.max(initial=-1)) + 1 if num_landmarks is None else num_landmarks
    if rows.max(initial=0) >= num_landmarks or columns.max(initial=0) >= num_vertices:
        raise InvalidInputError(
            f"{path} is a matrix of at least {rows.max() + 1} x {columns.max() + 1}; expected "
            f"{num_landmarks} x {num_vertices}: landmarks of topology.json, vertices of labels.npz"
        )
    matrix = np.zeros((num_landmarks, num_vertices), np.float32)
    matrix[rows, columns] = sparse["weight"]
    return matrix


def _load(path: Path) -> dict[str, Array]:
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (OSError, ValueError, AttributeError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInputError(
            f"{path} cannot be read ({excerpt(str(error))}); expected an .npz file of arrays"
        ) from error
