"""Training on several processes, which ``torchrun`` starts: PyTorch's DistributedDataParallel."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from kilomark.errors import DeviceUnavailableError
from kilomark.excerpts import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["Ranks", "choose_device", "joined", "without_exchange"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_CPU = torch.device("cpu")

# One process evaluates and writes while the others wait for it.
_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that train together; alone by default.

    Attributes:
        rank: 0 is the one process that evaluates, writes and speaks.
        local_rank: among the processes of this machine.
        world_size: number of processes on all machines.
        device: what this process computes on.
    """

    rank: int = 0
    local_rank: int = 0
    world_size: int = 1
    device: torch.device = _CPU

    @property
    def is_writer(self) -> bool:
        """Whether this process evaluates, writes and speaks."""
        return self.rank == 0

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device; its batch norms see the whole batch where they can.

        On GPUs that is PyTorch's SyncBatchNorm. It has no CPU version: there each process
        normalizes by its own share, as each part of an accumulated batch does on any device, and
        the running statistics are those of process 0. A GPU is also given the weights of
        convolutions with their channels last, as the images are: tensor cores want them so.
        """
        if self.device.type != "cuda":
            return network.to(self.device)
        # torch's stubs know this keyword for tensors only.
        network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.world_size > 1:
            synced: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
            return synced
        return network

    def parallel(self, network: nn.Module) -> nn.Module:
        """Wrap a placed network so that gradients are averaged over the processes."""
        if self.world_size == 1:
            return network
        devices = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=devices)

    def mean(self, values: Tensor) -> Tensor:
        """Average a tensor over the processes."""
        if self.world_size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.world_size
        return values

    def gather(self, value: T) -> list[T]:
        """Return every process's value, in order."""
        if self.world_size == 1:
            return [value]
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, value)
        return values

    def from_writer(self, value: T) -> T:
        """Return process 0's value on every process."""
        if self.world_size == 1:
            return value
        values: list[Any] = [value]
        dist.broadcast_object_list(values, device=_CPU)
        received: T = values[0]
        return received

    @contextmanager
    def one_machine_first(self) -> Iterator[None]:
        """Let the first process of each machine do something before the others, such as a cache."""
        if self.world_size > 1 and self.local_rank != 0:
            dist.barrier()
        yield
        if self.world_size > 1 and self.local_rank == 0:
            dist.barrier()


def without_exchange(parallel: nn.Module) -> AbstractContextManager[None]:
    """Add up gradients on this process; the next step without this exchanges them all."""
    if isinstance(parallel, DistributedDataParallel):
        waiting: AbstractContextManager[None] = parallel.no_sync()
        return waiting
    return nullcontext()


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Join the processes that ``torchrun`` started, if it did, and leave them at the end.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; under torchrun, each process of a
            machine takes the GPU of its own number.

    Raises:
        DeviceUnavailableError: there is no such device.
    """
    if not dist.is_torchelastic_launched():
        yield Ranks(device=choose_device(device, 0))
        return
    local_rank = int(os.environ["LOCAL_RANK"])
    if device.startswith("cuda:") and int(os.environ["LOCAL_WORLD_SIZE"]) > 1:
        raise DeviceUnavailableError(
            f"--device {device} is one GPU for several processes of this machine; expected 'auto' "
            "or 'cuda': each process then takes the GPU of its own number"
        )
    chosen = choose_device(device, local_rank)
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    # Control messages are small and live on the CPU; gradients go by the device's own way.
    backend = "cpu:gloo,cuda:nccl" if chosen.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=_PATIENCE)
    ranks = Ranks(dist.get_rank(), local_rank, dist.get_world_size(), chosen)
    if ranks.is_writer:
        log.info("%d processes, %s", ranks.world_size, backend)
    try:
        yield ranks
    finally:
        dist.destroy_process_group()


def choose_device(device: str, local_rank: int) -> torch.device:
    """Return the device to train on; for ``auto`` a GPU if there is one, stated at INFO.

    Raises:
        DeviceUnavailableError: ``device`` is unknown, or not on this machine.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    available = ["cpu", *(f"cuda:{number}" for number in range(count))]
    if device in ("auto", "cuda"):
        wanted = "cpu" if device == "auto" and count == 0 else f"cuda:{local_rank}"
    else:
        wanted = device
    if wanted not in available:
        raise DeviceUnavailableError(
            f"cannot train on {excerpt(device)} (process {local_rank} of this machine); available "
            f"to PyTorch here: {', '.join(available)}; give one of these or 'auto' as --device, "
            "and start no more processes than there are GPUs"
        )
    if device == "auto":
        log.info("device 'auto' chose %s; available: %s", wanted, ", ".join(available))
    return torch.device(wanted)
