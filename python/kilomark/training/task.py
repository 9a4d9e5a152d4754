"""What the training loop asks of a task: its samples, its loss, its accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import Tensor, nn

    from kilomark.topology import Topology
    from kilomark.training.distillation import Teacher

__all__ = ["Samples", "Task"]


class Samples(Protocol):
    """An endless stream: sample i is a function of i alone."""

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Arrays that stack to a batch."""


class Task(Protocol):
    """What a network is trained for.

    Attributes:
        samples_per_epoch: of the training data; 0 where samples are drawn at random.
        topology: what the landmarks stand for; None for a face detector.
        teacher: a network to learn from beside the labels, or None. Face detectors have none.
    """

    samples_per_epoch: int
    topology: Topology | None
    teacher: Teacher | None

    def samples(self, size: int) -> Samples:
        """Samples for inputs of ``size`` px."""

    def weight(self, batch: list[Tensor]) -> Tensor:
        """What a batch counts in the loss, such as its number of faces, from its labels alone."""

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a part of a batch, and its terms without gradients for the log.

        Sums over what ``weight`` counts are divided by ``weight``. The loop passes the mean weight
        over all parts of the batch on all processes. The mean of the parts' losses then is the
        loss of the batch.
        """

    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:
        """Accuracy on the validation split."""

    def validation_error(self, accuracy: Mapping[str, float]) -> float:
        """The figure that a plateau is detected by: lower is better."""

    def example_shapes(self) -> Tensor | None:
        """Landmarks (M, K, 2) of training crops, to start a head from; None for a face detector."""

    def example_images(self, size: int) -> Tensor:
        """(N, 3, size, size) normalized inputs of training, to measure activations on."""

    def recipe(self) -> dict[str, Any]:
        """What a run records of its data, in ``run.json`` and in the bundle's manifest."""

    def picture(self, network: nn.Module, size: int) -> np.ndarray[Any, Any] | None:
        """(H, W, 3) uint8 RGB: predictions on fixed validation photos; None for no picture."""
