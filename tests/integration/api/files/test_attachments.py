"""Files with messages: they are stored, shown, served, edited, refused; nothing is left of what was refused."""

import io
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.runtime.settings.settings import FileSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.file_links import BASE_URL
from tests.support.guild_scene import form_code
from tests.support.stores.stored_guild import StoredGuild, store_guild

LARGE = os.urandom(1_500_000)


def draw(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **options)
    return out.getvalue()


def as_form(*files: tuple[str, bytes], first: int = 0, **payload: Any) -> dict[str, Any]:
    parts: list[tuple[str, Any]] = [
        (f"files[{index}]", (name, data)) for index, (name, data) in enumerate(files, first)
    ]
    return {"files": [*parts, ("payload_json", (None, msgspec.json.encode(payload)))]}


async def send(actor: Actor, place: StoredGuild, *files: tuple[str, bytes], **payload: Any) -> dict[str, Any]:
    answer = await actor.request("POST", place.messages, **as_form(*files, **payload))
    assert answer.status_code == 200, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


async def count_files(api: ApiUnderTest) -> int:
    return len(await api.store.files.list_after(0, limit=100))


def list_staged(folder: Path) -> list[str]:
    return [path.name for path in (folder / "staging").iterdir()] if (folder / "staging").exists() else []


async def test_file_is_answered_dispatched_stored_and_served(api: ApiUnderTest, tmp_path: Path) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = await send(alice, place, ("some data.bin", LARGE))
    (attachment,) = sent["attachments"]
    assert attachment == attachment | {
        "filename": "some_data.bin",
        "title": "some data.bin",
        "size": len(LARGE),
        "content_type": "application/octet-stream",
    }
    assert sent["content"] == ""
    (dispatched,) = api.payloads("MESSAGE_CREATE")
    assert dispatched["attachments"] == sent["attachments"]
    for path in (place.messages, f"{place.messages}?around={sent['id']}"):
        (listed,) = (await alice.get(path)).json()
        assert listed["attachments"] == sent["attachments"]
    assert attachment["url"].startswith(f"{BASE_URL}/attachments/{place.channel_id}/{attachment['id']}/some_data.bin?")
    served = await api.nobody.get(attachment["url"])
    assert (served.status_code, served.content) == (200, LARGE)
    assert list_staged(tmp_path) == []
    file = await api.store.files.find(int(attachment["id"]))
    assert file is not None
    assert (file.message_id, file.state) == (int(sent["id"]), 3)


