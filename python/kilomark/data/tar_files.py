"""Files of a tar archive, one after the other."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_tar"]


def read_tar(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file in the archive's order.

    Raises:
        InvalidInputError: it is no tar archive, or was cut short.
    """
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file is not None:
                    yield member.name, file.read()
    except tarfile.TarError as error:
        first = str(error).splitlines()[0]
        raise InvalidInputError(
            f"{path} is not a whole tar archive ({first}); expected one of images: fetch or pack "
            "it again"
        ) from error
