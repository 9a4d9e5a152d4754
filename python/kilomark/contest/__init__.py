"""Data sets in the contest's layout: checked, trained on, measured, predicted for submission.

    from kilomark import contest

    contest.train("resnext50", "runs/contest", "data/contest")
    contest.submit("runs/contest", "data/contest", "submission.csv")

Importing this package is cheap; using its names needs the ``train`` extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.extras import import_with_extra

if TYPE_CHECKING:
    from kilomark.contest.accuracy import evaluate
    from kilomark.contest.check import ContestReport, check_contest
    from kilomark.contest.submission import Submission, submit
    from kilomark.contest.training import train

__all__ = ["ContestReport", "Submission", "check_contest", "evaluate", "submit", "train"]

_HOMES = {
    "ContestReport": "check",
    "Submission": "submission",
    "check_contest": "check",
    "evaluate": "accuracy",
    "submit": "submission",
    "train": "training",
}


def __getattr__(name: str) -> object:
    return import_with_extra(__name__, _HOMES, name)
