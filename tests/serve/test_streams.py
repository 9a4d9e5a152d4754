"""A network camera on the page: it may vanish, and its password is not shown."""

from __future__ import annotations

import asyncio
import json

import pytest

pytest.importorskip("aiohttp", reason="needs the serve extra: pip install '.[serve]'")
pytest.importorskip("av", reason="needs the serve extra: pip install '.[serve]'")

from tests.serve.running_server import open_page, running_server
from tests.video.rtsp_server import RtspServer

CREDENTIALS = "admin:secret1"


def test_a_camera_vanishes_and_comes_back() -> None:
    async def visit() -> list[dict[str, object]]:
        camera = RtspServer(credentials=CREDENTIALS)
        with running_server([f"door={camera.address(CREDENTIALS)}"]) as address:
            async with open_page(address) as page:
                await page.send(type="watch", source="0")
                assert len((await page.picture()).faces) == 1
                camera.close()
                while not (await page.text("source"))["trouble"]:
                    pass
                with RtspServer(camera.port, CREDENTIALS):
                    await page.text("source", trouble=None)
                    assert len((await page.picture()).faces) == 1
                return page.texts

    texts = asyncio.run(visit())
    assert "secret1" not in json.dumps(texts)
    assert {"door"} == {source["name"] for source in texts[0]["sources"]}  # type: ignore[attr-defined]
