"""What can go wrong, as types.

Every error that kilomark raises on purpose is a `KilomarkError`. The message says what was found,
what was expected and how to mend it. The C++ core raises these classes too.
"""

from __future__ import annotations

__all__ = [
    "BundleError",
    "DependencyError",
    "DeviceUnavailableError",
    "EngineError",
    "InferenceError",
    "InvalidInputError",
    "KilomarkError",
]


LONGEST_MESSAGE = 1500
"""Characters of a message; a longer one loses its middle, so that it keeps its remedy."""

_END = LONGEST_MESSAGE // 4
_GAP = " ... "


class KilomarkError(Exception):
    """The root of all errors raised by kilomark; its message is at most `LONGEST_MESSAGE` long."""

    def __init__(self, *args: object, **options: object) -> None:
        shown = (_cut_middle(item) if isinstance(item, str) else item for item in args)
        super().__init__(*shown, **options)


class InvalidInputError(KilomarkError, ValueError):
    """An argument (an image, boxes, an option) is not something that kilomark can work on."""


class BundleError(KilomarkError, ValueError):
    """A bundle is missing, damaged, or does not say what its network needs."""


class DependencyError(KilomarkError, ImportError):
    """A package that this function needs is missing or too old; the message says how to get it."""


class DeviceUnavailableError(KilomarkError, RuntimeError):
    """The device asked for cannot be used on this machine, or is not a device at all."""


class EngineError(KilomarkError, RuntimeError):
    """A network cannot be converted or its engine built, or the engine cache cannot be used."""


class InferenceError(KilomarkError, RuntimeError):
    """The network failed while it was loaded or run."""


def _cut_middle(message: str) -> str:
    if len(message) <= LONGEST_MESSAGE:
        return message
    return message[: LONGEST_MESSAGE - _END - len(_GAP)] + _GAP + message[-_END:]
