from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kilomark.errors import InvalidInputError
from kilomark.images import open_photo, to_pixels
from kilomark.photo_files import upright

if TYPE_CHECKING:
    from collections.abc import Callable

RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 256, (6, 8, 3), np.uint8)
ORIENTATION_TAG = 0x0112


def is_exact(array: np.ndarray[Any, Any]) -> bool:
    """Whether the core takes this array."""
    channels = 1 if array.ndim == 2 else array.shape[2]
    inner = (1,) if array.ndim == 2 else (channels, 1)
    return array.strides[1:] == inner and array.strides[0] >= channels * array.shape[1]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((6, 8), "gray"),
        ((6, 8, 1), "gray"),
        ((6, 8, 3), "bgr"),
        ((6, 8, 4), "bgra"),
        ((1, 1), "gray"),
        ((1, 1, 3), "bgr"),
    ],
)
def test_array_that_fits_is_not_copied(shape: tuple[int, ...], expected: str) -> None:
    array = np.zeros(shape, np.uint8)
    pixels = to_pixels(array)
    assert pixels.array is array
    assert pixels.format == expected
    assert (pixels.height, pixels.width) == shape[:2]


def test_window_of_a_larger_image_is_not_copied() -> None:
    window = COLOR[1:5, 2:7]
    assert to_pixels(window).array is window


@pytest.mark.parametrize(
    "view",
    [
        COLOR[::-1],
        COLOR[:, ::-1],
        COLOR[..., ::-1],
        COLOR[::2, ::3],
        COLOR.transpose(1, 0, 2),
        COLOR[..., 1],
        COLOR[..., 1:2],
        COLOR[:1, ::8],
        np.asfortranarray(COLOR),
        np.broadcast_to(COLOR[:1], COLOR.shape),
    ],
)
def test_any_strides(view: np.ndarray[Any, Any]) -> None:
    pixels = to_pixels(view)
    assert is_exact(pixels.array)
    np.testing.assert_array_equal(pixels.array, view)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4, 3), np.float32), r"dtype float32.*\(image \* 255\)"),
        (np.zeros((4, 4), np.uint16), r"dtype uint16.*image // 257"),
        (np.zeros((4, 4), bool), r"dtype bool.*image\.astype"),
        (np.zeros((4, 4), np.int64), "dtype int64"),
        (np.zeros((4, 4), object), "dtype object.*convert it to uint8"),
        (np.zeros(16, np.uint8), "rank 1"),
        (np.zeros((2, 4, 4, 3), np.uint8), r"rank 4.*predict\(list\(images\)\)"),
        (np.zeros((0, 4, 3), np.uint8), r"empty image array, shape \(0, 4, 3\)"),
        (np.zeros((4, 0), np.uint8), "empty"),
        (np.zeros((4, 4, 2), np.uint8), "2 channels"),
        (np.zeros((4, 4, 0), np.uint8), "empty"),
        (np.zeros((3, 40, 40), np.uint8), "40 channels.*moveaxis"),
        (None, r"cv2\.imread and cv2\.VideoCapture\.read return"),
        (True, "pass the frame"),
        (cv2.VideoCapture(), r"is_read, frame = capture\.read\(\)"),
        (b"\xff\xd8", "the photo of 2 bytes is not an image"),
        ([[1, 2]], "cannot hold lists"),
        (io.BytesIO(), "BytesIO.* is not an image"),
        (io.StringIO("text"), r"gives str; expected bytes: open it with open\(path, 'rb'\)"),
        (memoryview(b"1"), "the photo of 1 bytes is not an image"),
        ("https://example.com/a.jpg", "is a URL; .*pass the photo's bytes"),
        (Path("https://example.com/a.jpg"), "is a URL; .*pass the photo's bytes"),
        ("rtsp://camera/1", "is a URL"),
        ("data:image/png;base64,AAAA", "is a data URL; .*b64decode"),
        ("A" * 300_000, r"is too long for a path; .*base64\.b64decode"),
        ("x/" * 300_000, "is too long for a path"),
        ("photo\0.jpg", "null character"),
        ("\ud800.jpg", "surrogates not allowed"),
        (object(), "cannot be a builtins.object"),
    ],
)
def test_what_is_no_image_is_refused(image: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        to_pixels(image)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("as_path", [str, Path])
def test_path_is_read_as_rgb(tmp_path: Path, as_path: object) -> None:
    Image.fromarray(COLOR).save(tmp_path / "photo.png")
    pixels = to_pixels(as_path(tmp_path / "photo.png"))
    assert pixels.format == "rgb"
    np.testing.assert_array_equal(pixels.array, COLOR)


def as_path(path: Path) -> object:
    return path


def as_bytes(path: Path) -> object:
    return path.read_bytes()


def as_bytes_io(path: Path) -> object:
    return io.BytesIO(path.read_bytes())


def as_open_file(path: Path) -> object:
    return path.open("rb")


def as_pil_image(path: Path) -> object:
    return Image.open(path)


SOURCES = [as_path, as_bytes, as_bytes_io, as_open_file, as_pil_image]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_photo_is_turned_upright(
    tmp_path: Path, orientation: int, source: Callable[[Path], object]
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    Image.fromarray(COLOR).save(tmp_path / "photo.png", exif=exif)
    array = to_pixels(source(tmp_path / "photo.png")).array
    stored = COLOR if orientation < 5 else COLOR.transpose(1, 0, 2)
    turns = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1)}
    turns |= {5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}
    down, right = turns[orientation]
    np.testing.assert_array_equal(array, stored[::down, ::right])


