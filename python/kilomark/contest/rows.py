"""Rows of a contest's ``landmarks.csv``, streamed block by block.

The file is tab-separated: a header, then per row a file name, maybe a person, and x0 y0 x1 y1 ...
of any number of landmarks, as integers or decimals. Arrow parses a block at a time. A block that
it refuses, or that holds a number that is not finite, is read again cell by cell. The error then
names line and column of the broken row. No row is ever dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv

from kilomark.contest.columns import PERSON_COLUMN
from kilomark.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["BrokenCell", "Header", "RowBlock", "read_header", "read_row_blocks"]

_BLOCK_BYTES = 32 << 20
_LARGEST = float(np.finfo(np.float32).max)
_ARROW_BLOCK_BYTES = 4 << 20  # what one thread parses at a time


@dataclass(frozen=True, slots=True)
class Header:
    """What the columns are.

    Attributes:
        names: of all columns.
        person: index of the column that says who is shown, or None.
    """

    names: tuple[str, ...]
    person: int | None

    @property
    def num_landmarks(self) -> int:
        """K: half of the number columns."""
        return (len(self.names) - 1 - (self.person is not None)) // 2


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """The first thing wrong with a row.

    Attributes:
        line: of the file, the header being line 1.
        column: from 1; None where the row as a whole is wrong.
        problem: what was found and what was expected.
    """

    line: int
    column: int | None
    problem: str

    def __str__(self) -> str:
        place = f"line {self.line}" + ("" if self.column is None else f", column {self.column}")
        return f"{place} {self.problem}"


class RowBlock(NamedTuple):
    """Whole rows that follow one another in the file.

    Attributes:
        lines: (N,) int64 line of each row, the header being line 1.
        file_names: N file names.
        persons: N names of persons, or None where no column says who.
        landmarks: (N, K, 2) float32 pixels of the photo.
        end_byte: where in the file the block ends.
    """

    lines: np.ndarray[Any, Any]
    file_names: list[str]
    persons: list[str] | None
    landmarks: np.ndarray[Any, Any]
    end_byte: int


def read_header(path: Path) -> Header:
    """Read the first line.

    Raises:
        InvalidInputError: the file is missing, or its header is not a contest's.
    """
    try:
        with path.open("rb") as file:
            return _parse_header(path, file.readline())
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read ({error.strerror}); expected the landmarks of a data set in "
            "the contest's layout: train/images and train/landmarks.csv"
        ) from error


def _parse_header(path: Path, line: bytes) -> Header:
    names = tuple(line.decode("utf-8-sig", "replace").rstrip("\r\n").split("\t"))
    person = names.index(PERSON_COLUMN) if PERSON_COLUMN in names[1:] else None
    header = Header(names, person)
    hint = ""
    if len(names) < 3:
        found = f"{len(names)} tab-separated columns"
        if line.count(b",") > 1:
            hint = "; turn commas into tabs: tr ',' '\\t' < YOURS.csv > landmarks.csv"
    elif (len(names) - 1 - (person is not None)) % 2:
        found = f"{len(names)} columns, which leaves an odd number of coordinates"
    elif any(_is_number(name) for name in names):
        found = "numbers where the names of the columns should be"
    else:
        return header
    raise InvalidInputError(
        f"{path}: line 1 holds {found}; expected a tab-separated header: file_name, then x and y "
        f"of each landmark, and maybe '{PERSON_COLUMN}'{hint}"
    )


def read_row_blocks(
    path: Path, header: Header, on_broken: Callable[[BrokenCell], None]
) -> Iterator[RowBlock]:
    """Read the rows in blocks of some 32 MB.

    Args:
        path: of the file.
        header: its first line, from `read_header`.
        on_broken: called for each broken row; if it returns, the row is left out.
    """
    with path.open("rb") as file:
        file.readline()
        line = 2
        while chunk := _read_lines(file):
            num_lines = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
            block = _parse_quickly(chunk, num_lines, header, line)
            if block is None:
                block = _parse_carefully(chunk, header, line, on_broken)
            yield block._replace(end_byte=file.tell())
            line += num_lines


def _read_lines(file: BinaryIO) -> bytes:
    chunk = file.read(_BLOCK_BYTES)
    return chunk if chunk.endswith(b"\n") else chunk + file.readline()


def _parse_quickly(
    chunk: bytes, num_lines: int, header: Header, first_line: int
) -> RowBlock | None:
    """Parse a block with Arrow; None where anything at all is wrong with it."""
    texts = {0, header.person}
    names = [str(column) for column in range(len(header.names))]  # a header may repeat a name
    types = {
        name: pa.string() if column in texts else pa.float32() for column, name in enumerate(names)
    }
    try:
        table = csv.read_csv(
            pa.BufferReader(chunk),
            read_options=csv.ReadOptions(column_names=names, block_size=_ARROW_BLOCK_BYTES),
            parse_options=csv.ParseOptions(
                delimiter="\t", quote_char=False, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(column_types=types, null_values=[]),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != num_lines:
        return None
    numbers = [column for column in range(len(names)) if column not in texts]
    by_column = np.empty((len(numbers), num_lines), np.float32)
    for row, column in enumerate(numbers):
        by_column[row] = table.column(column).to_numpy()
    if not np.isfinite(by_column).all():
        return None
    file_names = table.column(0).to_pylist()
    if "" in file_names:
        return None
    return RowBlock(
        lines=np.arange(first_line, first_line + num_lines),
        file_names=file_names,
        persons=None if header.person is None else table.column(header.person).to_pylist(),
        landmarks=np.ascontiguousarray(by_column.T).reshape(num_lines, -1, 2),
        end_byte=0,
    )


def _parse_carefully(
    chunk: bytes, header: Header, first_line: int, on_broken: Callable[[BrokenCell], None]
) -> RowBlock:
    lines, file_names, persons, landmarks = [], [], [], []
    for line, row in enumerate(chunk.removesuffix(b"\n").split(b"\n"), start=first_line):
        cells = row.removesuffix(b"\r").decode("utf-8", "surrogateescape").split("\t")
        broken = _find_broken_cell(cells, header, line)
        if broken is not None:
            on_broken(broken)
            continue
        lines.append(line)
        file_names.append(cells[0])
        persons.append("" if header.person is None else cells[header.person])
        skipped = (0, header.person)
        numbers = [float(cell) for column, cell in enumerate(cells) if column not in skipped]
        landmarks.append(np.array(numbers, np.float32).reshape(-1, 2))
    return RowBlock(
        lines=np.array(lines, np.int64),
        file_names=file_names,
        persons=None if header.person is None else persons,
        landmarks=np.array(landmarks, np.float32).reshape(-1, header.num_landmarks, 2),
        end_byte=0,
    )


def _find_broken_cell(cells: Sequence[str], header: Header, line: int) -> BrokenCell | None:
    if len(cells) != len(header.names):
        found = "is empty" if cells == [""] else f"holds {len(cells)} columns"
        return BrokenCell(line, None, f"{found}; expected {len(header.names)} as in the header")
    for column, (cell, name) in enumerate(zip(cells, header.names, strict=True)):
        is_text = column in (0, header.person)
        expected = "a name in UTF-8" if is_text else "a finite number"
        if not (_is_name(cell) if is_text else _is_number(cell)):
            shown = ascii(cell[:40] + "..." if len(cell) > 40 else cell)
            return BrokenCell(line, column + 1, f"({name}) is {shown}; expected {expected}")
    return None


def _is_name(cell: str) -> bool:
    return bool(cell) and not any("\ud800" <= letter <= "\udfff" for letter in cell)


def _is_number(cell: str) -> bool:
    try:  # float takes 1_000 too, which no other program writes
        return abs(float(cell)) <= _LARGEST and "_" not in cell
    except ValueError:
        return False
