from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilomark import InvalidInputError
from kilomark.folder.chunks import Chunk, chunk_name, finished_chunks, remaining_chunks
from kilomark.folder.photos import Shard


@given(
    st.integers(0, 60),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 9)), max_size=5),
)
def test_each_photo_is_in_one_chunk(
    num_photos: int, photos_per_chunk: int, spans: list[tuple[int, int]]
) -> None:
    finished: list[Chunk] = []
    for begin, count in sorted(spans):
        if begin + count <= num_photos and (not finished or finished[-1].end <= begin):
            finished.append(Chunk(begin, begin + count))
    remaining = list(remaining_chunks(finished, num_photos, photos_per_chunk))
    covered = [i for chunk in sorted(finished + remaining) for i in range(chunk.begin, chunk.end)]
    assert covered == list(range(num_photos))
    assert all(1 <= len(chunk) <= photos_per_chunk for chunk in remaining)


@pytest.mark.parametrize("shard", [Shard(), Shard(2, 3)])
def test_names_say_what_is_finished(shard: Shard) -> None:
    chunks = [Chunk(0, 4), Chunk(10, 1_234_567_890_123)]
    names = [chunk_name(chunk, shard, "parquet") for chunk in chunks]
    others = ["_kilomark", "faces-1of3-000000000-000000003.parquet", ".faces-000000004-7.tmp"]
    jsonl = [chunk_name(Chunk(4, 8), shard, "jsonl")]
    assert finished_chunks([*names, *others, *jsonl], shard, "parquet") == chunks


def test_chunks_of_two_runs_are_refused() -> None:
    names = [chunk_name(chunk, Shard(), "jsonl") for chunk in (Chunk(0, 4), Chunk(2, 6))]
    with pytest.raises(InvalidInputError, match="hold the same photos"):
        finished_chunks(names, Shard(), "jsonl")
