"""Files that are uploaded ahead of their message."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from core.domain.guilds.permissions import DEFAULT_EVERYONE, Permission
from core.runtime.settings.settings import FileSettings
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import error_code, form_code
from tests.support.stores.stored_guild import StoredGuild, store_guild

DATA = os.urandom(300_000)


async def announce(actor: Actor, place: StoredGuild, *sizes: int, name: str = "my file.bin") -> list[dict[str, Any]]:
    files = [{"id": str(index), "filename": name, "file_size": size} for index, size in enumerate(sizes)]
    answer = await actor.post(f"/channels/{place.channel_id}/attachments", {"files": files})
    assert answer.status_code == 200, answer.text
    uploads: list[dict[str, Any]] = answer.json()["attachments"]
    assert [each["id"] for each in uploads] == [each["id"] for each in files]
    return uploads


async def upload(api: ApiUnderTest, actor: Actor, place: StoredGuild, data: bytes = DATA) -> str:
    (announced,) = await announce(actor, place, len(data))
    answer = await api.nobody.request("PUT", announced["upload_url"], content=data)
    assert answer.status_code == 200, answer.text
    name: str = announced["upload_filename"]
    return name


async def send(actor: Actor, place: StoredGuild, *names: str) -> Any:
    files = [{"id": str(index), "filename": "f.bin", "uploaded_filename": name} for index, name in enumerate(names)]
    return await actor.post(place.messages, {"attachments": files})


async def count_files(api: ApiUnderTest) -> int:
    return len(await api.store.files.list_after(0, limit=100))


async def test_uploaded_file_is_sent_and_served(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    answer = await send(alice, place, await upload(api, alice, place))
    assert answer.status_code == 200, answer.text
    (attachment,) = answer.json()["attachments"]
    assert (attachment["filename"], attachment["size"]) == ("f.bin", len(DATA))
    assert (await api.nobody.get(attachment["url"])).content == DATA


async def test_second_address_takes_the_channel_in_the_body(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    body = {"channel_id": place.channel_id, "files": [{"filename": "a", "file_size": 3}]}
    (announced,) = (await alice.post("/files/upload-url", body)).json()["attachments"]
    assert (await api.nobody.request("PUT", announced["upload_url"], content=b"abc")).status_code == 200
    assert (await send(alice, place, announced["upload_filename"])).status_code == 200


async def test_upload_is_as_long_as_was_announced_and_may_be_tried_again(api: ApiUnderTest, tmp_path: Path) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    (announced,) = await announce(alice, place, 1000)
    url = announced["upload_url"]
    for size, status in ((1001, 413), (999, 400), (0, 400)):
        answer = await api.nobody.request("PUT", url, content=bytes(size))
        assert answer.status_code == status, answer.text
        assert (await send(alice, place, announced["upload_filename"])).status_code == 400
    assert list((tmp_path / "staging").iterdir()) == []
    for _ in range(2):
        assert (await api.nobody.request("PUT", url, content=bytes(1000))).status_code == 200
    assert (await send(alice, place, announced["upload_filename"])).status_code == 200


async def test_bytes_that_come_late_by_the_same_link_change_nothing(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    (announced,) = await announce(alice, place, 4)
    sent, has_begun = asyncio.Event(), asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"bad"
        has_begun.set()
        await sent.wait()
        yield b"!"

    late = asyncio.create_task(api.nobody.request("PUT", announced["upload_url"], content=trickle()))
    await has_begun.wait()
    assert (await api.nobody.request("PUT", announced["upload_url"], content=b"good")).status_code == 200
    (attachment,) = (await send(alice, place, announced["upload_filename"])).json()["attachments"]
    sent.set()
    assert (await late).status_code == 200
    assert (await api.nobody.get(attachment["url"])).content == b"good"


async def test_upload_that_is_being_put_in_its_place_has_others_wait(open_api: OpenApi) -> None:
    async with open_api() as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        (announced,) = await announce(alice, place, 4)
        file_id = int(announced["upload_filename"].split("/")[0])
        async with api.store.write(users=[int(alice.id)]) as tx:
            assert await tx.files.begin(file_id)
        answer = await api.nobody.request("PUT", announced["upload_url"], content=b"good")
        assert answer.status_code == 503
        async with api.store.write(users=[int(alice.id)]) as tx:
            await tx.files.expect_again(file_id)
        assert (await api.nobody.request("PUT", announced["upload_url"], content=b"good")).status_code == 200


async def test_upload_belongs_to_its_user_and_channel_and_is_used_once(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    other = await place.add_channel(name="other")
    name = await upload(api, alice, place)
    in_other = {"attachments": [{"id": "0", "uploaded_filename": name}]}
    for answer in (
        await send(bob, place, name),
        await alice.post(f"/channels/{other}/messages", in_other),
        await send(alice, place, name, name),
        await send(alice, place, "123/a"),
    ):
        assert form_code(answer, "attachments", "1" if len(answer.request.content) > 150 else "0", "uploaded_filename")
    assert (await send(alice, place, name)).status_code == 200
    assert (await send(alice, place, name)).status_code == 400


async def test_message_that_was_refused_may_be_sent_again_with_its_upload(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    name = await upload(api, alice, place)
    body = {"attachments": [{"id": 0, "uploaded_filename": name}], "message_reference": {"message_id": "1"}}
    assert (await alice.post(place.messages, body)).status_code == 400
    assert (await send(alice, place, name)).status_code == 200


async def test_edit_adds_an_upload(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = (await alice.post(place.messages, {"content": "x"})).json()
    body = {"attachments": [{"id": "0", "uploaded_filename": await upload(api, alice, place)}]}
    edited = await alice.patch(f"{place.messages}/{sent['id']}", body)
    assert (await api.nobody.get(edited.json()["attachments"][0]["url"])).content == DATA


async def test_announcement_needs_the_rights_and_fits_the_bounds(open_api: OpenApi) -> None:
    async with open_api(files=FileSettings(max_upload_bytes=1000, user_quota_bytes=1500)) as api:
        alice, bob = await api.register(), await api.register()
        place = await store_guild(api, alice, bob, permissions=DEFAULT_EVERYONE & ~Permission.ATTACH_FILES)
        path = f"/channels/{place.channel_id}/attachments"
        file = {"filename": "a", "file_size": 1000}
        for actor, files, status in (
            (bob, [file], 403),
            (alice, [{**file, "file_size": 1001}], 413),
            (alice, [file] * 11, 400),
            (alice, [], 400),
            (alice, [file, file], 413),
            (alice, [file], 200),
            (alice, [file], 413),
        ):
            answer = await actor.post(path, {"files": files})
            assert answer.status_code == status, answer.text


async def test_uploads_that_wait_for_a_message_are_bounded(open_api: OpenApi) -> None:
    """A place is free again when a message has taken one, when one is cancelled, and when its time is over."""
    clock = FakeClock()
    async with open_api(clock=clock, files=FileSettings(waiting_uploads=3)) as api:
        alice, bob = await api.register(), await api.register()
        place = await store_guild(api, alice, bob)
        path = f"/channels/{place.channel_id}/attachments"

        async def ask(actor: Actor, count: int) -> tuple[int, int]:
            answer = await actor.post(path, {"files": [{"filename": "a", "file_size": 3}] * count})
            return (200, 0) if answer.status_code == 200 else error_code(answer)

        full = (400, 30015)
        assert await ask(alice, 4) == full
        first, second = [await upload(api, alice, place, b"abc") for _ in range(2)]
        assert await ask(alice, 2) == full
        assert await ask(alice, 1) == (200, 0)
        assert await ask(alice, 1) == full
        assert await ask(bob, 3) == (200, 0)
        assert (await send(alice, place, first)).status_code == 200
        assert await ask(alice, 1) == (200, 0)
        assert await ask(alice, 1) == full
        assert (await alice.delete(f"/attachments/{second.replace('/', '%2F')}")).status_code == 204
        assert await ask(alice, 1) == (200, 0)
        clock.advance(901)
        await api.built.file_sweep.sweep()
        assert await ask(alice, 3) == (200, 0)


async def test_bytes_of_uploads_that_wait_for_a_message_are_bounded(open_api: OpenApi) -> None:
    async with open_api(files=FileSettings(waiting_upload_bytes=1000)) as api:
        alice, bob = await api.register(), await api.register()
        place = await store_guild(api, alice, bob)
        path = f"/channels/{place.channel_id}/attachments"
        for actor, sizes, status in (
            (alice, (600, 401), 413),
            (alice, (600,), 200),
            (alice, (401,), 413),
            (bob, (1000,), 200),
            (alice, (400,), 200),
        ):
            files = [{"filename": "a", "file_size": size} for size in sizes]
            answer = await actor.post(path, {"files": files})
            assert answer.status_code == status, answer.text
        form = {"files[0]": ("a.bin", b"x" * 2000)}
        sent = await alice.request("POST", place.messages, files=form, data={"payload_json": "{}"})
        assert sent.status_code == 200, "a file that comes with its message waits for none"


async def test_wrong_or_late_link_takes_nothing(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        first, second = await announce(alice, place, 3, 3)
        url = first["upload_url"]
        query = url.partition("?")[2]
        for wrong in (second["upload_url"].partition("?")[0] + "?" + query, url.replace("hm=", "hm=0")):
            assert (await api.nobody.request("PUT", wrong, content=b"abc")).status_code in (400, 403)
        clock.advance(901)
        assert (await api.nobody.request("PUT", url, content=b"abc")).status_code == 403
        await api.built.file_sweep.sweep()
        assert await count_files(api) == 0


async def test_unused_upload_is_cancelled_by_its_user(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    place = await store_guild(api, alice, bob)
    name, used = await upload(api, alice, place), await upload(api, alice, place)
    assert (await send(alice, place, used)).status_code == 200
    for actor, wanted, status in ((bob, name, 404), (alice, used, 404), (alice, name, 204), (alice, name, 404)):
        assert (await actor.delete(f"/attachments/{wanted.replace('/', '%2F')}")).status_code == status
    assert await count_files(api) == 1
    assert (await send(alice, place, name)).status_code == 400
