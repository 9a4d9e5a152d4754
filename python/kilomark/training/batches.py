"""Which samples make a batch, on which process, and in which parts."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader

from kilomark.networks.normalization import normalize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor
    from torch.utils.data import Dataset

    from kilomark.training.distributed import Ranks
    from kilomark.training.task import Samples

__all__ = ["BatchShares", "example_images", "read_batches", "split_batch", "start_worker"]


@dataclass(frozen=True, slots=True)
class BatchShares:
    """This process's share of each batch: samples ``first`` to ``last``, in order.

    Batch i holds the samples from ``first + i * batch`` on; process r of R computes the r-th of
    R equal, contiguous shares. So the place in the data is one number, whoever reads it.
    """

    first: int
    last: int
    batch: int
    rank: int
    world_size: int

    def __len__(self) -> int:
        return (self.last - self.first) // self.batch

    def __iter__(self) -> Iterator[range]:
        share = self.batch // self.world_size
        for begin in range(self.first, self.last, self.batch):
            yield range(begin + self.rank * share, begin + (self.rank + 1) * share)


def read_batches(
    samples: Samples, first: int, last: int, *, batch: int, ranks: Ranks, num_workers: int
) -> Iterator[list[Tensor]]:
    """Yield this process's share of each batch, on its device.

    The loader draws its workers' seeds from a generator of its own: a run that is stopped and
    resumed starts more loaders than one that is not, and must draw the same numbers.
    """
    shares = BatchShares(first, last, batch, ranks.rank, ranks.world_size)
    if not len(shares):
        return
    if num_workers:  # a fork loses OpenCV's threads, and a worker that stops them waits for ever
        cv2.setNumThreads(1)
    loader = DataLoader(
        cast("Dataset[Any]", samples),
        batch_sampler=cast("Any", shares),
        num_workers=num_workers,
        generator=torch.Generator(),
        worker_init_fn=start_worker,
        pin_memory=ranks.device.type == "cuda",
    )
    for read in loader:
        yield [tensor.to(ranks.device, non_blocking=True) for tensor in read]


def start_worker(_worker: int) -> None:
    """One thread each; a signal to the whole group of processes is the main process's to act on."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def example_images(samples: Samples, count: int = 64) -> Tensor:
    """(N, 3, H, W) normalized images of the first samples, to measure activations on."""
    images = np.stack([samples[index][0] for index in range(count)])
    return normalize(torch.from_numpy(images))


def split_batch(batch: Sequence[Tensor], num_parts: int) -> list[list[Tensor]]:
    """Split a batch into equal parts."""
    return [list(part) for part in zip(*(t.chunk(num_parts) for t in batch), strict=True)]
