"""Photos as files, bytes or open files: decoded with Pillow and turned upright."""

from __future__ import annotations

import io
import os
import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypeAlias

from PIL import Image, ImageOps, UnidentifiedImageError

from kilomark.errors import InvalidInputError, KilomarkError
from kilomark.excerpts import cut_text, excerpt
from kilomark.regular_files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PhotoSource", "decode_photo", "is_photo_source", "open_photo", "reading", "upright"]

PhotoSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
"""The path of a photo, its content, or a file that is open for reading bytes."""

MOST_STREAMED_BYTES = 1 << 30
"""Read from an open file, which may have no end."""
HEADER_BYTES = 32
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
URL_PATTERN = re.compile(r"(https?|ftps?|rtsps?|rtmp|s3|gs|az|file):/{1,3}", re.IGNORECASE)
DATA_URL_PATTERN = re.compile(r"data:[\w.+-]+/[\w.+-]+[;,]", re.IGNORECASE)
BASE64_PATTERN = re.compile(r"[A-Za-z0-9+/_-]{64}")
LONGEST_PATH = 4096


def is_photo_source(image: object) -> bool:
    """Whether ``image`` is a path, bytes or an open file."""
    kinds = (str, os.PathLike, bytes, bytearray, memoryview)
    return isinstance(image, kinds) or _is_open_file(image)


def open_photo(source: PhotoSource) -> Image.Image:
    """Decode a photo and turn it upright as its EXIF orientation says.

    Args:
        source: a path; the content of a file as bytes; or a file that is open for reading bytes,
            such as a `io.BytesIO`, which is read from where it stands.

    Raises:
        InvalidInputError: there is no such file, or it is not an image, truncated or too large.
        MemoryError: the photo does not fit into memory.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_photo(bytes(source), f"the photo of {len(source)} bytes")
    if not isinstance(source, str | os.PathLike):
        return decode_photo(_read_all(source), f"the photo in {excerpt(source)}")
    shown = excerpt(os.fsdecode(source))
    _check_path(os.fsdecode(source), shown)
    with reading(shown), open_regular(source) as file:
        return _decode(file)


def decode_photo(data: bytes, shown: str) -> Image.Image:
    """Decode the bytes of a photo and turn it upright as its EXIF orientation says.

    Args:
        data: the content of a JPEG, PNG or the like.
        shown: what errors call it.

    Raises:
        InvalidInputError: it is not an image, truncated or too large.
        MemoryError: the photo does not fit into memory.
    """
    with reading(shown):
        return _decode(io.BytesIO(data))


def upright(image: Image.Image) -> Image.Image:
    """Turn a PIL image as its EXIF orientation says; one without is returned as it is."""
    if image.getexif().get(0x0112, 1) in (0, 1):
        return image
    return ImageOps.exif_transpose(image)


@contextmanager
def reading(shown: str) -> Iterator[None]:
    """Translate what Pillow raises while it reads the image called ``shown``."""
    try:
        yield
    except KilomarkError:
        raise
    except MemoryError as error:
        raise MemoryError(f"{shown} does not fit into memory; reduce it") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidInputError(
            f"{shown} is too large to be read safely: {error}; reduce it, or raise "
            "PIL.Image.MAX_IMAGE_PIXELS if you trust it"
        ) from error
    except UnidentifiedImageError as error:
        raise InvalidInputError(
            f"{shown} is not an image that Pillow can read; expected JPEG, PNG, WebP or the like"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInputError(
            f"{shown} cannot be read as an image: {cut_text(reason)}{_remedy(reason)}"
        ) from error
    except Exception as error:  # on damaged files, decoders raise whatever they stumble over
        reason = f"{type(error).__name__}: {error}"
        raise InvalidInputError(
            f"{shown} is a damaged image: {cut_text(reason)}{_remedy(reason)}"
        ) from error


def _decode(file: IO[bytes]) -> Image.Image:
    header = file.read(HEADER_BYTES)
    file.seek(0)
    try:
        with Image.open(file) as photo:
            photo.load()
            turned: Image.Image = ImageOps.exif_transpose(photo)
            return turned
    except UnidentifiedImageError:
        if header[4:8] == b"ftyp" and header[8:12] in HEIC_BRANDS:
            raise InvalidInputError(
                "a photo is HEIC, which Pillow does not read by itself; convert it to JPEG, or pip "
                "install pillow-heif and call pillow_heif.register_heif_opener() first"
            ) from None
        raise


def _is_open_file(image: object) -> bool:
    return isinstance(image, io.IOBase) or (
        callable(getattr(image, "read", None)) and callable(getattr(image, "readable", None))
    )


def _read_all(file: IO[bytes]) -> bytes:
    shown = excerpt(file)
    with reading(shown):
        data = file.read(MOST_STREAMED_BYTES + 1)
    if not isinstance(data, bytes):
        raise InvalidInputError(
            f"{shown} gives {type(data).__name__}; expected bytes: open it with open(path, 'rb')"
        )
    if len(data) > MOST_STREAMED_BYTES:
        raise InvalidInputError(
            f"{shown} holds more than {MOST_STREAMED_BYTES} bytes; expected one photo"
        )
    return data


def _check_path(path: str, shown: str) -> None:
    """Refuse text that is not a path, with what to pass in its place."""
    if URL_PATTERN.match(path):
        raise InvalidInputError(
            f"{shown} is a URL; kilomark opens no network connections: pass the photo's bytes, "
            "such as urllib.request.urlopen(url).read(), or the frames of cv2.VideoCapture(url)"
        )
    if DATA_URL_PATTERN.match(path):
        raise InvalidInputError(
            f"{shown} is a data URL; pass its bytes: base64.b64decode(text.partition(',')[2])"
        )
    if "\0" in path:
        raise InvalidInputError(f"{shown} holds a null character; expected the path of a photo")
    if len(path) > LONGEST_PATH or (len(path) > 255 and BASE64_PATTERN.match(path)):
        raise InvalidInputError(
            f"{shown} is too long for a path; expected the path of a photo; if it is base64, pass "
            "base64.b64decode(text)"
        )


def _remedy(reason: str) -> str:
    if "truncated" in reason.lower():
        return (
            "; copy or download it again, or set PIL.ImageFile.LOAD_TRUNCATED_IMAGES = True to "
            "take what is there"
        )
    closed = ("closed", "AssertionError", "'NoneType' object")  # by version of Pillow
    if any(sign in reason for sign in closed):
        return "; it may have been closed: use it inside its `with` block, or call load() there"
    if "a pipe" in reason:
        return "; pass what it holds: sys.stdin.buffer.read()"
    return ""
