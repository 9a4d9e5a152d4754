"""Any bytes as test_points.csv, and any name of a photo: read, or InvalidInputError."""

from __future__ import annotations

from harness import check_message, fuzz, instrumented, memory_folder

with instrumented():
    from kilomark.contest.data_set import read_test_points
    from kilomark.contest.photo_names import photo_path
    from kilomark.errors import InvalidInputError

FOLDER = memory_folder()


def test_one_input(data: bytes) -> None:
    path = FOLDER / "test_points.csv"
    path.write_bytes(data)
    try:
        for wanted in read_test_points(path):
            found = photo_path(FOLDER, wanted.file_name)
            assert FOLDER in found.resolve().parents
    except InvalidInputError as error:
        check_message(error)


def seeds() -> list[bytes]:
    return [
        b"file_name\tpoint_index_list\nt0000.jpg\t[0, 12, 970]\n",
        b"x\ta\n../a.jpg\t(1, 2)\n/etc/passwd\t[0]\n",
    ]


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
