"""Photos in, arrays of their faces out: what the Python model of a repository does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kilomark.detector import Detector
from kilomark.images import decode_photo
from kilomark.options import DEFAULT_PRESENCE_THRESHOLD, DEFAULT_SCORE_THRESHOLD
from kilomark.streaming import stream_images

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    from kilomark.streaming import ImageResult

__all__ = ["PhotoServer"]


class PhotoServer:
    """Holds a Detector.

    Args:
        bundles: the folder with the bundles ``landmarks``, ``faces`` and, unless faces are not
            rescored, ``rescoring``.
        device: of the Detector.
        options: of the Detector, as the texts that the model's configuration holds.
    """

    def __init__(self, bundles: Path, device: str, options: Mapping[str, str]) -> None:
        max_faces = options.get("max_faces", "")
        rescoring = bundles / "rescoring"
        self._detector = Detector(
            bundles / "landmarks",
            finder=bundles / "faces",
            rescoring=rescoring if rescoring.is_dir() else None,
            device=device,
            score_threshold=float(options.get("score_threshold", DEFAULT_SCORE_THRESHOLD)),
            presence_threshold=float(options.get("presence_threshold", DEFAULT_PRESENCE_THRESHOLD)),
            max_faces=int(max_faces) if max_faces else None,
        )

    def predict(self, photos: list[bytes]) -> list[ImageResult[bytes]]:
        """Find the faces of encoded photos; an unreadable one gives an error in its place."""
        return list(
            stream_images(
                [self._detector.predict],
                photos,
                load=lambda data: decode_photo(data, "the photo"),
                batch_images=max(len(photos), 1),
            )
        )

    def to_outputs(self, results: list[ImageResult[bytes]]) -> dict[str, npt.NDArray[Any]]:
        """Convert the results of one request of N photos to its outputs.

        Returns:
            Arrays whose first axis is N. Where photos have fewer faces than the one with most, F,
            the rest of their (N, F, ...) is NaN.
        """
        most = max((len(result.faces) for result in results), default=0)
        errors = ["" if result.error is None else str(result.error) for result in results]
        sizes = [result.size or (0, 0) for result in results]
        count = self._detector.topology.num_landmarks
        shapes = {
            "boxes": (4,),
            "scores": (),
            "presence": (),
            "landmarks": (count, 2),
            "spread": (count,),
        }
        outputs: dict[str, npt.NDArray[Any]] = {
            "num_faces": np.array([[len(result.faces)] for result in results], np.int32),
            "error": np.array([[error.encode()] for error in errors], np.object_),
            "size": np.array(sizes, np.int32).reshape(-1, 2),
            **{
                name: np.full((len(results), most, *shape), np.nan, np.float32)
                for name, shape in shapes.items()
            },
        }
        attributes = {"boxes": "box", "scores": "score"}
        for photo, result in enumerate(results):
            for index, face in enumerate(result.faces):
                for name in shapes:
                    outputs[name][photo, index] = getattr(face, attributes.get(name, name))
        return outputs
