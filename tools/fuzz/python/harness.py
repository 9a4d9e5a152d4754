"""The frame of every Python fuzzer: one file a target, one function per input.

usage: python tools/fuzz/python/TARGET.py CORPUS_FOLDER [libFuzzer options]

A target module has `test_one_input(data: bytes)`, which raises nothing but what the code under test
documents, and `seeds()`, inputs to start from.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parents[3]


def fuzz(test_one_input: Callable[[bytes], None], seeds: Callable[[], Iterable[bytes]]) -> None:
    """Write the seeds into the corpus and run libFuzzer until it is told to stop."""
    import atheris

    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(seeds()):
        (corpus / f"seed-{index}").write_bytes(seed)
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


def memory_folder() -> Path:
    """Make a folder for the files of a run, in memory where there is such a file system."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))


def check_message(error: BaseException) -> None:
    """A message is there, and short enough to be read."""
    assert 0 < len(str(error)) < 2000


def instrumented() -> object:
    """Return a context in which imports are instrumented for coverage."""
    import atheris

    sys.path.insert(0, str(ROOT))
    return atheris.instrument_imports(include=["kilomark"])
