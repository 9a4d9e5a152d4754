from __future__ import annotations

import asyncio
import io
import os
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import kilomark
from kilomark.errors import InvalidInputError
from kilomark.images import open_photo

pytest.importorskip("aiohttp", reason="needs the serve extra: pip install '.[serve]'")
pytest.importorskip("av", reason="needs the serve extra: pip install '.[serve]'")

import aiohttp
from tests.serve.running_server import SECONDS, Page, open_page, running_server
from tests.video.clips import make_clip

if TYPE_CHECKING:
    from pathlib import Path

    from kilomark.serve.server import ServerAddress


def visitor_frame(number: int, picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return b"KMVF\x01\x00\x00\x00" + struct.pack("<I", number) + buffer.getvalue()


def distance_px(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected, axis=1).mean())


def test_the_landmarks_are_those_of_the_picture(server: ServerAddress, demo_photo: Path) -> None:
    async def watch() -> None:
        async with open_page(server) as page:
            hello = await page.text("hello")
            assert [source["name"] for source in hello["sources"]] == ["still", "moving"]
            assert hello["models"][0] == "lite"
            await page.send(type="watch", source="0")
            message = await page.picture()
            assert page.texts[-1]["groups"][0]["color"] == "#5eead4"
        picture = Image.open(io.BytesIO(message.jpeg))
        assert picture.size == message.size == open_photo(demo_photo).size
        expected = kilomark.Detector("lite", device="cpu").predict(demo_photo)
        assert len(message.faces) == len(expected) == 1
        assert distance_px(message.faces[0].landmarks, expected[0].landmarks) < 1.0
        assert message.faces[0].pose_deg == pytest.approx(
            (expected[0].pose.yaw_deg, expected[0].pose.pitch_deg, expected[0].pose.roll_deg), abs=2
        )

    asyncio.run(watch())


def test_the_picture_moves_and_the_source_changes(server: ServerAddress) -> None:
    async def watch() -> None:
        async with open_page(server) as page:
            await page.send(type="watch", source="1")
            first = await page.picture()
            others = [await page.picture() for _ in range(5)]
            assert any(other.jpeg != first.jpeg for other in others)
            assert [other.source for other in others] == [1] * 5
            numbers = [message.number for message in (first, *others)]
            assert numbers == sorted(set(numbers))
            assert others[-1].read_at > first.read_at
            await page.send(type="watch", source="0")
            while (await page.picture()).source != 0:
                pass

    asyncio.run(watch())


def test_network_and_smoothing_change_for_all_who_watch(server: ServerAddress) -> None:
    async def watch() -> None:
        async with open_page(server) as one, open_page(server) as other:
            for page in (one, other):
                await page.send(type="watch", source="0")
            await one.send(type="change", model="wild", smoothing=0)
            for page in (one, other):
                await page.text("source", model="wild", smoothing=0, is_loading=False)
            await other.send(type="change", model="lite", smoothing=1)
            await one.text("source", model="lite", smoothing=1)

    asyncio.run(watch())


def test_a_slow_client_drops_frames_and_holds_nobody_up(server: ServerAddress) -> None:
    async def watch() -> None:
        async with open_page(server) as slow, open_page(server) as fast:
            for page in (slow, fast):
                await page.send(type="watch", source="1")
            held = [await slow.picture(acknowledge=False) for _ in range(2)]
            seen = [await fast.picture() for _ in range(25)]
            with pytest.raises(asyncio.TimeoutError):  # nothing comes to who has drawn nothing
                await asyncio.wait_for(slow.socket.receive(), 0.1)
            await slow.send(type="ack")
            after = await slow.picture(acknowledge=False)
            assert after.number - held[-1].number > 10  # the frames between were dropped
            assert after.number >= seen[-1].number - 2  # the newest one came

    asyncio.run(watch())


def test_ten_clients_watch_at_once(server: ServerAddress) -> None:
    async def watch_one(source: str) -> int:
        async with open_page(server) as page:
            await page.send(type="watch", source=source)
            return len([await page.picture() for _ in range(5)])

    async def watch() -> list[int]:
        return await asyncio.gather(*(watch_one(str(n % 2)) for n in range(10)))

    assert asyncio.run(watch()) == [5] * 10


def test_garbage_ends_its_own_connection_only(server: ServerAddress) -> None:
    async def send_garbage(messages: list[str | bytes]) -> int:
        async with open_page(server) as page:
            with suppress(ConnectionError):  # the server has closed it already
                for message in messages:
                    if isinstance(message, str):
                        await page.socket.send_str(message)
                    else:
                        await page.socket.send_bytes(message)
            return await page.closing()

    async def watch() -> None:
        async with open_page(server) as page:
            await page.send(type="watch", source="0")
            codes = await asyncio.gather(
                send_garbage(["{"] * 30),
                send_garbage([os.urandom(100) for _ in range(30)]),
                send_garbage(['{"type": "watch", "source": "../etc"}'] * 30),
                send_garbage(['{"type": "ack"}'] * 3000),
                send_garbage([bytes(3 << 20)]),
            )
            assert codes[:4] == [1008] * 4
            assert codes[4] in (1009, 1006)  # 1006 if the rest of the message was on its way
            assert len((await page.picture()).faces) == 1

    asyncio.run(watch())


