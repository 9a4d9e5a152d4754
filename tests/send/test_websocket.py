from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from kilomark.errors import InvalidInputError
from kilomark.send import SentFrame, WebSocketTarget
from kilomark.send.websocket import _Client

aiohttp = pytest.importorskip("aiohttp", reason="needs the send extra: pip install '.[send]'")

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "correct-horse-battery"
SECONDS = 60.0


@pytest.fixture
def target() -> Iterator[WebSocketTarget]:
    target = WebSocketTarget(points="68", origins=["http://localhost:3000/", "null"])
    yield target
    target.close()


def status_of(url: str, **headers: str) -> int:
    async def ask() -> int:
        try:
            async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return int(error.status)

    return asyncio.run(ask())


def test_clients_get_each_frame(target: WebSocketTarget, sent_frame: SentFrame) -> None:
    async def watch() -> list[dict[str, Any]]:
        async with aiohttp.ClientSession() as session:
            sockets = [await session.ws_connect(target.url) for _ in range(3)]
            target.send(sent_frame)
            found = [json.loads(await socket.receive_str(timeout=SECONDS)) for socket in sockets]
            target.close()
            for one in sockets:
                assert (await one.receive(timeout=SECONDS)).type in (
                    aiohttp.WSMsgType.CLOSE,
                    aiohttp.WSMsgType.CLOSED,
                )
                assert one.close_code == 1001
            return found

    found = asyncio.run(watch())
    assert [document["frame"] for document in found] == [3] * 3
    face = found[0]["faces"][0]
    assert len(face["points"]) == 68
    assert 0 <= face["blendshapes"]["mouthSmileLeft"] <= 1


class SlowSocket:
    """A client's socket that takes a text only when it is told to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.is_ready = asyncio.Event()

    async def send_str(self, text: str) -> None:
        self.texts.append(text)
        await self.is_ready.wait()


def test_a_slow_client_gets_the_newest_frame() -> None:
    async def watch() -> list[str]:
        socket = SlowSocket()
        client = _Client(socket)  # type: ignore[arg-type]
        sending = asyncio.create_task(client._send())
        for number in range(10):
            client.offer(f"{number}")
            await asyncio.sleep(0.001)
        socket.is_ready.set()
        await asyncio.sleep(0.01)
        sending.cancel()
        return socket.texts

    assert asyncio.run(watch()) == ["0", "9"]


def test_pages_of_other_origins_are_refused(target: WebSocketTarget) -> None:
    assert status_of(target.url, Origin="http://attacker.example") == 403
    assert status_of(target.url, Origin="null") == 403  # whatever was allowed
    assert status_of(target.url, Host="attacker.example") == 421
    assert status_of(target.url, Origin="http://localhost:3000") == 101
    assert status_of(target.url) == 101


def test_a_token_is_demanded() -> None:
    target = WebSocketTarget(token=TOKEN)
    assert status_of(target.url) == 401
    assert status_of(f"{target.url}?token=wrong") == 401
    assert status_of(f"{target.url}?token={TOKEN}") == 101
    assert status_of(target.url, Authorization=f"Bearer {TOKEN}") == 101
    target.close()


def test_garbage_ends_its_own_connection_only(
    target: WebSocketTarget, sent_frame: SentFrame
) -> None:
    async def watch() -> None:
        async with aiohttp.ClientSession() as session:
            good, bad = [await session.ws_connect(target.url) for _ in range(2)]
            await bad.send_bytes(bytes(100_000))
            await bad.receive(timeout=SECONDS)
            assert bad.close_code in (1009, 1006)
            await good.send_str("{")
            target.send(sent_frame)
            assert json.loads(await good.receive_str(timeout=SECONDS))["frame"] == 3

    asyncio.run(watch())


def test_a_port_in_use_is_an_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InvalidInputError, match="cannot listen"):
            WebSocketTarget("127.0.0.1", other.getsockname()[1])
