"""Training: the data's samples, losses, the loop, checkpoints.

    from kilomark.training import Settings, Stage, train

    accuracy = train("lite", "runs/lite", faces="data/faces", scenes="data/scenes")

Importing this package is cheap; using its names needs the ``train`` extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kilomark.extras import import_with_extra

if TYPE_CHECKING:
    from kilomark.training.face_data import train
    from kilomark.training.loop import TrainingInterruptedError
    from kilomark.training.run import Machine, Start, TeacherChoice
    from kilomark.training.settings import Settings, Stage

__all__ = [
    "Machine",
    "Settings",
    "Stage",
    "Start",
    "TeacherChoice",
    "TrainingInterruptedError",
    "train",
]

_HOMES = {
    "Machine": "run",
    "Settings": "settings",
    "Stage": "settings",
    "Start": "run",
    "TeacherChoice": "run",
    "TrainingInterruptedError": "loop",
    "train": "face_data",
}


def __getattr__(name: str) -> object:
    return import_with_extra(__name__, _HOMES, name)
