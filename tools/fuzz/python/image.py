"""Any bytes as a photo, and any array as an image: pixels, InvalidInputError or MemoryError."""

from __future__ import annotations

import io
import warnings

import atheris
import numpy as np
from harness import check_message, fuzz, instrumented

with instrumented():
    from kilomark.errors import InvalidInputError
    from kilomark.images import to_pixels
from PIL import Image

DTYPES = ["uint8", "int8", "uint16", "float32", "float64", "bool", "int64", "object", "U3", "c8"]
MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV",
         "LAB", "I", "I;16", "I;16B", "F"]  # fmt: skip
warnings.simplefilter("error", Image.DecompressionBombWarning)


def test_one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    kind = provider.ConsumeIntInRange(0, 3)
    image: object
    if kind == 0:
        image = provider.ConsumeBytes(1 << 16)
    elif kind == 1:
        image = _array(provider)
    elif kind == 2:
        image = _pil_image(provider)
    else:
        image = provider.ConsumeUnicode(200)
    try:
        pixels = to_pixels(image)
    except (InvalidInputError, MemoryError) as error:
        check_message(error)
        return
    assert pixels.array.dtype == np.uint8
    assert pixels.width >= 1
    assert pixels.height >= 1


def _array(provider: atheris.FuzzedDataProvider) -> object:
    rank = provider.ConsumeIntInRange(0, 5)
    shape = [provider.ConsumeIntInRange(0, 6) for _ in range(rank)]
    array = np.zeros(shape, DTYPES[provider.ConsumeIntInRange(0, len(DTYPES) - 1)])
    for axis in range(rank):
        step = provider.ConsumeIntInRange(-3, 3) or 1
        array = np.moveaxis(np.moveaxis(array, axis, 0)[::step], 0, axis)
    return array.T if provider.ConsumeBool() else array


def _pil_image(provider: atheris.FuzzedDataProvider) -> Image.Image:
    mode = MODES[provider.ConsumeIntInRange(0, len(MODES) - 1)]
    size = (provider.ConsumeIntInRange(0, 5), provider.ConsumeIntInRange(0, 5))
    image = Image.new(mode, size)
    exif = provider.ConsumeIntInRange(0, 300)
    if exif:
        image.getexif()[0x0112] = exif
    if provider.ConsumeBool():
        image.close()
    return image


def seeds() -> list[bytes]:
    found = []
    for suffix in ("jpeg", "png", "webp", "gif", "bmp", "tiff", "ppm", "tga", "ico"):
        content = io.BytesIO()
        Image.linear_gradient("L").resize((16, 16)).convert("RGB").save(content, suffix)
        found.append(content.getvalue() + bytes(4))  # the provider takes numbers from the end
    return found


if __name__ == "__main__":
    fuzz(test_one_input, seeds)
