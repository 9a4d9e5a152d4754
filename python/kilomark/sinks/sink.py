"""What all sinks have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from kilomark.sinks.rows import FaceRow

__all__ = ["COLUMNS", "NETWORK_COLUMNS", "Sink", "check_extra"]

NETWORK_COLUMNS = (
    "model",
    "model_sha256",
    "finder",
    "finder_sha256",
    "rescorer",
    "rescorer_sha256",
    "companion",
    "companion_sha256",
    "eyes",
    "eyes_sha256",
    "kilomark_version",
)
"""The columns that say what made a row, the fields of `kilomark.provenance.Provenance`."""

COLUMNS = (
    "path",
    "width",
    "height",
    "face_index",
    "error",
    "box",
    "score",
    "presence",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "landmarks",
    "spread",
    *NETWORK_COLUMNS,
)
"""The columns of every sink, in their order; those that a caller adds come after ``error``."""

EXTRA_TYPES = (bool, int, float, str)


class Sink(ABC):
    """Takes rows one after another; its file appears, whole, when the sink is closed.

    As a context manager a sink is closed at the end of the block, or aborted if the block raises.
    """

    num_rows: int = 0
    """Rows written so far."""

    @abstractmethod
    def write(self, rows: Iterable[FaceRow]) -> None:
        """Add rows.

        Raises:
            InvalidInputError: the file cannot be written, or a row does not fit the columns.
        """

    @abstractmethod
    def close(self) -> None:
        """Finish the file and give it its name. Further calls do nothing.

        Raises:
            InvalidInputError: the file cannot be written.
        """

    @abstractmethod
    def abort(self) -> None:
        """Remove what was written. After `close`, do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def check_extra(extra: Mapping[str, type] | None) -> dict[str, type]:
    """Check the names and types of a caller's own columns.

    Raises:
        InvalidInputError: a name is taken, or a type is none of bool, int, float and str.
    """
    columns = dict(extra or {})
    for name, kind in columns.items():
        if name in COLUMNS:
            raise InvalidInputError(f"the extra column {excerpt(name)} is one that every sink has")
        if kind not in EXTRA_TYPES:
            raise InvalidInputError(
                f"the extra column {excerpt(name)} has type {excerpt(kind)}; expected bool, int, "
                "float or str"
            )
    return columns
