"""Check what is in a wheel: the package, and nothing else.

usage: python tools/check_wheel.py [--cuda] WHEEL

Its libraries must load everywhere: they link to no library but those of the compiler and glibc, so
neither to OpenVINO nor to CUDA or TensorRT, and have no RPATH. Calls `readelf`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MOST_MB = 24
MOST_PLUGIN_MB = 1
PLUGIN = r"kilomark/libkilomark_cuda_trt(10|11)\.so"
LINKED = r"(libstdc\+\+|libgcc_s|libc|libm|ld-linux-[\w-]+)\.so\.\d+"
NEEDED = (
    r"kilomark/__init__\.py",
    r"kilomark/py\.typed",
    r"kilomark/_core\.pyi",
    r"kilomark/_core\.[\w-]+\.so",
    r"kilomark/demo/astronaut\.jpg",
    r"kilomark/measures/blendshape_fit\.npz",
    r"kilomark/serve/static/(index\.html|main\.js|style\.css|icon\.svg)",
    r"kilomark/bundles/eyes/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/faces/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/lite/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/resnext50/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/resnext50-turned/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/wild/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark-[^/]+\.dist-info/METADATA",
    r"kilomark-[^/]+\.dist-info/entry_points\.txt",
    r"kilomark-[^/]+\.dist-info/licenses/LICENSE",
)
REFUSED = r"(^|/)(tests|tools|cpp|__pycache__|\.[^/]+)(/|$)|\.(pyc|cpp|hpp|o|a|tmp|engine|pt)$"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--cuda", action="store_true", help="the CUDA plugin must be in it")
    options = parser.parse_args()
    faults = [*check(options.wheel), *check_libraries(options.wheel, with_plugin=options.cuda)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def check(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        needs = re.findall(r"^Requires-Dist: (\S+)$", archive.read(metadata).decode(), re.MULTILINE)
    faults = [
        f"{wheel.name}: nothing is called {pattern}"
        for pattern in NEEDED
        if not any(re.fullmatch(pattern, name) for name in names)
    ]
    faults += [f"{wheel.name}: {name} does not belong here" for name in names if is_foreign(name)]
    base = sorted(re.split(r"[<>=~!]", need)[0].lower() for need in needs)
    if base != ["numpy", "openvino", "pillow"]:
        faults.append(f"{wheel.name} needs {base}; expected numpy, openvino and pillow alone")
    size_mb = wheel.stat().st_size / 1e6
    if size_mb > MOST_MB:
        faults.append(f"{wheel.name} holds {size_mb:.1f} MB; expected at most {MOST_MB}")
    return faults


def check_libraries(wheel: Path, *, with_plugin: bool) -> list[str]:
    """Faults of the extension and the CUDA plugin: what they link to, RPATHs, size in the wheel."""
    faults = []
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        libraries = [info for info in archive.infolist() if info.filename.endswith(".so")]
        for info in libraries:
            wrong = find_links(Path(archive.extract(info, folder)))
            faults += [f"{wheel.name}: {info.filename} has {line}" for line in wrong]
    plugins = [info for info in libraries if re.fullmatch(PLUGIN, info.filename)]
    if with_plugin and not plugins:
        faults.append(f"{wheel.name}: no file matches {PLUGIN}")
    for info in plugins:
        size_mb = info.compress_size / 1e6
        print(f"{info.filename}: {info.file_size / 1e6:.2f} MB, {size_mb:.2f} MB in the wheel")
        if size_mb > MOST_PLUGIN_MB:
            faults.append(f"{info.filename} takes {size_mb:.1f} MB; expected {MOST_PLUGIN_MB}")
    return faults


def find_links(library: Path) -> list[str]:
    """What a library must not have: an RPATH, or a library of others that it needs."""
    command = ["readelf", "--dynamic", "--wide", str(library)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    entries = re.findall(r"\((NEEDED|RPATH|RUNPATH)\).*\[(.*)\]", listed)
    return [
        f"{kind} {value}"
        for kind, value in entries
        if kind != "NEEDED" or not re.fullmatch(LINKED, value)
    ]


def is_foreign(name: str) -> bool:
    return (name.split("/")[0] != "kilomark" and ".dist-info/" not in name) or bool(
        re.search(REFUSED, name)
    )


if __name__ == "__main__":
    sys.exit(main())