def test_raw_bytes_on_the_port_do_no_harm(server: ServerAddress) -> None:
    port = int(server.url.rstrip("/").rpartition(":")[2])

    async def send(data: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), SECONDS)
        writer.close()

    async def ask() -> int:
        requests = [
            os.urandom(2000),
            b"GET / HTTP/1.1\r\nHost: " + b"x" * 20_000 + b"\r\n\r\n",
            b"\0",
        ]
        await asyncio.gather(*map(send, requests))
        async with aiohttp.ClientSession() as session, session.get(server.url) as answer:
            return answer.status

    assert asyncio.run(ask()) == 200


def test_a_visitors_camera(server: ServerAddress, demo_photo: Path) -> None:
    photo = open_photo(demo_photo).convert("RGB")

    async def visit(page: Page) -> None:
        await page.send(type="watch", source="visitor")
        await page.text("source", id="visitor", is_loading=False)
        for number in (3, 4):
            await page.socket.send_bytes(visitor_frame(number, photo))
            message = await page.picture()
            assert (message.source, message.number, message.jpeg) == (0xFFFF, number, b"")
        expected = kilomark.Detector("lite", device="cpu").predict(demo_photo)[0]
        assert distance_px(message.faces[0].landmarks, expected.landmarks) < 1.5
        await page.send(type="change", model="wild")
        await page.text("source", model="wild", is_loading=False)

    async def watch() -> None:
        async with open_page(server) as page, open_page(server) as other:
            await visit(page)
            await other.send(type="watch", source="visitor")
            refused = await other.text("error", of="watch")
            assert "all 1 places" in refused["message"]
            large = visitor_frame(5, Image.new("RGB", (2000, 20)))
            cut = b"KMVF\x01\0\0\0\0\0\0\0junk"
            for wrong, why in ((cut, "not a whole JPEG"), (large, "1920")):
                await page.socket.send_bytes(wrong)
                assert why in (await page.text("error", of="frame"))["message"]
            await page.socket.send_bytes(visitor_frame(6, photo))
            assert (await page.picture()).number == 6

    asyncio.run(watch())


def test_a_file_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", num_frames=4, sound=False)

    async def watch(address: ServerAddress) -> None:
        async with open_page(address) as page:
            await page.send(type="watch", source="0")
            await page.picture()
            clip.rename(tmp_path / "away.mp4")
            state = await page.text("source", is_ended=False, trouble=_Some())
            assert "there is no video clip.mp4" in state["trouble"]
            assert str(tmp_path) not in state["trouble"]
            (tmp_path / "away.mp4").rename(clip)
            await page.text("source", trouble=None)
            assert len((await page.picture()).faces) == 1

    with running_server([str(clip)]) as address:
        asyncio.run(watch(address))


class _Some:
    """Equal to everything but None."""

    def __eq__(self, other: object) -> bool:
        return other is not None

    __hash__ = None  # type: ignore[assignment]


def test_a_stream_that_is_not_there_yet_does_not_hinder_the_start() -> None:
    address = "rtsp://user:secret@127.0.0.1:9/door"

    async def watch(server: ServerAddress) -> None:
        async with open_page(server) as page:
            hello = await page.text("hello")
            assert hello["sources"] == [{"id": "0", "name": "127.0.0.1"}]
            await page.send(type="watch", source="0")
            state = await page.text("source", trouble=_Some())
            assert "cannot be opened" in state["trouble"]
            assert "secret" not in state["trouble"]

    with running_server([address]) as server:
        asyncio.run(watch(server))


def test_a_file_ends_if_it_is_not_to_loop(clip: Path) -> None:
    async def watch(address: ServerAddress) -> None:
        async with open_page(address) as page:
            await page.send(type="watch", source="0")
            await page.text("source", is_ended=True)

    with running_server([str(clip)], loop=False) as address:
        asyncio.run(watch(address))


def test_without_a_source_there_is_the_visitors_camera(demo_photo: Path) -> None:
    async def watch(address: ServerAddress) -> None:
        async with open_page(address) as page:
            hello = await page.text("hello")
            assert (hello["sources"], hello["visitor"]) == ([], True)
            await page.send(type="watch", source="visitor")
            await page.socket.send_bytes(visitor_frame(1, open_photo(demo_photo).convert("RGB")))
            assert len((await page.picture()).faces) == 1

    with running_server([]) as address:
        asyncio.run(watch(address))


def test_sources_and_ports_that_cannot_be_used_are_errors(still: Path, clip: Path) -> None:
    with pytest.raises(InvalidInputError, match="no video"), running_server(["no-such.mp4"]):
        pass
    with (
        pytest.raises(InvalidInputError, match="two sources are called"),
        running_server([f"a={still}", f"a={clip}"]),
    ):
        pass
    with running_server([f"still={still}"]) as address:
        port = address.url.rstrip("/").rpartition(":")[2]
        command = [sys.executable, "-m", "kilomark", "serve", str(still), "--port", port]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "cannot listen on 127.0.0.1" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_stops_cleanly(clip: Path, number: int) -> None:
    command = [
        sys.executable,
        "-m",
        "kilomark",
        "serve",
        str(clip),
        "--port",
        "0",
        "--device",
        "cpu",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = line.split()[-1]

        async def watch() -> int:
            async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}live") as ws:
                page = Page(ws)
                await page.send(type="watch", source="0")
                await page.picture()
                process.send_signal(number)
                return await page.closing()

        try:
            assert asyncio.run(watch()) == 1001
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()
        assert process.stderr.read() == "kilomark: stopped\n"
