"""Check what is in a wheel: the package, and nothing else.

usage: python tools/check_wheel.py WHEEL
"""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from pathlib import Path

MOST_MB = 40
NEEDED = (
    r"kilomark/__init__\.py",
    r"kilomark/py\.typed",
    r"kilomark/_core\.pyi",
    r"kilomark/_core\.[\w-]+\.so",
    r"kilomark/demo/astronaut\.jpg",
    r"kilomark/serve/static/(index\.html|main\.js|style\.css|icon\.svg)",
    r"kilomark/bundles/faces/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/lite/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/resnext50/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark/bundles/wild/(manifest\.json|model\.onnx|MODEL_CARD\.md)",
    r"kilomark-[^/]+\.dist-info/METADATA",
    r"kilomark-[^/]+\.dist-info/entry_points\.txt",
    r"kilomark-[^/]+\.dist-info/licenses/LICENSE",
)
REFUSED = r"(^|/)(tests|tools|cpp|__pycache__|\.[^/]+)(/|$)|\.(pyc|cpp|hpp|o|a|tmp|engine|pt)$"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    faults = check(parser.parse_args().wheel)
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
        faults.append(f"{wheel.name} holds {size_mb:.0f} MB; expected at most {MOST_MB}")
    return faults


def is_foreign(name: str) -> bool:
    return (name.split("/")[0] != "kilomark" and ".dist-info/" not in name) or bool(
        re.search(REFUSED, name)
    )


if __name__ == "__main__":
    sys.exit(main())
