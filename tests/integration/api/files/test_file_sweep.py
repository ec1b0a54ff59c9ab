"""What nothing refers to goes, and nothing else does, whatever was cut off where."""

from typing import Any

import msgspec
import pytest

from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.messages.attachment import FileState
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.integration.api.files.test_attachments import as_form, count_files, send
from tests.support.embedded_api import ApiUnderTest
from tests.support.stores.stored_guild import store_guild


async def find_blobs(api: ApiUnderTest, *attachments: dict[str, Any]) -> list[bool]:
    """Tell which files have bytes."""
    blobs = api.built.file_sweep._files._blobs
    found = []
    for each in attachments:
        channel_id = each["url"].split("/attachments/")[1].partition("/")[0]
        found.append(await blobs.find(f"attachments/{channel_id}/{each['id']}") is not None)
    return found


async def test_files_of_deleted_messages_and_channels_go(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    other = await place.add_channel(name="other")
    messages = [await send(alice, place, ("a.txt", b"1"), content=f"{number}") for number in range(4)]
    answer = await alice.request("POST", f"/channels/{other}/messages", **as_form(("b.txt", b"2")))
    files = [message["attachments"][0] for message in (*messages, answer.json())]
    await alice.delete(f"{place.messages}/{messages[0]['id']}")
    ids = [message["id"] for message in messages[1:3]]
    await alice.post(f"{place.messages}/bulk-delete", {"messages": ids})
    await alice.delete(f"/channels/{other}")
    assert await api.built.file_sweep.sweep() == 4
    assert await find_blobs(api, *files) == [False, False, False, True, False]
    assert await count_files(api) == 1
    assert await api.built.file_sweep.sweep() == 0


async def test_file_that_a_message_has_is_found_whatever_its_row_says(open_api: OpenApi) -> None:
    """A process died between the message and the note about its file."""
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        sent = await send(alice, place, ("a.txt", b"1"))
        file_id = int(sent["attachments"][0]["id"])
        file = await api.store.files.find(file_id)
        assert file is not None
        await _put_back(api, file_id)
        assert await api.built.file_sweep.sweep() == 0  # its time is not over
        clock.advance(901)
        assert await api.built.file_sweep.sweep() == 0
        assert await api.store.files.find(file_id) == file


async def _put_back(api: ApiUnderTest, file_id: int) -> None:
    """Make a used file one whose message is being sent."""
    file = await api.store.files.find(file_id)
    assert file is not None
    async with api.store.write() as tx:
        await tx.files.retire([file_id])
        await tx.files.delete([file_id])
    async with api.store.write() as tx:
        await tx.files.add([msgspec.structs.replace(file, message_id=0, state=int(FileState.CLAIMED))])


@pytest.mark.parametrize(("error", "remains"), [(Unavailable, 0), (OutcomeUnknown, 1)])
async def test_file_of_a_failed_send_goes_at_once_unless_the_outcome_is_unknown(
    open_api: OpenApi, error: type[Exception], remains: int
) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        cache = api.built.messages._messages
        messages = cache._messages
        cache._messages = _Broken(messages, "add", error)  # type: ignore[assignment]
        answer = await alice.request("POST", place.messages, **as_form(("a.txt", b"1")))
        assert answer.status_code == 503
        assert await count_files(api) == remains
        cache._messages = messages
        clock.advance(901)
        assert await api.built.file_sweep.sweep() == remains
        assert await count_files(api) == 0


async def test_file_of_an_edit_that_was_cut_off_goes_or_stays(open_api: OpenApi) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        alice = await api.register()
        place = await store_guild(api, alice)
        sent = await send(alice, place, content="x")
        path = f"{place.messages}/{sent['id']}"
        edited = (await alice.request("PATCH", path, **as_form(("a.txt", b"1")))).json()
        (kept,) = edited["attachments"]
        file = await api.store.files.find(int(kept["id"]))
        assert file is not None
        claimed = msgspec.structs.replace(file, state=int(FileState.CLAIMED))
        async with api.store.write() as tx:
            await tx.files.retire([file.id])
            await tx.files.delete([file.id])
            await tx.files.add([claimed, msgspec.structs.replace(claimed, id=file.id + 1)])
        assert await api.built.file_sweep.sweep() == 0
        clock.advance(901)
        assert await api.built.file_sweep.sweep() == 1
        assert await api.store.files.find(file.id) == file


async def test_row_whose_bytes_could_not_be_removed_is_swept_later(api: ApiUnderTest) -> None:
    alice = await api.register()
    place = await store_guild(api, alice)
    sent = await send(alice, place, ("a.txt", b"1"), content="x")
    blobs = api.built.file_sweep._files._blobs
    broken = _Broken(blobs, "delete", Unavailable)
    api.built.file_sweep._files._blobs = broken  # type: ignore[assignment]
    answer = await alice.patch(f"{place.messages}/{sent['id']}", {"attachments": []})
    assert answer.status_code == 200
    assert (await api.nobody.get(sent["attachments"][0]["url"])).status_code == 404
    with pytest.raises(Unavailable):
        await api.built.file_sweep.sweep()
    api.built.file_sweep._files._blobs = blobs
    assert await api.built.file_sweep.sweep() == 1
    assert await find_blobs(api, *sent["attachments"]) == [False]
    assert await count_files(api) == 0


class _Broken:
    """A store of which one method fails."""

    def __init__(self, inner: Any, method: str, error: type[Exception]) -> None:
        self._inner = inner
        self._method = method
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return self._fail if name == self._method else getattr(self._inner, name)

    async def _fail(self, *_: Any) -> Any:
        raise self._error
