"""A real browser with a page of another origin, as people's clients in the web are.

A browser refuses what a library never asks about: answers without the right CORS headers, pictures that a canvas may
not read, uploads whose preflight fails, headers that a page may not see.
"""

import io
import json
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from tests.support.chromium import CHROMIUM, Page, open_page
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.web_site import open_site

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing"),
]
SCRIPT = Path(__file__).with_name("client.js")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """A page of another origin than the server's, with the client's script."""
    async with open_site() as site:
        site.serve("/client.js", SCRIPT.read_text(), "text/javascript")
        site.serve("/", '<!doctype html><title>Client</title><script src="/client.js"></script>')
        site.serve("/favicon.ico", b"", "image/x-icon")
        async with open_page(tmp_path_factory.mktemp("profile"), site.url("/", "localhost")) as page:
            yield page


@pytest_asyncio.fixture(loop_scope="session")
async def client(server: Server, browser: Page, alice: Person) -> AsyncIterator[Page]:
    """The page, where Alice has logged in. The browser may complain of nothing."""
    del browser.complaints[:]
    await browser.run(f"globalThis.client = new Client({server.api!r}); 0")
    answer = await browser.call("client.logIn", f"{alice.name}@example.org", "correct horse battery")
    assert (answer["status"], answer["cookies"]) == (200, "")
    yield browser
    await browser.run("client.socket?.close(1000)")
    assert browser.complaints == []


@pytest.mark.parametrize("compress", ["", "zlib-stream"])
async def test_person_chats_in_a_browser(client: Page, alice: Person, bob: Person, compress: str) -> None:
    guild = await alice.make_guild("Browsers")
    channel_id = text_channel(guild)
    await alice.invite(channel_id, bob)
    ready = await client.call("client.open", compress)
    assert (ready["user"]["id"], [each["properties"]["name"] for each in ready["guilds"]]) == (alice.id, ["Browsers"])
    assert set(await client.run("client.frames")) == {"binary" if compress else "text"}
    sent = await client.call("client.request", "POST", f"/channels/{channel_id}/messages", '{"content": "grüße 🍵"}')
    assert sent["status"] == 200
    for header in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset-after", "x-ratelimit-bucket"):
        assert header in sent["headers"]
    assert (await client.call("client.waitForMessage", "grüße 🍵"))["id"] == sent["body"]["id"]
    await bob.send(channel_id, "hello")
    told = await client.call("client.waitForMessage", "hello")
    path = f"/channels/{channel_id}/messages/{told['id']}"
    reacted = await client.call("client.request", "PUT", f"{path}/reactions/%F0%9F%94%A5/@me")
    acked = await client.call("client.request", "POST", f"{path}/ack", '{"token": null}')
    gone = await client.call("client.request", "DELETE", f"/channels/{channel_id}/messages/{sent['body']['id']}")
    assert (reacted["status"], acked["status"], gone["status"]) == (204, 200, 204)
    assert (await alice.history(channel_id))[-1]["reactions"][0]["count"] == 1


async def test_files_go_up_and_come_down_in_parts(client: Page, alice: Person) -> None:
    channel_id = text_channel(await alice.make_guild())
    formed = await client.call("client.attach", channel_id, "in a form", "a ü.bin", "application/octet-stream", 100_000)
    ahead = await client.call("client.sendAhead", channel_id, "ahead", "b.bin", 3_000_000)
    assert (formed["status"], ahead["status"], ahead["progress"]) == (200, 200, 3_000_000)
    for answer, size in ((formed, 100_000), (ahead, 3_000_000)):
        (file,) = answer["body"]["attachments"]
        assert file["size"] == size
        part = await client.call("readPart", file["url"], "bytes=1000-1999")
        assert part == {"status": 206, "length": 1000, "first": 1000 % 251, "of": f"bytes 1000-1999/{size}"}


async def test_too_large_a_file_is_refused_readably(client: Page, alice: Person) -> None:
    channel_id = text_channel(await alice.make_guild())
    size = 40_000_000
    answer = await client.call("client.attach", channel_id, "large", "a.bin", "application/octet-stream", size)
    assert (answer["status"], answer["body"]["code"]) == (413, 40005)
    body = {"files": [{"filename": "a.bin", "file_size": 5 * size}]}
    ahead = await client.call("client.request", "POST", f"/channels/{channel_id}/attachments", json.dumps(body))
    assert (ahead["status"], ahead["body"]["code"]) == (413, 40005)
    del client.complaints[:]


async def test_pictures_are_seen_and_drawn_and_a_sound_is_played(client: Page, server: Server, alice: Person) -> None:
    channel_id = text_channel(await alice.make_guild())
    picture, sound = await send(alice, channel_id, "a.png", draw()), await send(alice, channel_id, "a.wav", sing())
    drawn = await client.call("draw", picture["url"])
    assert drawn == {"width": 640, "height": 480, "pixel": [0, 0, 128, 255]}
    small = await client.call("draw", f"{picture['proxy_url']}width=64&format=webp")
    assert (small["width"], small["height"]) == (64, 48)
    assert await client.call("show", picture["url"])
    assert await client.call("show", f"{server.api}/embed/avatars/0.png")
    assert await client.call("playFrom", sound["url"], 50) == {"length": 60, "at": 50}


async def test_refusals_are_read(client: Page, alice: Person) -> None:
    channel_id = text_channel(await alice.make_guild())
    missing = await client.call("client.request", "GET", "/channels/1")
    assert (missing["status"], missing["body"]["code"]) == (404, 10003)
    wrong = await client.call("client.request", "POST", f"/channels/{channel_id}/messages", "{")
    assert wrong["status"] == 400
    nowhere = await client.call("client.request", "PATCH", "/nothing/at/all", "{}")
    assert nowhere["status"] == 404
    await client.run("client.token = 'nonsense'")
    unknown = await client.call("client.request", "GET", "/users/@me")
    assert (unknown["status"], unknown["body"]["message"]) == (401, "401: Unauthorized")
    told = [
        text.removeprefix("Failed to load resource: the server responded with a status of ")
        for text in client.complaints
    ]
    assert [text.split()[0] for text in told] == ["404", "400", "404", "401"]  # None is the browser's own.
    del client.complaints[:]


async def send(person: Person, channel_id: str, name: str, data: bytes) -> dict[str, Any]:
    answer = await person.call("POST", f"/channels/{channel_id}/messages", files={"files[0]": (name, data)})
    attachment: dict[str, Any] = answer["attachments"][0]
    return attachment


def draw() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "navy").save(out, "PNG")
    return out.getvalue()


def sing() -> bytes:
    """Make a minute of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes([128]) * 8000 * 60)
    return out.getvalue()
