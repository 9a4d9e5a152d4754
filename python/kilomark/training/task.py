"""What the training loop asks of a task: its samples, its loss, its accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn


class Samples(Protocol):
    """An endless stream: sample i is a function of i alone."""

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Arrays that stack to a batch."""


class Task(Protocol):
    """What a network is trained for.

    Attributes:
        samples_per_epoch: of the training data; 0 where samples are drawn at random.
    """

    samples_per_epoch: int

    def samples(self, size: int) -> Samples:
        """Samples for inputs of ``size`` px."""

    def weight(self, batch: list[Tensor]) -> Tensor:
        """What a batch counts in the loss, such as its number of faces, from its labels alone."""

    def loss(
        self, network: nn.Module, batch: list[Tensor], weight: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of a part of a batch, and what it is made of, without gradients, for the log.

        Sums over what ``weight`` counts are divided by ``weight``, which is the mean over all
        parts of the batch on all processes, so that the mean of the parts' losses is the loss of
        the batch.
        """

    def evaluate(self, network: nn.Module, size: int) -> dict[str, float]:
        """Accuracy on the validation split."""

    def validation_error(self, accuracy: Mapping[str, float]) -> float:
        """What a plateau is seen by: lower is better."""
