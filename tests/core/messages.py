"""What every error of the core must say."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kilomark import KilomarkError

FOUND_EXPECTED_REMEDY = re.compile(r"found .+; expected .+; .+", re.DOTALL)


@contextmanager
def refused(error: type[KilomarkError], message: str) -> Iterator[None]:
    """The block raises exactly ``error``; it says what was found, what was expected and a remedy.

    ``message`` is a regular expression, looked for in the whole.
    """
    with pytest.raises(error, match=message) as caught:
        yield
    assert caught.type is error
    assert FOUND_EXPECTED_REMEDY.fullmatch(str(caught.value))
