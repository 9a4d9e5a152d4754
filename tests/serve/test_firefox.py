"""The page in a headless Firefox. CI has none: run it where Firefox is."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import kilomark
from kilomark.images import open_photo

pytest.importorskip("aiohttp", reason="needs the serve extra: pip install '.[serve]'")
pytest.importorskip("av", reason="needs the serve extra: pip install '.[serve]'")

from tests.serve.firefox import Firefox, find_firefox, running_firefox

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from kilomark.serve.server import ServerAddress

EYE_COLOR = (0x38, 0xBD, 0xF8)

pytestmark = pytest.mark.skipif(find_firefox() is None, reason="needs Firefox: apt install firefox")


async def pixels(page: Firefox, canvas: str) -> npt.NDArray[np.uint8]:
    """Return what is on a canvas (H, W, 4) RGBA."""
    url = await page.evaluate(f"document.getElementById('{canvas}').toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    return np.asarray(picture.convert("RGBA"))


async def check_the_picture_moves(page: Firefox) -> None:
    await page.click("input[name=source][value='1']")
    await page.wait_for("document.querySelector('input[name=source][value=\"1\"]').checked")
    first = int(await page.evaluate("document.getElementById('picture').dataset.number"))
    await page.wait_for(f"document.getElementById('picture').dataset.number > {first + 3}")
    then = await pixels(page, "picture")
    await page.wait_for(f"document.getElementById('picture').dataset.number > {first + 10}")
    now = await pixels(page, "picture")
    assert now.shape == then.shape
    assert (now != then).any()


async def check_a_click_changes_the_network(page: Firefox) -> None:
    for name in ("wild", "lite"):
        await page.click(f"input[name=model][value={name}]")
        await page.wait_for(f"document.querySelector('input[name=model][value={name}]').checked")
        await page.wait_for("document.getElementById('notice').hidden")


async def check_the_overlay_lies_on_the_face(page: Firefox, photo: Path) -> None:
    await page.click("input[name=source][value='0']")
    await page.evaluate(
        """(() => {
            for (const id of ["show-ids", "show-picture"]) {
                const box = document.getElementById(id);
                if (box.checked) box.click();
            }
            for (const box of document.querySelectorAll("#groups input")) {
                if (box.checked !== (box.value === "eye")) box.click();
            }
        })()"""
    )
    await page.wait_for("document.getElementById('picture').width === 512")
    await page.evaluate("new Promise(done => setTimeout(() => done(0), 1000))")
    overlay = (await pixels(page, "overlay")).astype(int)
    is_eye = (np.abs(overlay[..., :3] - EYE_COLOR).max(axis=-1) < 30) & (overlay[..., 3] > 200)
    rows, columns = np.nonzero(is_eye)
    assert len(rows) > 30
    scale = open_photo(photo).size[0] / overlay.shape[1]
    drawn = scale * (np.column_stack([columns, rows]) + 0.5)
    face = kilomark.Detector("lite", device="cpu").predict(photo)[0]
    eyes = np.concatenate([face.group("right_eye"), face.group("left_eye")])
    distances = np.linalg.norm(drawn[:, None] - eyes[None], axis=-1)
    assert distances.min(axis=0).mean() < 1
    assert distances.min(axis=1).max() < 3


def test_the_page_in_firefox(server: ServerAddress, demo_photo: Path, tmp_path: Path) -> None:
    async def visit() -> None:
        async with running_firefox(find_firefox() or "", tmp_path) as page:
            print(f"Firefox {page.version}")
            await page.open(server.url)
            await page.wait_for("document.getElementById('picture').dataset.number")
            await check_the_picture_moves(page)
            await check_a_click_changes_the_network(page)
            await check_the_overlay_lies_on_the_face(page, demo_photo)

    asyncio.run(visit())
