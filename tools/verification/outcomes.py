"""What a check finds: that something holds, that it does not, or that it cannot be checked here."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from .subject import Subject

Status: TypeAlias = Literal["pass", "FAIL", "not checked"]
Figures: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[["Subject"], Figures]


class CheckFailedError(Exception):
    """Something is not as it must be; the message says what, the figures how much."""

    def __init__(self, message: str, figures: Figures | None = None) -> None:
        super().__init__(message)
        self.figures = figures or {}


class CannotCheckError(Exception):
    """What a check needs is not here; the message says what that is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found."""

    name: str
    claim: str
    status: Status
    reason: str = ""
    figures: Figures = field(default_factory=dict)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name, "claim": self.claim, "status": self.status, "reason": self.reason,
            "seconds": round(self.seconds, 1), "figures": self.figures,
        }  # fmt: skip


def require(holds: bool, message: str, figures: Figures | None = None) -> None:
    """Fail the check unless ``holds``."""
    if not holds:
        raise CheckFailedError(message, figures)


def run_check(name: str, claim: str, check: Check, subject: Subject) -> Outcome:
    """Run one check; nothing that it raises stops the others."""
    start = time.perf_counter()
    status: Status = "pass"
    reason, figures = "", {}
    try:
        figures = check(subject)
    except CannotCheckError as error:
        status, reason = "not checked", str(error)
    except CheckFailedError as error:
        status, reason, figures = "FAIL", str(error), error.figures
    except Exception as error:
        status, reason = "FAIL", f"{type(error).__name__}: {error}"
        figures = {"traceback": traceback.format_exc().splitlines()[-8:]}
    return Outcome(name, claim, status, reason, figures, time.perf_counter() - start)


def not_checked(claims: Mapping[str, str], reason: str) -> list[Outcome]:
    """List every claim as not checked."""
    return [Outcome(name, claim, "not checked", reason) for name, claim in claims.items()]
