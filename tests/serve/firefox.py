"""A headless Firefox, driven by WebDriver BiDi over its WebSocket; no driver program is needed."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAMES = ("firefox-esr", "firefox")
SECONDS = 120.0
PREFERENCES = {
    "browser.shell.checkDefaultBrowser": "false",
    "datareporting.policy.dataSubmissionEnabled": "false",
    "app.update.enabled": "false",
    "network.captive-portal-service.enabled": "false",
    "remote.active-protocols": "1",  # WebDriver BiDi
}


def find_firefox() -> str | None:
    """Return the path of a Firefox, if there is one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Firefox:
    """One tab of a Firefox."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._context = ""
        self.version = ""

    async def begin(self) -> None:
        """Begin a session and open a tab."""
        session = await self.command("session.new", {"capabilities": {}})
        self.version = session["capabilities"]["browserVersion"]
        self._context = (await self.command("browsingContext.create", {"type": "tab"}))["context"]

    async def command(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Send a command of WebDriver BiDi and return its result; events are skipped."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=SECONDS)
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str) -> None:
        """Open a page."""
        await self.command(
            "browsingContext.navigate",
            {"context": self._context, "url": url, "wait": "complete"},
        )

    async def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - what the page has
        """Return the value of a JavaScript expression: a number, a text, true, false or null."""
        answer = await self.command(
            "script.evaluate",
            {
                "expression": expression,
                "target": {"context": self._context},
                "awaitPromise": True,
            },
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + SECONDS
        while not await self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < deadline, expression
            await asyncio.sleep(0.05)

    async def click(self, selector: str) -> None:
        """Click into the middle of an element, as a mouse does."""
        center = await self.evaluate(
            f"""(() => {{
                const element = document.querySelector({selector!r});
                element.scrollIntoView({{block: "center"}});
                const box = element.getBoundingClientRect();
                const middle = [box.x + box.width / 2, box.y + box.height / 2];
                return middle.map(Math.round).join(" ");
            }})()"""
        )
        x, y = map(int, center.split())
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self.command(
            "input.performActions",
            {
                "context": self._context,
                "actions": [{"type": "pointer", "id": "mouse", "actions": actions}],
            },
        )


@asynccontextmanager
async def running_firefox(path: str, folder: Path) -> AsyncIterator[Firefox]:
    """Start a headless Firefox with a profile of its own."""
    lines = (f'user_pref("{name}", {value});\n' for name, value in PREFERENCES.items())
    (folder / "user.js").write_text("".join(lines))
    command = [path, "--headless", "--no-remote", "--remote-debugging-port", "0"]
    log = folder / "firefox.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--profile", str(folder)], stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(r"BiDi listening on (ws://\S+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            await asyncio.sleep(0.1)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{found.group(1)}/session", max_msg_size=0) as socket,
        ):
            firefox = Firefox(socket)
            await firefox.begin()
            yield firefox
    finally:
        process.terminate()
        process.wait(SECONDS)
