"""The page in a headless Chromium."""

from __future__ import annotations

import base64
import io
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import kilomark
from kilomark.images import open_photo
from kilomark.serve.messages import parse_picture

pytest.importorskip("aiohttp", reason="needs the serve extra: pip install '.[serve]'")
pytest.importorskip("av", reason="needs the serve extra: pip install '.[serve]'")

if os.environ.get("KILOMARK_REQUIRE_BROWSER") != "1":
    pytest.importorskip("playwright", reason="pip install playwright, to test the page")

from playwright.sync_api import Page, WebSocket, expect
from tests.serve.browsers import running_browser, write_fake_camera
from tests.serve.running_server import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt
    from playwright.sync_api import Browser

    from kilomark.serve.messages import PictureMessage
    from kilomark.serve.server import ServerAddress

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

EYE_COLOR = (0x38, 0xBD, 0xF8)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, demo_photo: Path) -> Iterator[Browser]:
    video = write_fake_camera(tmp_path_factory.mktemp("camera") / "camera.y4m", demo_photo)
    with running_browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ) as browser:
        yield browser


@contextmanager
def opened(browser: Browser, url: str, width: int = 1100, height: int = 800) -> Iterator[Page]:
    """Open the page; any error that it reports fails the test, and so do requests elsewhere."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: None if is_own(request.url, url) else faults.append(request.url)
    )
    page.goto(url)
    try:
        yield page
        assert faults == []
    finally:
        context.close()


def is_own(asked: str, url: str) -> bool:
    return asked.startswith((url.partition("?")[0], "blob:"))


@pytest.fixture
def page(browser: Browser, server: ServerAddress) -> Iterator[Page]:
    with opened(browser, server.url) as page:
        yield page


def wait_for_picture(page: Page) -> None:
    page.wait_for_selector("#picture[data-number]")
    expect(page.locator("#notice")).to_be_hidden()


def pixels(page: Page, canvas: str) -> npt.NDArray[np.uint8]:
    """Return what is on a canvas (H, W, 4) RGBA."""
    url = page.evaluate("id => document.getElementById(id).toDataURL()", canvas)
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    return np.asarray(picture.convert("RGBA"))


def show_eyes_only(page: Page) -> None:
    for name in ("ids", "picture"):
        page.get_by_label(name, exact=True).uncheck()
    for label in page.locator("#groups input").all():
        label.set_checked(label.get_attribute("value") == "eye")


def eye_distances_px(page: Page, face: kilomark.Face, size: tuple[int, int]) -> tuple[float, float]:
    """Distances between the drawn eyes and the landmarks, in pixels of the frame.

    The first is the mean from a landmark to the nearest drawn pixel, the second the largest from a
    drawn pixel to the nearest landmark.
    """
    overlay = pixels(page, "overlay").astype(int)
    is_eye = (np.abs(overlay[..., :3] - EYE_COLOR).max(axis=-1) < 30) & (overlay[..., 3] > 200)
    rows, columns = np.nonzero(is_eye)
    assert len(rows) > 30
    scale = size[0] / overlay.shape[1]
    drawn = scale * (np.column_stack([columns, rows]) + 0.5)
    eyes = np.concatenate([face.group("right_eye"), face.group("left_eye")])
    distances = np.linalg.norm(drawn[:, None] - eyes[None], axis=-1)
    return float(distances.min(axis=0).mean()), float(distances.min(axis=1).max())


def mirrored(face: kilomark.Face, width: int) -> kilomark.Face:
    points = face.landmarks * np.float32([-1, 1]) + np.float32([width, 0])
    return kilomark.Face(points, face.spread, face.box, face.score, face.presence, face.topology)


def test_the_picture_moves(page: Page) -> None:
    wait_for_picture(page)
    page.get_by_role("radio", name="moving").check()
    wait_for_picture(page)
    first = pixels(page, "picture")
    for _ in range(20):
        page.wait_for_timeout(100)
        then = pixels(page, "picture")
        if then.shape == first.shape and (then != first).any():
            break
    else:
        pytest.fail("the picture stands still")
    expect(page.locator("#count")).to_have_text("1")
    expect(page.locator("#rate")).not_to_have_text("0")


def test_a_click_changes_the_network_for_all(browser: Browser, server: ServerAddress) -> None:
    with opened(browser, server.url) as page, opened(browser, server.url) as other:
        for one in (page, other):
            wait_for_picture(one)
        for name in ("wild", "lite"):
            page.get_by_role("radio", name=name).click()
            expect(other.get_by_role("radio", name=name)).to_be_checked()
            expect(page.get_by_role("radio", name=name)).to_be_checked()


def test_the_overlay_lies_on_the_face(page: Page, demo_photo: Path) -> None:
    face = kilomark.Detector("lite", device="cpu").predict(demo_photo)[0]
    size = open_photo(demo_photo).size
    wait_for_picture(page)
    assert page.locator("#overlay").bounding_box() == page.locator("#picture").bounding_box()
    show_eyes_only(page)
    page.wait_for_timeout(300)
    missed, astray = eye_distances_px(page, face, size)
    assert missed < 1
    assert astray < 3
    page.keyboard.press("f")
    page.wait_for_timeout(300)
    missed, astray = eye_distances_px(page, mirrored(face, size[0]), size)
    assert missed < 1
    assert astray < 3


def test_the_page_draws_what_the_server_sent(browser: Browser, server: ServerAddress) -> None:
    context = browser.new_context()
    page = context.new_page()
    messages: list[PictureMessage] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: keep(data))

    def keep(data: str | bytes) -> None:
        if isinstance(data, bytes):
            messages.append(parse_picture(data))

    page.on("websocket", listen)
    page.goto(server.url)
    wait_for_picture(page)
    page.keyboard.press(" ")
    number = int(page.locator("#picture").get_attribute("data-number") or -1)
    message = next(message for message in messages if message.number == number)
    expected = np.asarray(Image.open(io.BytesIO(message.jpeg)).convert("RGB"), int)
    assert np.abs(pixels(page, "picture")[..., :3] - expected).mean() < 1
    context.close()


def test_the_visitors_own_camera(page: Page, demo_photo: Path) -> None:
    wait_for_picture(page)
    page.get_by_role("radio", name="your camera").click()
    expect(page.locator("#shared-hint")).to_be_hidden()
    expect(page.locator("#count")).to_have_text("1")
    wait_for_picture(page)
    first = int(page.locator("#picture").get_attribute("data-number") or 0)
    show_eyes_only(page)
    page.wait_for_timeout(500)
    assert int(page.locator("#picture").get_attribute("data-number") or 0) > first
    photo = open_photo(demo_photo).convert("RGB").crop((0, 0, 512, 384)).resize((640, 480))
    face = kilomark.Detector("lite", device="cpu").predict(photo)[0]
    missed, astray = eye_distances_px(page, mirrored(face, 640), (640, 480))
    assert missed < 1.5
    assert astray < 4
    page.get_by_role("radio", name="still").click()  # the place is free again
    wait_for_picture(page)


def test_everything_has_a_name_and_a_key(page: Page) -> None:
    wait_for_picture(page)
    for name in ("Pause (space)", "Mirror (F)", "Save the picture (P)", "Keys (H)"):
        expect(page.get_by_title(name)).to_be_visible()
    for role, name in [
        ("radio", "lite"),
        ("slider", "Smoothing"),
        ("checkbox", "lips"),
        ("checkbox", "axes"),
        ("button", "Pause"),
    ]:
        assert page.get_by_role(role, name=name).count() >= 1  # type: ignore[arg-type]
    page.keyboard.press("s")
    expect(page.locator("#smoothing-value")).to_have_text("2")
    page.keyboard.press("s")
    page.keyboard.press("s")
    expect(page.locator("#smoothing-value")).to_have_text("1")
    page.keyboard.press("h")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    with page.expect_download() as download:
        page.keyboard.press("p")
    with Image.open(download.value.path()) as saved:
        assert saved.size == (512, 512)
    focused = []
    for _ in range(25):
        page.keyboard.press("Tab")
        focused.append(
            page.evaluate("() => document.activeElement.id || document.activeElement.name")
        )
    assert {"source", "pause", "mirror", "help", "model", "smoothing", "show-lines"} <= set(focused)


def test_a_phone_needs_no_sideways_scrolling(browser: Browser, server: ServerAddress) -> None:
    with opened(browser, server.url, 360, 740) as page:
        wait_for_picture(page)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 360
        box = page.locator("#stage").bounding_box()
        assert box is not None
        assert box["width"] == 360
        assert box["y"] < 150


@pytest.mark.parametrize("size", [(844, 390), (390, 844), (1280, 800), (320, 480)])
def test_the_picture_keeps_its_shape_and_names_are_whole(
    browser: Browser, server: ServerAddress, size: tuple[int, int]
) -> None:
    with opened(browser, server.url, *size) as page:
        wait_for_picture(page)
        shown, own = page.evaluate(
            """() => {
              const canvas = document.querySelector("#picture");
              const box = canvas.getBoundingClientRect();
              return [box.width / box.height, canvas.width / canvas.height];
            }"""
        )
        assert shown == pytest.approx(own, rel=0.02)
        cut = page.evaluate(
            """() => [...document.querySelectorAll("#models span")]
                .filter(name => name.scrollWidth > name.clientWidth).map(name => name.innerText)"""
        )
        assert cut == []


def test_the_token_opens_the_page(browser: Browser, still: Path) -> None:
    token = "correct-horse-battery"
    with running_server([f"still={still}"], token=token) as address:
        with opened(browser, address.url) as page:
            page.get_by_label("Token").fill("wrong-wrong-wrong")
            page.get_by_role("button", name="Open").click()
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Open").click()
            wait_for_picture(page)
            assert page.url == address.url
        with opened(browser, address.url_with_token) as page:
            wait_for_picture(page)
            assert page.url == address.url


def test_another_sites_page_gets_no_picture(browser: Browser, server: ServerAddress) -> None:
    live = server.url.replace("http", "ws") + "live"
    context = browser.new_context()
    page = context.new_page()
    page.goto("data:text/html,<p>another site</p>")
    connect = """url => new Promise(done => {
        const socket = new WebSocket(url);
        socket.onopen = () => done("open");
        socket.onclose = () => done("refused");
    })"""
    assert page.evaluate(connect, live) == "refused"
    context.close()


def test_the_page_comes_back_with_the_server(browser: Browser, still: Path) -> None:
    with running_server([f"still={still}"]) as address:
        port = int(address.url.rstrip("/").rpartition(":")[2])
        context = browser.new_context()
        page = context.new_page()
        page.goto(address.url)
        wait_for_picture(page)
    expect(page.locator("#connection")).to_have_text("reconnecting")
    expect(page.locator("#notice")).to_be_visible()
    with running_server([f"still={still}"], port=port):
        expect(page.locator("#connection")).to_have_text("live")
        wait_for_picture(page)
        context.close()