def test_pil_image_without_orientation_is_not_copied() -> None:
    image = Image.fromarray(COLOR)
    assert upright(image) is image


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", "gray"),
        ("L", "gray"),
        ("LA", "gray"),
        ("La", "gray"),
        ("RGBa", "rgba"),
        ("P", "rgb"),
        ("RGB", "rgb"),
        ("RGBA", "rgba"),
        ("RGBX", "rgb"),
        ("CMYK", "rgb"),
        ("YCbCr", "rgb"),
        ("HSV", "rgb"),
        ("I;16", "gray"),
        ("I", "gray"),
    ],
)
def test_pil_modes(mode: str, expected: str) -> None:
    pixels = to_pixels(Image.new(mode, (8, 6)))
    assert pixels.format == expected
    assert pixels.array.shape[:2] == (6, 8)
    assert is_exact(pixels.array)


def test_palette_with_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(COLOR).quantize(4)
    image.save(tmp_path / "photo.png", transparency=bytes([0, 255, 128, 255]))
    pixels = to_pixels(tmp_path / "photo.png")
    assert pixels.format == "rgba"
    np.testing.assert_array_equal(pixels.array[..., :3], np.asarray(image.convert("RGB")))


def test_16_bit_photo_keeps_its_upper_bits(tmp_path: Path) -> None:
    values = np.array([[0, 257, 65535], [32896, 514, 1]], np.uint16)
    Image.fromarray(values).save(tmp_path / "photo.png")
    np.testing.assert_array_equal(
        to_pixels(tmp_path / "photo.png").array, [[0, 1, 255], [128, 2, 0]]
    )


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("mode", ["I", "I;16"])
def test_fewer_than_16_bits_are_not_taken_for_black(bits: int, mode: str) -> None:
    image = Image.new(mode, (3, 1))
    for x, share in enumerate((0, 0.5, 1)):
        image.putpixel((x, 0), int(share * (2**bits - 1)))
    (row,) = to_pixels(image).array
    assert row.tolist() in ([0, 127, 255], [0, 128, 255])


def test_premultiplied_gray_keeps_its_values() -> None:
    gray = Image.fromarray(COLOR[..., 0])
    with_alpha = Image.merge("LA", [gray, Image.new("L", gray.size, 255)])
    np.testing.assert_array_equal(to_pixels(with_alpha.convert("La")).array, COLOR[..., 0])


