"""Files end to end: sent and read back, in parts, by other origins, with a bounded server."""

import io
import os
from typing import Any, Final

import httpx
import pytest
from PIL import Image

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

DATA: Final = os.urandom(3_000_000)


def draw() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "navy").save(out, "PNG")
    return out.getvalue()


async def test_discord_py_sends_reads_edits_and_hears_of_files(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = int(text_channel(guild))
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, _):
        channel: Any = await client.fetch_channel(channel_id)
        files = [
            discord.File(io.BytesIO(DATA), "data.bin", description="random"),
            discord.File(io.BytesIO(draw()), "sky.png", spoiler=True),
        ]
        message = await channel.send("files", files=files)
        data, picture = message.attachments
        assert (data.filename, data.description, data.size) == ("data.bin", "random", len(DATA))
        assert (picture.filename, picture.width, picture.height) == ("SPOILER_sky.png", 640, 480)
        assert picture.is_spoiler()
        assert await data.read() == DATA
        assert (await data.to_file()).filename == "data.bin"
        fetched = await channel.fetch_message(message.id)
        assert [each.id for each in fetched.attachments] == [data.id, picture.id]
        added = discord.File(io.BytesIO(b"added"), "added.txt")
        edited = await fetched.edit(attachments=[fetched.attachments[1], added])
        assert [each.filename for each in edited.attachments] == ["SPOILER_sky.png", "added.txt"]
        assert await edited.attachments[1].read() == b"added"


async def test_discord_py_shows_a_file_in_an_embed_and_changes_the_embed(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = int(text_channel(guild))
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, seen):
        channel: Any = await client.fetch_channel(channel_id)
        embed = discord.Embed(title="Sky").set_image(url="attachment://sky.png")
        sent = await channel.send(embed=embed, file=discord.File(io.BytesIO(draw()), "sky.png"))
        (heard,) = await seen.wait_for("message", lambda each: each.id == sent.id)
        for message in (sent, heard, await channel.fetch_message(sent.id)):
            assert message.attachments == []
            image = message.embeds[0].image
            assert (image.width, image.height) == (640, 480)
        changed = sent.embeds[0].copy()
        changed.title = "Evening sky"
        edited = await sent.edit(embed=changed)
        assert (edited.embeds[0].title, edited.embeds[0].image.width) == ("Evening sky", 640)
        async with httpx.AsyncClient(timeout=60) as http:
            assert (await http.get(edited.embeds[0].image.url)).content == draw()


async def send(person: Person, channel_id: str, name: str, data: bytes) -> dict[str, Any]:
    answer = await person.request("POST", f"/channels/{channel_id}/messages", files={"files[0]": (name, data)})
    assert answer.status_code == 200, answer.text
    attachment: dict[str, Any] = answer.json()["attachments"][0]
    return attachment


async def test_parts_thumbnails_and_pages_of_other_origins(server: Server, alice: Person) -> None:
    channel_id = text_channel(await alice.make_guild())
    file, picture = await send(alice, channel_id, "a.bin", DATA), await send(alice, channel_id, "b.png", draw())
    origin = {"origin": "https://elsewhere.example"}
    async with httpx.AsyncClient(timeout=60) as http:
        part = await http.get(file["url"], headers={"range": "bytes=-1000", **origin})
        assert (part.status_code, part.content) == (206, DATA[-1000:])
        assert part.headers["access-control-allow-origin"] in ("*", origin["origin"])
        whole, known = (
            await http.get(file["url"]),
            await http.get(file["url"], headers={"if-none-match": part.headers["etag"]}),
        )
        assert (whole.content, known.status_code) == (DATA, 304)
        small = await http.get(f"{picture['proxy_url']}width=64&format=webp")
        with Image.open(io.BytesIO(small.content)) as opened:
            assert (opened.format, opened.size) == ("WEBP", (64, 48))


async def test_upload_ahead_of_its_message(server: Server, alice: Person) -> None:
    channel_id = text_channel(await alice.make_guild())
    body = {"files": [{"id": "7", "filename": "a.bin", "file_size": len(DATA)}]}
    (announced,) = (await alice.call("POST", f"/channels/{channel_id}/attachments", body))["attachments"]
    async with httpx.AsyncClient(timeout=60) as http:
        assert (await http.put(announced["upload_url"], content=DATA)).status_code == 200
        taken = {"attachments": [{"id": "0", "uploaded_filename": announced["upload_filename"]}]}
        sent = await alice.call("POST", f"/channels/{channel_id}/messages", taken)
        assert (await http.get(sent["attachments"][0]["url"])).content == DATA
