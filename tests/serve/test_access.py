from __future__ import annotations

import asyncio
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from kilomark.errors import InvalidInputError
from kilomark.serve.access import is_loopback, make_guard
from kilomark.serve.options import ServeOptions

pytest.importorskip("aiohttp", reason="needs the serve extra: pip install '.[serve]'")
pytest.importorskip("av", reason="needs the serve extra: pip install '.[serve]'")

import aiohttp
from tests.serve.running_server import open_page, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kilomark.serve.server import ServerAddress

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def guarded(still: Path) -> Iterator[ServerAddress]:
    with running_server([f"still={still}"], token=TOKEN) as address:
        yield address


def get(
    url: str, *, method: str = "GET", redirects: bool = False, **options: object
) -> tuple[int, str, aiohttp.typedefs.LooseHeaders]:
    async def ask() -> tuple[int, str, aiohttp.typedefs.LooseHeaders]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, allow_redirects=redirects, **options) as answer,
        ):
            return answer.status, await answer.text(), answer.headers

    return asyncio.run(ask())


def refusal_of_live(address: ServerAddress, **headers: str) -> int:
    async def ask() -> int:
        try:
            async with open_page(address, headers):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("localhost:8080", True),
        ("LOCALHOST", True),
        ("127.0.0.1:9", True),
        ("[::1]:8080", True),
        ("attacker.example:8080", False),
        ("localhost.attacker.example", False),
        ("192.168.1.7", False),
        ("localhost:8080/@attacker", False),
        ("user@localhost", False),
        ("[", False),
        ("", False),
        (None, False),
    ],
)
def test_hosts_of_a_server_on_loopback(host: str | None, is_own: bool) -> None:
    assert make_guard("127.0.0.1", None).is_own_host(host) == is_own


def test_a_server_for_others_takes_addresses_and_its_names_only() -> None:
    guard = make_guard("0.0.0.0", None, ["Door.example"])
    assert guard.is_own_host("192.168.1.7:8080")
    assert guard.is_own_host("door.example")
    assert not guard.is_own_host("attacker.example")
    assert guard.token is not None
    assert len(guard.token) >= 32


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        ("http://localhost:8080", True),
        ("https://localhost:8080", True),
        (None, True),
        ("http://localhost:9090", False),
        ("http://attacker.example", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_origins(origin: str | None, is_own: bool) -> None:
    assert make_guard("127.0.0.1", None).is_own_origin(origin, "localhost:8080") == is_own


def test_loopback_addresses() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.7", "board.local"))


@pytest.mark.parametrize("token", ["short", "x" * 15, "with\nnewline-and-more", "ümlaut" * 5])
def test_tokens_that_are_too_weak_are_refused(token: str) -> None:
    with pytest.raises(InvalidInputError, match="16 printable"):
        ServeOptions(token=token)


def test_a_rebound_name_is_refused(server: ServerAddress) -> None:
    status, said, _ = get(server.url, headers={"Host": "attacker.example"})
    assert status == 421
    assert "--allow-host" in said
    assert refusal_of_live(server, Host="attacker.example") == 421


def test_the_page_of_another_origin_is_refused(server: ServerAddress) -> None:
    assert refusal_of_live(server, Origin="http://attacker.example") == 403
    assert refusal_of_live(server, Origin="null") == 403
    assert refusal_of_live(server, Origin=server.url.rstrip("/")) == 101


def test_without_the_token_there_is_a_form_and_no_picture(guarded: ServerAddress) -> None:
    status, said, _ = get(guarded.url)
    assert status == 401
    assert 'action="/token"' in said
    assert refusal_of_live(guarded) == 401
    assert refusal_of_live(guarded, Authorization="Bearer wrong-wrong-wrong-1") == 401
    assert refusal_of_live(guarded, Cookie=f"kilomark-0={TOKEN}") == 401  # no session


@pytest.mark.parametrize("how", ["address", "form", "bearer"])
def test_with_the_token_there_is_the_page(guarded: ServerAddress, how: str) -> None:
    if how == "bearer":
        assert refusal_of_live(guarded, Authorization=f"Bearer {TOKEN}") == 101
        return
    if how == "address":
        status, _, headers = get(guarded.url_with_token)
    else:
        status, _, headers = get(f"{guarded.url}token", method="POST", data={"token": TOKEN})
    assert (status, headers["Location"]) == (303, "/")  # the token leaves the address bar
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    pair = cookie.partition(";")[0]
    assert get(guarded.url, headers={"Cookie": pair})[0] == 200
    assert refusal_of_live(guarded, Cookie=pair) == 101


def test_a_wrong_token_is_refused(guarded: ServerAddress) -> None:
    assert get(f"{guarded.url}?token=wrong-wrong-wrong-1")[0] == 401
    assert get(f"{guarded.url}token", method="POST", data={"token": "x" * 5000})[0] == 413
    assert get(f"{guarded.url}token", method="POST", data=b"\xff\x00")[0] in (400, 401)


def test_a_server_for_others_makes_a_token(still: Path) -> None:
    with running_server([f"still={still}"], host="0.0.0.0") as address:
        port = address.url.rstrip("/").rpartition(":")[2]
        local = f"http://127.0.0.1:{port}/"
        assert address.token is not None
        assert get(local)[0] == 401
        assert get(f"{local}?token={address.token}")[0] == 303


def test_https_marks_the_cookie_as_secure(still: Path, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the command openssl, to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-days", "1", "-newkey", "rsa:2048", "-nodes"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([openssl, "req", "-x509", *subject, *files], check=True, capture_output=True)
    options = {"certificate": certificate, "key": key, "token": TOKEN}
    with running_server([f"still={still}"], **options) as address:
        assert address.url.startswith("https://")
        status, _, headers = get(address.url_with_token, ssl=False)
        assert status == 303
        assert "Secure" in headers["Set-Cookie"]
    with (
        pytest.raises(InvalidInputError, match="PEM"),
        running_server([], certificate=key, key=key),
    ):
        pass


def test_every_answer_forbids_foreign_code_and_frames(server: ServerAddress) -> None:
    for path in ("", "static/main.js", "static/none.js", "no-such-page"):
        headers = get(server.url + path)[2]
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Server"] == "kilomark"


def test_files_outside_the_page_are_not_served(server: ServerAddress) -> None:
    for path in ("static/../app.py", "static/%2e%2e%2fapp.py", "static/index.html", "app.py"):
        assert get(server.url + path)[0] == 404