def test_closed_pil_image(tmp_path: Path) -> None:
    Image.fromarray(COLOR).save(tmp_path / "photo.png")
    with Image.open(tmp_path / "photo.png") as image:
        pass
    with pytest.raises(InvalidInputError, match="it may have been closed"):
        to_pixels(image)


def test_truncated_jpeg_names_the_remedy(tmp_path: Path, demo_photo: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(demo_photo.read_bytes()[:9000])
    with pytest.raises(InvalidInputError, match="LOAD_TRUNCATED_IMAGES"):
        to_pixels(tmp_path / "photo.jpg")


def test_heic_names_the_remedy() -> None:
    data = b"\0\0\0\x18ftypheic" + bytes(500)
    with pytest.raises(InvalidInputError, match=r"HEIC.*pillow-heif"):
        to_pixels(data)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_photo_that_is_no_regular_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photo.png"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InvalidInputError, match=r"it is a (pipe|device)"):
        to_pixels(path)


def test_png_with_a_bomb_of_text_ends_quickly(tmp_path: Path) -> None:
    text = PngInfo()
    for index in range(3):
        text.add_text(f"key{index}", "x" * (100 << 20), zip=True)
    Image.fromarray(COLOR).save(tmp_path / "photo.png", pnginfo=text)
    assert (tmp_path / "photo.png").stat().st_size < 1 << 20
    begin = time.process_time()
    with pytest.raises(InvalidInputError, match=r"Decompressed data too large"):
        to_pixels(tmp_path / "photo.png")
    assert time.process_time() - begin < 10


def test_photo_that_does_not_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(COLOR).save(tmp_path / "photo.png")

    def fail(_image: Image.Image) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "load", fail)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(MemoryError, match=r"photo\.png' does not fit into memory; reduce it"):
        to_pixels(tmp_path / "photo.png")


def test_float_pil_image_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="mode 'F'"):
        to_pixels(Image.new("F", (8, 6)))


def test_32_bit_values_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="values from 70000 to 70000"):
        to_pixels(Image.new("I", (2, 2), 70000))


def test_empty_pil_image() -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        to_pixels(Image.new("RGB", (0, 5)))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".gif", ".bmp", ".tiff"])
@pytest.mark.parametrize("kept", [0.0, 0.05, 0.6])
def test_truncated_file(tmp_path: Path, demo_photo: Path, suffix: str, kept: float) -> None:
    photo = tmp_path / f"photo{suffix}"
    with Image.open(demo_photo) as image:
        image.resize((64, 64)).save(photo)
    data = photo.read_bytes()
    photo.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InvalidInputError, match=r"photo\."):
        open_photo(photo)


def test_truncated_file_opened_by_pil(tmp_path: Path, demo_photo: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(demo_photo.read_bytes()[:9000])
    with Image.open(tmp_path / "photo.jpg") as image, pytest.raises(InvalidInputError):
        to_pixels(image)


@pytest.mark.parametrize("data", [b"hello, not an image", b"\x89PNG\r\n\x1a\n", bytes(1000)])
def test_file_that_is_no_image(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "photo.jpg").write_bytes(data)
    with pytest.raises(InvalidInputError, match=r"photo\.jpg' (is|cannot)"):
        to_pixels(tmp_path / "photo.jpg")


def test_missing_file_folder_and_odd_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file"):
        to_pixels(tmp_path / "gone.jpg")
    with pytest.raises(InvalidInputError, match="Is a directory"):
        to_pixels(tmp_path)
    with pytest.raises(InvalidInputError, match="null"):
        to_pixels("photo\0.jpg")


def test_decompression_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(COLOR).save(tmp_path / "photo.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(InvalidInputError, match="too large to be read safely"):
        to_pixels(tmp_path / "photo.png")
