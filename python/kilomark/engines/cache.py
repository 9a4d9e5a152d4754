"""The folder of engines: each beside a JSON file that says what it was built for."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kilomark.cache_folder import user_cache_folder
from kilomark.engines.target import BatchProfile, EngineKey
from kilomark.engines.trust import check_trusted
from kilomark.errors import EngineError, InvalidInputError
from kilomark.regular_files import read_regular
from kilomark.system import BINARY_FLAGS, lock_file, lock_file_at_once
from kilomark.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Built", "EngineCache", "Lookup", "default_engine_folder"]

log = logging.getLogger(__name__)

LARGEST_ENGINE_BYTES = 4 << 30
LARGEST_RECORD_BYTES = 1 << 20


def default_engine_folder() -> Path:
    """Folder of engines: ``$KILOMARK_ENGINES``, or ``kilomark/engines`` in the user's cache."""
    chosen = os.environ.get("KILOMARK_ENGINES")
    if chosen:
        return Path(chosen)
    return user_cache_folder() / "engines"


@dataclass(frozen=True, slots=True)
class Built:
    """A new engine, and the facts for the JSON file beside it."""

    plan: bytes
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the cache has for a key: an engine, or the reason why there is none."""

    plan: bytes | None
    path: Path | None
    reason: str


@dataclass(frozen=True, slots=True)
class EngineCache:
    """Engines in ``folder``, which is made when the first one is written."""

    folder: Path

    def path_of(self, key: EngineKey) -> Path:
        """Return where the engine of ``key`` is, or will be."""
        return self.folder / key.file_name()

    def find(self, key: EngineKey) -> Lookup:
        """Return the engine of ``key``, or of the same key with batches that serve as well.

        An engine is returned only if it is as whole as when it was written.

        Raises:
            EngineError: the folder or a file in it cannot be read, or every user may write to it.
        """
        with _os_errors(f"the engine cache {self.folder} cannot be read"):
            check_trusted(self.folder)
            found = self._read(self.path_of(key), key)
            if found.plan is not None:
                return found
            for record_path in sorted(self.folder.glob("*.engine.json")):
                path = record_path.with_suffix("")
                if path != self.path_of(key) and _serves(_read_record(record_path), key):
                    other = self._read(path, key)
                    if other.plan is not None:
                        return other
            return found if found.reason else Lookup(None, None, self._why_none(key))

    def write(self, key: EngineKey, plan: bytes, facts: Mapping[str, Any]) -> Path:
        """Write an engine and its JSON file, each whole or not at all.

        Raises:
            EngineError: the folder cannot be written to, or the disk is full.
        """
        path = self.path_of(key)
        record = {
            "bundle": key.bundle_name,
            **key.to_record(),
            "engine_sha256": hashlib.sha256(plan).hexdigest(),
            "engine_bytes": len(plan),
            **facts,
        }
        with _os_errors(f"the engine {path} cannot be written"):
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_whole(path, plan)
            write_whole(_record_path(path), json.dumps(record, indent=1) + "\n")
        return path

    def check_writable(self) -> None:
        """Check, before minutes go into a build, that its result can be written.

        Raises:
            EngineError: it cannot.
        """
        with _os_errors(f"the engine cache {self.folder} cannot be written to"):
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as probe:
                probe.write(b"x")

    @contextmanager
    def locked(self, key: EngineKey) -> Iterator[None]:
        """Hold the right to build the engine of ``key``; another process waits here for its end.

        The lock goes with the process that holds it, however that ends.

        Raises:
            EngineError: the lock's file cannot be made.
        """
        path = self.path_of(key).with_suffix(".lock")
        with _os_errors(f"the lock {path} cannot be made"):
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | BINARY_FLAGS, 0o666)
        try:
            with _os_errors(f"the lock {path} cannot be taken"):
                if not lock_file_at_once(descriptor):
                    log.warning("another process is building this engine; waiting for it")
                    lock_file(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _read(self, path: Path, key: EngineKey) -> Lookup:
        """Read the engine at ``path`` if its record fits ``key`` and its content the record."""
        record_path = _record_path(path)
        if not path.exists():
            return Lookup(None, None, "")
        record = _read_record(record_path)
        if record is None:
            return Lookup(None, path, f"{record_path} is missing or damaged")
        differences = key.differences(record)
        if differences:
            return Lookup(None, path, f"{path} is another engine: {'; '.join(differences)}")
        check_trusted(path)
        plan = read_regular(path, at_most_bytes=LARGEST_ENGINE_BYTES)
        if hashlib.sha256(plan).hexdigest() != record.get("engine_sha256"):
            return Lookup(
                None,
                path,
                f"{path} is damaged: {len(plan)} bytes, not the {record.get('engine_bytes')} that "
                "were written",
            )
        return Lookup(plan, path, "")

    def _why_none(self, key: EngineKey) -> str:
        """Say how the engine nearest to ``key`` differs from it, if there is one."""
        nearest: list[str] | None = None
        for record_path in sorted(self.folder.glob("*.engine.json")):
            record = _read_record(record_path)
            if record is None or record.get("bundle") != key.bundle_name:
                continue
            differences = key.differences(record) or ["its batches are smaller"]
            if nearest is None or len(differences) < len(nearest):
                nearest = differences
        if nearest is None:
            return f"there is none in {self.folder} yet"
        return f"the one in {self.folder} does not fit: {'; '.join(nearest)}"


def _serves(record: dict[str, Any] | None, key: EngineKey) -> bool:
    if record is None or key.differences(record):
        return False
    try:
        profile = BatchProfile(
            record["width"],
            record["height"],
            max_batch=record["max_batch"],
            opt_batch=record["opt_batch"],
            min_batch=record["min_batch"],
        )
    except (KeyError, InvalidInputError):
        return False
    return profile.serves(key.profile)


def _record_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _read_record(path: Path) -> dict[str, Any] | None:
    """Read a record; None if it is missing or is none."""
    try:
        record = json.loads(read_regular(path, at_most_bytes=LARGEST_RECORD_BYTES))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


@contextmanager
def _os_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(
            f"{what}: {error.strerror or error}; free some space, mend the permissions, or set "
            "KILOMARK_ENGINES to a folder that can be written to"
        ) from error
