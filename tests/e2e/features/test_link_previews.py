"""Previews of links by stock libraries: the message comes first, and an edit brings its embeds."""

import asyncio
import io
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.e2e.clients.node_bot import FOLDER, NODE, running_node_bot
from tests.e2e.clients.test_hikari import hikari
from tests.e2e.clients.test_hikari import running_bot as running_hikari_bot
from tests.e2e.conftest import GENEROUS
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.web_site import WebSite, make_head, open_site

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = """<head><meta property="og:title" content="Title"><meta property="og:description" content="Words">
<meta property="og:site_name" content="Site"><meta name="theme-color" content="#ff8000">
<meta property="og:type" content="article"><meta property="og:image" content="/picture"></head>"""


def draw() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "PNG")
    return out.getvalue()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site() -> AsyncIterator[WebSite]:
    """A site with a page and its picture."""
    async with open_site() as opened:
        opened.serve("/page", PAGE)
        opened.serve("/picture", draw(), "image/png")
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(site: WebSite, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that may fetch from the site."""
    settings = {
        **GENEROUS,
        "GUILDWAY_EMBEDS_ALLOWED_NETWORKS": "127.0.0.1/32",
        "GUILDWAY_EMBEDS_PORTS": f"80, 443, {site.port}",
    }
    running = await Server(tmp_path_factory.mktemp("previews"), settings).start()
    yield running
    assert await running.stop() == 0


async def test_discord_py_hears_of_the_embed_of_a_link(server: Server, site: WebSite, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        url = site.url("/page")
        await alice.send(channel_id, f"look at {url}")
        (message,) = await seen.wait_for("message", lambda m: url in m.content)
        before, after = await seen.wait_for("message_edit", lambda _, after: bool(after.embeds))
        assert (before.embeds, after.edited_at) == ([], None)
        (embed,) = after.embeds
        assert (embed.type, embed.url, embed.title, embed.description) == ("article", url, "Title", "Words")
        assert (embed.provider.name, embed.color) == ("Site", discord.Color(0xFF8000))
        assert (embed.thumbnail.url, embed.thumbnail.width, embed.thumbnail.height) == (site.url("/picture"), 64, 48)
        assert (await message.channel.fetch_message(message.id)).embeds == after.embeds
        async with httpx.AsyncClient(timeout=60) as http:
            picture = await http.get(embed.thumbnail.proxy_url)
        assert (picture.headers["content-type"], picture.content) == ("image/png", draw())
        await after.edit(suppress=True)
        (raw,) = await seen.wait_for("raw_message_edit", lambda raw: bool(raw.data["flags"]))
        assert raw.data["embeds"] == []
        assert client.user is not None


async def test_small_picture_that_breaks_off_is_none(server: Server, site: WebSite, alice: Person) -> None:
    async def begin(writer: asyncio.StreamWriter) -> None:
        writer.write(make_head(200, {"Content-Type": "image/png", "Content-Length": "900000"}) + draw() + bytes(100))

    url = site.handle("/breaks-small", begin)
    channel_id = text_channel(await alice.make_guild())
    message = await alice.send(channel_id, "x", embeds=[{"image": {"url": url}}])
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.get(message["embeds"][0]["image"]["proxy_url"])
    assert answer.status_code == 404


async def test_picture_that_breaks_off_is_no_whole_answer(server: Server, site: WebSite, alice: Person) -> None:
    async def begin(writer: asyncio.StreamWriter) -> None:
        head = make_head(200, {"Content-Type": "image/png", "Content-Length": "5000000"})
        writer.write(head + draw() + bytes(2_000_000))

    url = site.handle("/breaks-large", begin)
    channel_id = text_channel(await alice.make_guild())
    message = await alice.send(channel_id, "x", embeds=[{"image": {"url": url}}])
    async with httpx.AsyncClient(timeout=60) as http:
        with pytest.raises(httpx.HTTPError):
            await http.get(message["embeds"][0]["image"]["proxy_url"])
        whole = await http.head(message["embeds"][0]["image"]["proxy_url"])
    assert (whole.status_code, whole.headers["content-length"]) == (200, "5000000")
    assert not [line for line in server.log if "the application failed" in line]


async def test_hikari_hears_of_the_embed_of_its_own_link(server: Server, site: WebSite, alice: Person) -> None:
    guild = await alice.make_guild()
    bot = await alice.make_bot(guild["id"])
    async with running_hikari_bot(server, bot["token"]) as (client, seen):
        await seen.wait_for(hikari.GuildAvailableEvent)
        sent = await client.rest.create_message(int(text_channel(guild)), site.url("/picture"))
        updated = await seen.wait_for(hikari.GuildMessageUpdateEvent, lambda event: bool(event.message.embeds))
        (embed,) = updated.message.embeds
        assert (updated.message_id, embed.url) == (sent.id, site.url("/picture"))
        assert (embed.thumbnail.width, embed.thumbnail.height) == (64, 48)


@pytest.mark.node
@pytest.mark.skipif(
    NODE is None or not (FOLDER / "node_modules").is_dir(),
    reason="Node or the packages of tests/e2e/node are missing",
)
@pytest.mark.parametrize("bot", [("discordjs.mjs",), ("oceanic.mjs", "none")], ids="-".join)
async def test_node_library_hears_of_an_embed(
    server: Server, site: WebSite, alice: Person, bot: tuple[str, ...]
) -> None:
    channel_id = text_channel(guild := await alice.make_guild())
    made = await alice.make_bot(guild["id"])
    script, *options = bot
    async with running_node_bot(script, server.api, made["token"], *options) as client:
        sent = await client.order("send", channel=channel_id, content=site.url("/page"))
        told = await client.wait_for("edit", lambda event: event["id"] == sent["id"])
        assert told["titles"] == ["Title"]  # that of the message itself may be there before the library has its answer
        assert (await client.order("fetch", channel=channel_id, message=sent["id"]))["titles"] == ["Title"]
        bare = await client.order("suppress", channel=channel_id, message=sent["id"])
        assert bare["titles"] == []
