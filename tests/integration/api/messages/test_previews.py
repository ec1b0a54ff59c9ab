"""Previews of links in messages: they come by an edit of the server's, and respect what became of the message.

One worker looks at messages in the order in which they were sent. So when a later one has its preview, an earlier one
has been looked at, and got none.
"""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from PIL import Image

from api.routes.messages.external_pictures import get_external_picture
from core.bus.interfaces import Delivery
from core.domain.guilds.permissions import Permission
from core.domain.messages.message import SUPPRESS_EMBEDS
from core.runtime.settings.settings import EmbedSettings
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.file_links import BASE_URL
from tests.support.stores.stored_guild import StoredGuild, store_guild
from tests.support.web_site import WebSite, make_head, open_site

CARD = '<head><meta property="og:title" content="{}"><meta property="og:site_name" content="Site"></head>'


def draw(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind)
    return out.getvalue()


class Scene:
    """A guild of two on a server that may fetch from a site of this machine."""

    def __init__(self, api: ApiUnderTest, site: WebSite, place: StoredGuild, owner: Actor, member: Actor) -> None:
        self.api = api
        self.site = site
        self.place = place
        self.owner = owner
        self.member = member
        self._updated = asyncio.Event()
        api.store.bus.subscribe(self._note)

    def _note(self, _delivery: Delivery) -> None:
        self._updated.set()

    async def send(self, content: str, actor: Actor | None = None, **fields: Any) -> dict[str, Any]:
        """Send a message."""
        answer = await (actor or self.owner).post(self.place.messages, {"content": content, **fields})
        assert answer.status_code == 200, answer.text
        sent: dict[str, Any] = answer.json()
        return sent

    async def edit(self, message: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Edit a message."""
        answer = await self.owner.patch(f"{self.place.messages}/{message['id']}", fields)
        assert answer.status_code == 200, answer.text
        edited: dict[str, Any] = answer.json()
        return edited

    def updates(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the payloads of MESSAGE_UPDATE of a message so far."""
        return [each for each in self.api.payloads("MESSAGE_UPDATE") if each["id"] == message["id"]]

    async def wait_updates(self, message: dict[str, Any], count: int = 1) -> dict[str, Any]:
        """Wait for so many updates of a message, and return the last of them."""
        async with asyncio.timeout(60):
            while len(self.updates(message)) < count:
                self._updated.clear()
                await self._updated.wait()
        return self.updates(message)[-1]

    async def fetch(self, message: dict[str, Any]) -> dict[str, Any]:
        """Read a message."""
        fetched: dict[str, Any] = (await self.owner.get(f"{self.place.messages}/{message['id']}")).json()
        return fetched

    async def pass_by(self) -> None:
        """Wait until all that was sent so far has been looked at."""
        url = self.site.serve(f"/passing{len(self.site.requests)}", CARD.format("passing"))
        await self.wait_updates(await self.send(url))


def settings(site: WebSite, **changes: Any) -> EmbedSettings:
    return EmbedSettings(
        **{
            "allowed_networks": ("127.0.0.1/32",),
            "ports": (80, site.port),
            "concurrency": 1,
            "messages_of_author": 100,
            "timeout_s": 5,
            **changes,
        }
    )


@contextlib.asynccontextmanager
async def open_scene(open_api: OpenApi, **changes: Any) -> AsyncIterator[Scene]:
    async with open_site() as site, open_api(embeds=settings(site, **changes)) as api:
        owner, member = await api.register(), await api.register()
        yield Scene(api, site, await store_guild(api, owner, member), owner, member)


@pytest.fixture
async def scene(open_api: OpenApi) -> AsyncIterator[Scene]:
    """The scene."""
    async with open_scene(open_api) as opened:
        yield opened


async def test_link_gets_its_embed_by_an_update(scene: Scene) -> None:
    url = scene.site.serve("/page", CARD.format("Title"))
    sent = await scene.send(f"look: {url}")
    assert sent["embeds"] == []
    updated = await scene.wait_updates(sent)
    assert updated["embeds"] == [{"type": "link", "url": url, "title": "Title", "provider": {"name": "Site"}}]
    assert updated["edited_timestamp"] is None
    assert updated["content"] == f"look: {url}"
    assert (await scene.fetch(sent))["embeds"] == updated["embeds"]


async def test_picture_of_a_page_is_measured_and_served_through_this_server(scene: Scene) -> None:
    picture = scene.site.serve("/p.png", draw(size=(400, 300)), "application/octet-stream")
    url = scene.site.serve("/page", f'<head><meta property="og:image" content="/p.png">{CARD.format("T")}')
    (embed,) = (await scene.wait_updates(await scene.send(url)))["embeds"]
    thumbnail = embed["thumbnail"]
    assert (thumbnail["url"], thumbnail["width"], thumbnail["height"]) == (picture, 400, 300)
    assert thumbnail["proxy_url"].startswith(f"{BASE_URL}/external/")
    answer = await scene.api.nobody.get(thumbnail["proxy_url"])
    assert (answer.status_code, answer.content) == (200, draw(size=(400, 300)))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_link_to_a_picture_is_an_image(scene: Scene) -> None:
    url = scene.site.serve("/p", draw("WEBP"), "image/jpeg")
    (embed,) = (await scene.wait_updates(await scene.send(url)))["embeds"]
    thumbnail = embed["thumbnail"]
    assert (embed["type"], embed["url"], thumbnail["content_type"]) == ("image", url, "image/webp")
    assert (thumbnail["width"], thumbnail["height"]) == (40, 30)


async def test_oembed_document_is_read(scene: Scene) -> None:
    scene.site.serve("/oembed", msgspec.json.encode({"author_name": "Ann", "title": "T"}), "application/json")
    link = '<link rel="alternate" type="application/json+oembed" href="/oembed">'
    url = scene.site.serve("/page", f"<title>x</title>{link}")
    (embed,) = (await scene.wait_updates(await scene.send(url)))["embeds"]
    assert embed == {"type": "link", "url": url, "title": "T", "author": {"name": "Ann"}}


async def test_page_of_nothing_but_a_picture_that_is_not_there_has_no_embed(scene: Scene) -> None:
    url = scene.site.serve("/page", '<head><meta property="og:image" content="http://10.0.0.1/p.png"></head>')
    sent = await scene.send(url)
    await scene.pass_by()
    assert scene.updates(sent) == []


async def test_page_in_an_older_charset_is_read(scene: Scene) -> None:
    page = CARD.format("日本").encode("euc_jp")
    url = scene.site.serve_gzip("/page", page, "text/html; charset=EUC-JP")
    assert (await scene.wait_updates(await scene.send(url)))["embeds"][0]["title"] == "日本"


async def test_several_links_have_their_embeds_in_order_and_faults_have_none(scene: Scene) -> None:
    first = scene.site.serve("/1", CARD.format("one"))
    second = scene.site.serve("/2", CARD.format("two"))
    dead = scene.site.url("/dead")
    away = scene.site.redirect("/away", "http://10.0.0.1/")
    updated = await scene.wait_updates(await scene.send(f"{second} {dead} {away} {first} {second}"))
    assert [embed["title"] for embed in updated["embeds"]] == ["two", "one"]
    outcomes = scene.api.metrics.web.previews_total
    assert [outcomes.labels(outcome)._value.get() for outcome in ("found", "failed", "refused")] == [2, 1, 1]


async def test_link_is_fetched_once_for_all_who_send_it(scene: Scene) -> None:
    url = scene.site.serve("/page", CARD.format("T"))
    for message in [await scene.send(url) for _ in range(3)]:
        await scene.wait_updates(message)
    assert scene.site.paths == ["/page"]


async def test_author_without_the_right_to_embed_gets_none(scene: Scene) -> None:
    await scene.place.overwrite(scene.member, deny=Permission.EMBED_LINKS)
    url = scene.site.serve("/page", CARD.format("T"))
    sent = await scene.send(url, scene.member)
    await scene.pass_by()
    assert scene.updates(sent) == []
    assert "/page" not in scene.site.paths


@pytest.mark.parametrize("wrapped", ["<{}>", "`{}`", "```{}```", "||{}||"])
async def test_hidden_link_gets_none(scene: Scene, wrapped: str) -> None:
    sent = await scene.send(wrapped.format(scene.site.serve("/page", CARD.format("T"))))
    await scene.pass_by()
    assert scene.updates(sent) == []


async def test_message_that_suppresses_embeds_gets_them_when_it_does_no_more(scene: Scene) -> None:
    url = scene.site.serve("/page", CARD.format("T"))
    sent = await scene.send(url, flags=SUPPRESS_EMBEDS)
    await scene.pass_by()
    assert scene.updates(sent) == []
    assert (await scene.edit(sent, flags=0))["embeds"] == []
    assert (await scene.wait_updates(sent, 2))["embeds"][0]["title"] == "T"
    assert (await scene.edit(sent, flags=SUPPRESS_EMBEDS))["embeds"] == []
    assert (await scene.fetch(sent))["embeds"] == []


async def test_edit_that_changes_links_refreshes_them(scene: Scene) -> None:
    first, second = (scene.site.serve(f"/{name}", CARD.format(name)) for name in ("one", "two"))
    sent = await scene.send(first)
    await scene.wait_updates(sent)
    assert [embed["title"] for embed in (await scene.edit(sent, content=f"{first} more"))["embeds"]] == ["one"]
    assert (await scene.edit(sent, content=second))["embeds"] == []
    assert [embed["title"] for embed in (await scene.wait_updates(sent, 4))["embeds"]] == ["two"]
    assert (await scene.edit(sent, content="none"))["embeds"] == []


class Slow:
    """A page that waits until it is told to come."""

    def __init__(self, site: WebSite) -> None:
        self.asked = asyncio.Event()
        self.may_come = asyncio.Event()
        self.url = site.handle("/slow", self._answer)

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        self.asked.set()
        await self.may_come.wait()
        writer.write(make_head(200, {"Content-Type": "text/html"}) + CARD.format("slow").encode())


async def test_message_that_is_edited_meanwhile_keeps_its_edit(scene: Scene) -> None:
    slow = Slow(scene.site)
    sent = await scene.send(f"{slow.url} before")
    await slow.asked.wait()
    await scene.edit(sent, content=f"{slow.url} after")
    slow.may_come.set()
    updated = await scene.wait_updates(sent, 2)
    assert (updated["content"], updated["embeds"][0]["title"]) == (f"{slow.url} after", "slow")


async def test_link_that_was_taken_away_meanwhile_gets_none(scene: Scene) -> None:
    slow = Slow(scene.site)
    sent = await scene.send(slow.url)
    await slow.asked.wait()
    await scene.edit(sent, content="nothing")
    slow.may_come.set()
    await scene.pass_by()
    assert [update["embeds"] for update in scene.updates(sent)] == [[]]


async def test_message_that_is_deleted_meanwhile_stays_so(scene: Scene) -> None:
    slow = Slow(scene.site)
    sent = await scene.send(slow.url)
    await slow.asked.wait()
    assert (await scene.owner.delete(f"{scene.place.messages}/{sent['id']}")).status_code == 204
    slow.may_come.set()
    await scene.pass_by()
    assert scene.updates(sent) == []


async def test_queue_is_bounded(open_api: OpenApi) -> None:
    async with open_scene(open_api, waiting_messages=1) as scene:
        slow = Slow(scene.site)
        await scene.send(slow.url)
        await slow.asked.wait()
        url = scene.site.serve("/page", CARD.format("T"))
        waits, dropped = await scene.send(url), await scene.send(url)
        slow.may_come.set()
        await scene.wait_updates(waits)
        await scene.pass_by()
        assert scene.updates(dropped) == []
        assert scene.api.metrics.web.previews_total.labels("dropped")._value.get() == 1


async def test_author_has_few_places(open_api: OpenApi) -> None:
    async with open_scene(open_api, messages_of_author=2) as scene:
        slow = Slow(scene.site)
        url = scene.site.serve("/page", CARD.format("T"))
        first, second, third = [await scene.send(text) for text in (slow.url, url, url)]
        others = await scene.send(url, scene.member)
        slow.may_come.set()
        for message in (first, second, others):
            await scene.wait_updates(message)
        assert scene.updates(third) == []
        await scene.wait_updates(await scene.send(url))


async def test_link_to_a_large_video_shows_it_and_to_a_large_picture_nothing(open_api: OpenApi) -> None:
    async with open_scene(open_api, max_picture_bytes=20_000) as scene:
        video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(30_000)
        urls = scene.site.serve("/v", video, "video/mp4"), scene.site.serve("/p", draw() + bytes(30_000), "image/png")
        updated = await scene.wait_updates(await scene.send(" ".join(urls)))
        assert updated["embeds"] == [
            {"type": "video", "url": urls[0], "video": {"url": urls[0], "content_type": "video/mp4"}}
        ]


async def test_server_that_fetches_nothing_asks_nobody(open_api: OpenApi) -> None:
    async with open_scene(open_api, enabled=False) as scene:
        sent = await scene.send(
            scene.site.serve("/page", CARD.format("T")), embeds=[{"image": {"url": "https://a.example"}}]
        )
        assert sent["embeds"] == [{"type": "rich", "image": {"url": "https://a.example"}}]
        assert scene.site.requests == []


async def test_bots_embeds_have_links_through_this_server_and_stand_first(scene: Scene) -> None:
    picture = scene.site.serve("/p.gif", draw("GIF"), "image/gif")
    url = scene.site.serve("/page", CARD.format("T"))
    sent = await scene.send(url, embeds=[{"title": "own", "image": {"url": picture}}])
    proxy_url = sent["embeds"][0]["image"]["proxy_url"]
    assert (await scene.api.nobody.get(proxy_url)).content == draw("GIF")
    updated = await scene.wait_updates(sent)
    assert [embed["title"] for embed in updated["embeds"]] == ["own", "T"]
    edited = await scene.edit(sent, embeds=[{"title": "new", "thumbnail": {"url": picture}}])
    assert [embed["title"] for embed in edited["embeds"]] == ["new", "T"]
    assert edited["embeds"][0]["thumbnail"]["proxy_url"] == proxy_url


async def test_pictures_of_bots_embeds_get_their_sizes_by_an_update(scene: Scene) -> None:
    picture = scene.site.serve("/p.png", draw(), "image/png")
    other = scene.site.serve("/q.gif", draw("GIF", (7, 5)), "image/gif")
    page = scene.site.serve("/page", CARD.format("T"))
    embeds = [
        {"title": "own", "image": {"url": picture}, "thumbnail": {"url": other}},
        {"image": {"url": page}, "author": {"name": "a", "icon_url": picture}},
    ]
    sent = await scene.send("no link", embeds=embeds)
    assert "width" not in sent["embeds"][0]["image"]
    first, second = (await scene.wait_updates(sent))["embeds"]
    assert {key: first["image"][key] for key in ("url", "width", "height", "content_type")} == {
        "url": picture,
        "width": 40,
        "height": 30,
        "content_type": "image/png",
    }
    assert (first["thumbnail"]["width"], first["thumbnail"]["height"]) == (7, 5)
    assert first["image"]["proxy_url"] == sent["embeds"][0]["image"]["proxy_url"]
    assert "width" not in second["image"]
    assert (await scene.fetch(sent))["edited_timestamp"] is None
    edited = await scene.edit(sent, embeds=[{"title": "new", "image": {"url": other}}])
    assert "width" not in edited["embeds"][0]["image"]
    (last,) = (await scene.wait_updates(sent, 3))["embeds"]
    assert (last["title"], last["image"]["width"]) == ("new", 7)
    assert scene.site.paths.count("/q.gif") == 1


async def test_embeds_that_are_edited_while_they_are_measured_stay_edited(scene: Scene) -> None:
    may_answer = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        await may_answer.wait()
        writer.write(make_head(200, {"Content-Type": "image/png"}) + draw())

    picture = scene.site.handle("/p.png", answer)
    sent = await scene.send("no link", embeds=[{"title": "old", "image": {"url": picture}}])
    await scene.edit(sent, embeds=[{"title": "new"}])
    may_answer.set()
    await scene.pass_by()
    (embed,) = (await scene.fetch(sent))["embeds"]
    assert embed == {"type": "rich", "title": "new"}


class Shown:
    """What the server passes on of addresses that a sender names."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def get(self, url: str) -> Any:
        sent = await self._scene.send("x", embeds=[{"image": {"url": url}}])
        return await self._scene.api.nobody.get(sent["embeds"][0]["image"]["proxy_url"])


async def test_what_is_no_picture_is_not_passed_on(scene: Scene) -> None:
    shown = Shown(scene)
    svg = scene.site.serve("/s", "<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "image/svg+xml")
    page = scene.site.serve("/h", "<script>alert(1)</script>", "image/png")
    for url in (
        svg,
        page,
        scene.site.url("/none"),
        "http://10.0.0.1/x.png",
        "http://[::1]/",
        scene.site.redirect("/r", "http://10.1.1.1/"),
    ):
        assert (await shown.get(url)).status_code == 404, url


async def test_picture_beyond_the_bound_is_not_passed_on(open_api: OpenApi) -> None:
    async with open_scene(open_api, max_picture_bytes=20_000) as scene:
        large = draw("BMP", (10, 10)) + bytes(1)
        png = draw() + bytes(30_000)
        assert (await Shown(scene).get(scene.site.serve("/large", png, "image/png"))).status_code == 404
        assert (await Shown(scene).get(scene.site.serve("/bmp", large, "image/bmp"))).status_code == 404


async def test_many_pictures_at_once_are_refused(open_api: OpenApi) -> None:
    async with open_scene(open_api, open_pictures=1) as scene:
        slow = Slow(scene.site)
        waits = asyncio.create_task(Shown(scene).get(slow.url))
        async with asyncio.timeout(60):
            while scene.site.paths.count("/slow") < 2:  # noqa: ASYNC110 - it is measured too
                await asyncio.sleep(0.01)
        picture = scene.site.serve("/p", draw(), "image/png")
        assert (await Shown(scene).get(picture)).status_code == 503
        slow.may_come.set()
        assert (await waits).status_code == 404
        assert (await Shown(scene).get(picture)).status_code == 200


async def test_small_picture_is_fetched_once_and_clients_ask_whether_it_has_changed(scene: Scene) -> None:
    picture = scene.site.serve("/p", draw(), "image/png")
    sent = await scene.send("x", embeds=[{"image": {"url": picture}}])
    url = sent["embeds"][0]["image"]["proxy_url"]
    await scene.pass_by()  # it was measured
    before = scene.site.paths.count("/p")
    answers = [await scene.api.nobody.get(url) for _ in range(3)]
    assert [answer.content for answer in answers] == [draw()] * 3
    assert scene.site.paths.count("/p") == before + 1
    headers = answers[0].headers
    assert (headers["content-type"], headers["cache-control"]) == ("image/png", "public, max-age=86400")
    again = await scene.api.nobody.get(url, headers={"If-None-Match": headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    part = await scene.api.nobody.get(url, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, draw()[1:4])


async def test_large_picture_is_passed_on_whole_and_not_kept(scene: Scene) -> None:
    large = draw("PNG", (10, 10)) + bytes(1_100_000)
    picture = scene.site.serve("/large", large, "image/png")
    sent = await scene.send("x", embeds=[{"image": {"url": picture}}])
    url = sent["embeds"][0]["image"]["proxy_url"]
    await scene.pass_by()
    before = scene.site.paths.count("/large")
    answers = [await scene.api.nobody.get(url) for _ in range(2)]
    assert [answer.content for answer in answers] == [large] * 2
    assert scene.site.paths.count("/large") == before + 2


async def test_nobody_takes_the_places_of_others(open_api: OpenApi) -> None:
    async with open_scene(open_api, open_pictures_of_address=1, open_pictures=2) as scene:
        slow = Slow(scene.site)
        waits = asyncio.create_task(Shown(scene).get(slow.url))
        async with asyncio.timeout(60):
            while scene.site.paths.count("/slow") < 2:  # noqa: ASYNC110 - it is measured too
                await asyncio.sleep(0.01)
        picture = scene.site.serve("/p", draw(), "image/png")
        assert (await Shown(scene).get(picture)).status_code == 429
        slow.may_come.set()
        assert (await waits).status_code == 404
        assert (await Shown(scene).get(picture)).status_code == 200


async def test_link_that_was_not_made_here_leads_nowhere(scene: Scene) -> None:
    picture = scene.site.serve("/p", draw(), "image/png")
    sent = await scene.send("x", embeds=[{"image": {"url": picture}}])
    head, signature, address = sent["embeds"][0]["image"]["proxy_url"].rsplit("/", 2)
    for forged in (f"{head}/{signature[:-1]}/{address}", f"{head}/{signature}/{address}AA", f"{head}/x/{address}"):
        assert (await scene.api.nobody.get(forged)).status_code == 404
    assert scene.site.requests == []
    assert get_external_picture.is_signed
