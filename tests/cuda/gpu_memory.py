"""Arrays in memory of a GPU: of the fake one, which is the host's, or of a real one."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pytest
from tests.needs_gpu import REQUIRED


class GpuArray:
    """An array on a GPU as PyCUDA has it, or, without an address, one that only says so."""

    def __init__(
        self, array: npt.NDArray[Any], *, address: int | None = None, owner: object = None,
        **changes: object,
    ) -> None:  # fmt: skip
        self.array = array
        self.address = array.ctypes.data if address is None else address
        self.owner = owner
        self.changes = changes

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        interface = self.array.__array_interface__
        facts = {key: interface[key] for key in ("shape", "typestr", "strides")}
        data = {"data": (self.address, False), "version": 3, "stream": None}
        return {**facts, **data, **self.changes}


class DlpackArray:
    """The same through DLPack, as torch does; notes the streams that it is asked for."""

    def __init__(self, array: npt.NDArray[Any], tensor: Any = None) -> None:  # noqa: ANN401 - of torch
        self.array = array
        self.tensor = tensor
        self.streams: list[object] = []

    def __dlpack_device__(self) -> tuple[int, int]:
        return (2, 0)

    def __dlpack__(self, *, stream: int | None = None) -> object:
        self.streams.append(stream)
        if self.tensor is None:
            return self.array.__dlpack__()
        return self.tensor.__dlpack__(stream=stream)


class GpuMemory(Protocol):
    """Brings arrays of the host to a GPU."""

    def array(self, array: npt.NDArray[Any]) -> GpuArray: ...

    def dlpack(self, array: npt.NDArray[Any]) -> DlpackArray: ...


class FakeMemory:
    def array(self, array: npt.NDArray[Any]) -> GpuArray:
        return GpuArray(array)

    def dlpack(self, array: npt.NDArray[Any]) -> DlpackArray:
        return DlpackArray(array)


class TorchMemory:
    """Memory of a real GPU, which torch allocates."""

    def __init__(self) -> None:
        if REQUIRED:
            self._torch: Any = import_module("torch")
        else:
            self._torch = pytest.importorskip("torch", reason="torch has memory of a GPU")

    def array(self, array: npt.NDArray[Any]) -> GpuArray:
        """Copy what ``array`` is a part of, so that the part has the same strides."""
        whole = array if array.base is None else array.base
        assert isinstance(whole, np.ndarray)
        tensor = self._torch.from_numpy(whole.reshape(-1)).cuda()
        self._torch.cuda.synchronize()
        offset = array.ctypes.data - whole.ctypes.data
        return GpuArray(array, address=tensor.data_ptr() + offset, owner=tensor)

    def dlpack(self, array: npt.NDArray[Any]) -> DlpackArray:
        return DlpackArray(array, self._torch.from_numpy(array).cuda())