async def test_name_of_a_file_is_shown_as_any_text_is(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    names = ("\u202etxt.exe", "a\x9fb\xad c.txt", "\u200b.txt", "x" * 2000 + ".txt")
    sent = await send(alice, place, *((name, b"x") for name in names))
    titles = [attachment.get("title") for attachment in sent["attachments"]]
    assert titles == [None, "ab c.txt", ".txt", "x" * 1024]
    assert [each["filename"] for each in sent["attachments"]][:3] == ["txt.exe", "ab_c.txt", "txt"]


async def test_several_files_have_the_descriptions_of_their_numbers(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    described = [
        {"id": "1", "filename": "renamed.txt", "description": "second"},
        {"id": 0, "description": "first", "is_spoiler": True},
    ]
    sent = await send(alice, place, ("a.txt", b"1"), ("b.txt", b"2"), ("c.txt", b"3"), attachments=described)
    shown = [(each["filename"], each.get("description"), each.get("flags")) for each in sent["attachments"]]
    assert shown == [("renamed.txt", "second", None), ("SPOILER_a.txt", "first", 8), ("c.txt", None, None)]
    contents = [(await api.nobody.get(each["url"])).content for each in sent["attachments"]]
    assert contents == [b"2", b"1", b"3"]


async def test_picture_is_measured_and_loses_its_metadata(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    exif = Image.Exif()
    exif[0x010E] = "at home"
    exif[0x0112] = 6
    sent = await send(alice, place, ("a.jpg", draw("JPEG", exif=exif)), ("b.png", draw()), ("c.png", b"no picture"))
    first, second, third = sent["attachments"]
    assert (first["width"], first["height"], first["content_type"]) == (30, 40, "image/jpeg")
    assert (second["width"], second["height"], second["content_type"]) == (40, 30, "image/png")
    assert "width" not in third
    assert third["content_type"] == "text/plain; charset=utf-8"
    served = (await api.nobody.get(first["url"])).content
    assert b"at home" not in served
    assert len(served) == first["size"]


@pytest.mark.parametrize(
    ("name", "data", "content_type", "disposition"),
    [
        ("a.html", b"<script>alert(1)</script>", "text/plain; charset=utf-8", "inline"),
        ("a.svg", b"<svg onload='alert(1)'/>", "text/plain; charset=utf-8", "inline"),
        ("a.pdf", b"%PDF-1.4 x", "application/octet-stream", "attachment"),
        ("a.png", draw(), "image/png", "inline"),
        ("a.exe", b"MZ" + bytes(99), "application/octet-stream", "attachment"),
    ],
)
async def test_nothing_is_served_that_could_run(
    api: ApiUnderTest, name: str, data: bytes, content_type: str, disposition: str
) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    served = await api.nobody.get((await send(alice, place, (name, data)))["attachments"][0]["url"])
    assert served.headers["content-type"] == content_type
    assert served.headers["content-disposition"].startswith(f"{disposition}; filename=")
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"].endswith("sandbox")
    assert served.headers["access-control-allow-origin"] == "*"


async def test_parts_and_known_files_are_answered_as_http_says(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    url = (await send(alice, place, ("a.bin", LARGE)))["attachments"][0]["url"]
    part = await api.nobody.get(url, headers={"range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, LARGE[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(LARGE)}"
    known = await api.nobody.get(url, headers={"if-none-match": part.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert "immutable" in part.headers["cache-control"]
    head = await api.nobody.request("HEAD", url)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(LARGE)))
    beyond = await api.nobody.get(url, headers={"range": f"bytes={len(LARGE)}-"})
    assert beyond.status_code == 416


async def test_link_is_good_as_it_is_and_for_a_time(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        sent = await send(alice, place, ("a.txt", b"1"), ("b.txt", b"2"))
        url, other = (each["url"] for each in sent["attachments"])
        query = url.partition("?")[2]
        for wrong in (
            url.partition("?")[0],
            other.partition("?")[0] + "?" + query,
            url.replace("hm=", "hm=0"),
            url.replace("ex=", "ex=f"),
            url.replace("a.txt", "b.txt"),
            url.replace("ex=", "ex=z"),
            url.replace("is=", "is=%00"),
        ):
            assert (await api.nobody.get(wrong)).status_code in (400, 404), wrong
        clock.advance(23 * 3600)
        assert (await api.nobody.get(url)).status_code == 200
        clock.advance(3 * 3600)
        assert (await api.nobody.get(url)).status_code == 404
        (again,) = (await alice.get(place.messages)).json()
        assert again["attachments"][0]["url"] != url
        assert (await api.nobody.get(again["attachments"][0]["url"])).status_code == 200


async def test_links_stay_for_a_while_so_that_caches_find_them(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = await send(alice, place, ("a.txt", b"1"))
    assert (await alice.get(place.messages)).json()[0]["attachments"] == sent["attachments"]


async def test_old_links_are_refreshed_for_who_may_read(api: ApiUnderTest) -> None:
    alice, bob, stranger = await api.register(), await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    url = (await send(alice, place, ("a b.txt", b"1")))["attachments"][0]["url"]
    old = url.partition("?")[0]
    urls = {"attachment_urls": [old, url, "http://x/y", f"http://[/attachments/1/2/{'a'}"]}
    refreshed = (await bob.post("/attachments/refresh-urls", urls)).json()["refreshed_urls"]
    assert [each["original"] for each in refreshed] == urls["attachment_urls"]
    assert [each["refreshed"] for each in refreshed[2:]] == [None, None]
    for each in refreshed[:2]:
        assert (await api.nobody.get(each["refreshed"])).content == b"1"
    await place.overwrite(bob, deny=Permission.READ_MESSAGE_HISTORY)
    for actor in (bob, stranger):
        (answer,) = (await actor.post("/attachments/refresh-urls", {"attachment_urls": [url]})).json()["refreshed_urls"]
        assert answer["refreshed"] is None


async def test_sender_without_the_right_stores_nothing(api: ApiUnderTest, tmp_path: Path) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob, permissions=DEFAULT_EVERYONE & ~Permission.ATTACH_FILES)
    answer = await bob.request("POST", place.messages, **as_form(("a.bin", LARGE)))
    assert (answer.status_code, answer.json()["code"]) == (403, 50013)
    assert list_staged(tmp_path) == []
    assert await count_files(api) == 0


async def test_too_large_and_too_many_files_are_refused(open_api: OpenApi, tmp_path: Path) -> None:
    async with open_api(files=FileSettings(max_file_bytes=1000)) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        answer = await alice.request("POST", place.messages, **as_form(("a", bytes(1000)), ("b", bytes(1001))))
        assert (answer.status_code, answer.json()["code"]) == (413, 40005)
        answer = await alice.request("POST", place.messages, **as_form(*[("a", b"1")] * 11))
        assert (answer.status_code, answer.json()["code"]) == (400, 30015)
        answer = await alice.request("POST", place.messages, **as_form(("a", bytes(2_000_000))))
        assert answer.status_code == 413
        assert list_staged(tmp_path) == []
        assert await count_files(api) == 0
        sent = await send(alice, place, *[("a", bytes(1000))] * 10)
        assert len(sent["attachments"]) == 10


async def test_quota_of_user_and_guild(open_api: OpenApi) -> None:
    async with open_api(files=FileSettings(user_quota_bytes=100, guild_quota_bytes=150)) as api:
        alice, bob = await api.register(), await api.register()
        place = await store_guild(api, alice, bob)
        await send(alice, place, ("a", bytes(90)))
        for actor, size in ((alice, 11), (bob, 61)):
            answer = await actor.request("POST", place.messages, **as_form(("a", bytes(size))))
            assert (answer.status_code, answer.json()["code"]) == (413, 40005), answer.text
        sent = await send(bob, place, ("a", bytes(60)))
        assert (await bob.delete(f"{place.messages}/{sent['id']}")).status_code == 204
        await api.built.file_sweep.sweep()
        await send(bob, place, ("a", bytes(60)))
        assert len(api.events("MESSAGE_CREATE")) == 3


async def test_message_that_is_not_sent_leaves_no_file(api: ApiUnderTest, tmp_path: Path) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    for payload in (
        {"message_reference": {"message_id": "1"}},
        {"content": "x" * 5000},
        {"attachments": [{"id": 5}]},
        {"attachments": [{"id": 0}, {"id": 0}]},
        {"attachments": [{"filename": "a"}]},
        {"attachments": [{"id": 0, "uploaded_filename": "1/a"}]},
        {"attachments": [{"id": 0, "uploaded_filename": "x"}]},
    ):
        answer = await alice.request("POST", place.messages, **as_form(("a.bin", b"1"), **payload))
        assert answer.status_code == 400, answer.text
    assert list_staged(tmp_path) == []
    assert await count_files(api) == 0


async def test_repeated_nonce_keeps_the_first_file_alone(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    first = await send(alice, place, ("a.txt", b"1"), nonce="n")
    again = await send(alice, place, ("a.txt", b"1"), nonce="n")
    assert (again["id"], again["attachments"]) == (first["id"], first["attachments"])
    assert await count_files(api) == 1


async def test_edit_keeps_removes_adds_and_describes(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = await send(alice, place, ("a.txt", b"1"), ("b.txt", b"2"), content="x")
    first, second = sent["attachments"]
    path = f"{place.messages}/{sent['id']}"
    kept = {"id": second["id"], "description": "kept"}
    answer = await alice.request("PATCH", path, **as_form(("c.txt", b"3"), attachments=[kept, {"id": 0}]))
    shown = answer.json()["attachments"]
    assert [(each["filename"], each.get("description")) for each in shown] == [("b.txt", "kept"), ("c.txt", None)]
    assert answer.json()["edited_timestamp"]
    assert api.payloads("MESSAGE_UPDATE")[-1]["attachments"] == shown
    assert (await api.nobody.get(first["url"])).status_code == 404
    assert (await api.nobody.get(shown[1]["url"])).content == b"3"
    answer = await alice.request("PATCH", path, **as_form(("d.txt", b"4")))
    assert [each["filename"] for each in answer.json()["attachments"]] == ["b.txt", "c.txt", "d.txt"]
    answer = await alice.patch(path, {"content": "only text"})
    assert len(answer.json()["attachments"]) == 3
    answer = await alice.patch(path, {"attachments": []})
    assert answer.json()["attachments"] == []
    assert await count_files(api) == 0
    answer = await alice.request("PATCH", path, **as_form(("e.txt", b"5"), content=""))
    assert answer.json()["content"] == ""
    answer = await alice.patch(path, {"attachments": []})
    assert (answer.status_code, answer.json()["code"]) == (400, 50006)


async def test_edit_of_another_author_stores_nothing(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    sent = await send(bob, place, ("a.txt", b"1"))
    path = f"{place.messages}/{sent['id']}"
    for options in (as_form(("b.txt", b"2")), {"json": {"attachments": []}}):
        answer = await alice.request("PATCH", path, **options)
        assert (answer.status_code, answer.json()["code"]) == (403, 50005)
    assert await count_files(api) == 1


async def test_voice_message_has_one_recording_and_its_facts(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    ogg = b"OggS" + bytes(28) + b"OpusHead" + bytes(40)
    facts = {"id": 0, "duration_secs": 1.5, "waveform": "AAAA"}
    sent = await send(alice, place, ("voice.ogg", ogg), flags=1 << 13, attachments=[facts])
    assert sent["flags"] == 1 << 13
    assert sent["attachments"][0] == sent["attachments"][0] | {"duration_secs": 1.5, "waveform": "AAAA"}
    for code, data, payload in (
        (50159, ogg, {"attachments": [facts], "content": "text"}),
        (50160, b"text", {"attachments": [facts]}),
        (50161, ogg, {"attachments": [{"id": 0}]}),
    ):
        answer = await alice.request("POST", place.messages, **as_form(("a.ogg", data), flags=1 << 13, **payload))
        assert answer.json()["code"] == code
    for waveform in ("AAA", "no base64 ÿ", "AAAA\n"):
        wrong = [{**facts, "waveform": waveform}]
        answer = await alice.request("POST", place.messages, **as_form(("a.ogg", ogg), attachments=wrong))
        assert answer.json()["errors"]["attachments"]["0"]["waveform"]["_errors"][0]["code"] == "STRING_TYPE_REGEX"
    assert (await alice.post(place.messages, {"flags": 1 << 13, "content": ""})).status_code == 400
    answer = await alice.patch(f"{place.messages}/{sent['id']}", {"content": "x"})
    assert answer.json()["code"] == 50162


async def test_voice_message_needs_its_own_right(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    ogg = ("a.ogg", b"OggS" + bytes(28) + b"OpusHead" + bytes(40))
    voice = as_form(ogg, flags=1 << 13, attachments=[{"id": 0, "duration_secs": 1.5, "waveform": "AAAA"}])
    assert (await bob.request("POST", place.messages, **voice)).status_code == 200
    await place.overwrite(bob, deny=Permission.SEND_VOICE_MESSAGES)
    answer = await bob.request("POST", place.messages, **voice)
    assert (answer.status_code, answer.json()["code"]) == (403, 50173)
    assert (await bob.request("POST", place.messages, **as_form(ogg))).status_code == 200


async def test_thumbnails_are_made_when_they_are_asked_for(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = await send(alice, place, ("a.png", draw(size=(400, 300))), ("b.txt", b"no picture"))
    url, text = (each["proxy_url"] for each in sent["attachments"])
    for query, kind, size in (
        ("width=40", "image/png", (40, 30)),
        ("width=100&height=30&format=webp&quality=lossless", "image/webp", (40, 30)),
        ("format=jpeg", "image/jpeg", (400, 300)),
        ("width=9999", "image/png", (400, 300)),
    ):
        served = await api.nobody.get(f"{url}{query}")
        assert served.headers["content-type"] == kind, query
        with Image.open(io.BytesIO(served.content)) as picture:
            assert picture.size == size
    assert (await api.nobody.get(f"{text}width=40")).content == b"no picture"
    for wrong in ("width=0", "width=x", "width=5&format=exe", "width=5&quality=101"):
        answer = await api.nobody.get(f"{url}{wrong}")
        assert answer.status_code == 400, wrong
        assert form_code(answer, wrong.rpartition("&")[2].partition("=")[0])


async def test_bomb_is_kept_as_a_file_and_not_decoded(open_api: OpenApi) -> None:
    async with open_api(files=FileSettings(max_picture_pixels=2000)) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        (attachment,) = (await send(alice, place, ("a.png", draw(size=(100, 100)))))["attachments"]
        assert attachment["content_type"] == "application/octet-stream"
        assert "width" not in attachment
        served = await api.nobody.get(f"{attachment['url']}width=10")
        assert served.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("WEBP", "a.webp"), ("AVIF", "a.avif")]
)
async def test_broken_picture_is_a_file_to_be_saved_without_its_place(api: ApiUnderTest, kind: str, name: str) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    exif = Image.Exif()
    exif[0x0110] = "Telephone 7"
    exif.get_ifd(0x8825).update({1: "N", 2: (53.0, 33.0, 4.36)})
    whole = draw(kind, exif=exif)
    at = whole.index(b"Telephone 7") + 11
    broken = whole[: at + (len(whole) - at) // 2]  # the pixels, or the rest of the metadata, end in the middle
    sent = await send(alice, place, (name, broken))
    (attachment,) = sent["attachments"]
    answer = await api.nobody.get(attachment["url"])
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert len(answer.content) == len(broken) == attachment["size"]
    assert b"Telephone 7" not in answer.content


HEIC = (Path(__file__).parents[3] / "golden" / "picture.heic").read_bytes()


async def test_telephones_pictures_lose_their_place_also_where_nothing_decodes_them(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    exif = Image.Exif()
    exif[0x010E] = "at home"
    sent = await send(alice, place, ("a.avif", draw("AVIF", exif=exif)), ("b.heic", HEIC))
    first, second = sent["attachments"]
    assert (first["content_type"], first["width"], first["height"]) == ("image/avif", 40, 30)
    assert second["content_type"] == "image/heic"
    assert "width" not in second
    shown, saved = await api.nobody.get(first["url"]), await api.nobody.get(second["url"])
    assert b"at home" not in shown.content
    assert shown.headers["content-disposition"].startswith("inline")
    assert len(saved.content) == len(HEIC)
    assert b"53.5511N" in HEIC
    assert b"53.5511N" not in saved.content
    assert saved.headers["content-disposition"].startswith("attachment")
