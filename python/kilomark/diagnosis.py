"""What `kilomark doctor` says: versions, devices, threads, caches, networks, and what is wrong."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from kilomark._core import OPENVINO_RANGE, build_info, probe_openvino
from kilomark.cache_folder import user_cache_folder
from kilomark.devices import choose_num_threads, describe_auto_precision, probe_cuda
from kilomark.engines import default_engine_folder
from kilomark.errors import KilomarkError
from kilomark.manifest import read_bundle, shipped_bundles

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Diagnosis", "diagnose"]

PACKAGES = ("numpy", "Pillow", "torch", "onnx", "onnxruntime", "tensorrt", "nncf", "pyarrow")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "CUDA_VISIBLE_DEVICES")
CPU_FEATURES = (
    "avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "asimd",
    "asimddp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Facts by section, each a name and a text, and the problems, each with its remedy."""

    sections: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def diagnose() -> Diagnosis:
    """Look at this installation and this machine; nothing is changed and no network is run."""
    found = Diagnosis()
    found.sections["versions"] = list(_versions(found.problems))
    found.sections["processor"] = list(_processor())
    found.sections["devices"] = list(_devices())
    found.sections["caches"] = list(_caches(found.problems))
    found.sections["networks"] = list(_networks(found.problems))
    return found


def _versions(problems: list[str]) -> Iterator[tuple[str, str]]:
    build = build_info()
    yield "kilomark", f"{build['version']} in {Path(__file__).parent}"
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    yield "system", f"{platform.platform()}, {platform.libc_ver()[1] or 'unknown'} libc"
    yield "built by", f"compiler {build['compiler']}, CUDA {build['cuda']}"
    yield "OpenVINO", _describe_openvino(problems)
    for package in PACKAGES:
        yield package, _version_of(package)


def _describe_openvino(problems: list[str]) -> str:
    found = probe_openvino()
    if found.reason:
        remedy = f"pip install 'openvino{OPENVINO_RANGE}'"
        problems.append(f"found {found.reason}; expected openvino{OPENVINO_RANGE}: {remedy}")
        return "not usable"
    return f"{found.version.partition('-')[0]} in {found.path}"


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> Iterator[tuple[str, str]]:
    text = _read("/proc/cpuinfo")
    model = re.search(r"^(?:model name|Model)\s*: (.*)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)$", text, re.MULTILINE)
    yield "model", model[1] if model else platform.machine()
    known = [name for name in CPU_FEATURES if flags and name in flags[1].split()]
    yield "instructions", ", ".join(known) or "none of those that kilomark or OpenVINO look for"
    yield "cores", f"{os.cpu_count()}, of which this process may use {choose_num_threads(None)}"
    yield "container limit", _cpu_limit()
    for name in THREAD_VARIABLES:
        if name in os.environ:
            yield name, os.environ[name]


def _cpu_limit() -> str:
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").strip().partition(" ")
    if not quota.isdigit() or not period.isdigit():
        return "none"
    cores = int(quota) / int(period)
    return f"{cores:g} cores: pass num_threads={max(1, round(cores))} to Detector"


def _devices() -> Iterator[tuple[str, str]]:
    precision = "" if probe_openvino().reason else f"; {describe_auto_precision()}"
    yield "cpu", "usable" + precision
    probe = probe_cuda()
    if probe.reason:
        plugin = "plugin present; " if probe.plugin_path else ""
        yield "cuda", f"not usable: {plugin}{probe.reason}"
    for device in probe.devices:
        memory = f"{device.memory_bytes / 2**30:.0f} GiB"
        state = device.reason or probe.reason
        yield (
            f"cuda:{device.index}",
            f"{device.name}, {memory}: {f'not usable: {state}' if state else 'usable'}",
        )
    facts = {
        "driver": probe.driver_version,
        "CUDA of the plugin": probe.runtime_version,
        "plugin": probe.plugin_path,
        "TensorRT": probe.tensorrt_version,
    }
    yield from ((name, value) for name, value in facts.items() if value)


def _caches(problems: list[str]) -> Iterator[tuple[str, str]]:
    engines = default_engine_folder()
    yield "engines", _describe_folder(engines, "*.engine")
    data = user_cache_folder()
    yield "data sets", _describe_folder(data, "*")
    for variable, folder in (("KILOMARK_ENGINES", engines), ("XDG_CACHE_HOME", data)):
        parent = next(path for path in (folder, *folder.parents) if path.exists())
        if not os.access(parent, os.W_OK):
            problems.append(
                f"{parent} is not writable, so nothing can be cached in {folder}; set "
                f"{variable} to a folder that is"
            )


def _describe_folder(folder: Path, pattern: str) -> str:
    if not folder.is_dir():
        return f"{folder} (not made yet)"
    files = [path for path in folder.rglob(pattern) if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    return f"{folder}: {len(files)} files, {size / 2**20:.1f} MiB"


def _networks(problems: list[str]) -> Iterator[tuple[str, str]]:
    for name in shipped_bundles():
        yield name, _describe_network(name, problems)


def _describe_network(name: str, problems: list[str]) -> str:
    try:
        bundle = read_bundle(name)
    except KilomarkError as error:
        problems.append(f"{error}; install kilomark again")
        return "damaged"
    return f"{len(bundle.model) / 2**20:.1f} MiB, matches its SHA-256"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
