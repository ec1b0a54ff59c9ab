"""Rows of files: their stages, who may take them, what they add up to; and secrets."""

import asyncio

from core.domain.messages.attachment import FileState, StoredFile
from core.store.interfaces import Store
from tests.contract.builders import flake, new_file
from tests.fakes.clock import START_MS

USER, CHANNEL, GUILD = flake(1), flake(30), flake(10)


async def add(store: Store, *files: StoredFile) -> None:
    async with store.write(users=[USER]) as tx:
        await tx.files.add(files)


async def claim(store: Store, *file_ids: int, user_id: int = USER, channel_id: int = CHANNEL) -> set[int]:
    async with store.write(users=[USER]) as tx:
        claimed = await tx.files.claim(file_ids, user_id=user_id, channel_id=channel_id, expires_ms=START_MS + 90_000)
    assert all(file.state == FileState.CLAIMED and file.expires_ms == START_MS + 90_000 for file in claimed)
    return {file.id for file in claimed}


async def test_added_file_is_found_with_every_field(store: Store) -> None:
    file = new_file(
        40, message_id=flake(41), state=int(FileState.USED), filename="ä\n", content_type="x/y", size=1 << 40, width=3
    )
    await add(store, file)
    assert await store.files.find(file.id) == file
    assert await store.files.find(flake(41)) is None


async def test_stored_file_has_what_was_found_out_and_is_stored_once(store: Store) -> None:
    await add(store, new_file(40))
    arrived = new_file(40, filename="other", content_type="image/png", size=3, width=1, height=2)
    async with store.write(users=[USER]) as tx:
        assert not await tx.files.store(arrived)
        assert await tx.files.begin(arrived.id)
        assert await tx.files.store(arrived)
        assert not await tx.files.store(arrived)
        assert not await tx.files.store(new_file(41))
    found = await store.files.find(flake(40))
    assert found is not None
    assert (found.state, found.content_type, found.size, found.width, found.height) == (1, "image/png", 3, 1, 2)
    assert found.filename == "a.bin"


async def test_arrival_is_begun_by_one_of_two_and_again_when_nothing_came_of_it(store: Store) -> None:
    async def begin() -> bool:
        async with store.write(users=[USER]) as tx:
            return await tx.files.begin(flake(40))

    await add(store, new_file(40))
    assert sorted(await asyncio.gather(begin(), begin())) == [False, True]
    assert await claim(store, flake(40)) == set()
    async with store.write(users=[USER]) as tx:
        await tx.files.expect_again(flake(40))
    assert await begin()
    assert [file.id for file in await store.files.list_expired(now_ms=START_MS + 10**9, limit=9)] == [flake(40)]


async def test_only_stored_files_of_user_and_channel_are_claimed(store: Store) -> None:
    stored = int(FileState.STORED)
    await add(store, new_file(40, state=stored), new_file(41), new_file(42, state=stored, user_id=flake(2)))
    await add(store, new_file(43, state=stored, channel_id=flake(31)))
    assert await claim(store, flake(40), flake(41), flake(42), flake(43), flake(44)) == {flake(40)}


async def test_file_is_claimed_by_one_of_two(store: Store) -> None:
    await add(store, new_file(40, state=int(FileState.STORED)))
    both = await asyncio.gather(claim(store, flake(40)), claim(store, flake(40)))
    assert sorted(map(len, both)) == [0, 1]


async def test_released_file_may_be_claimed_again(store: Store) -> None:
    await add(store, new_file(40, state=int(FileState.STORED)), new_file(41))
    for _ in range(2):
        assert await claim(store, flake(40)) == {flake(40)}
        async with store.write(users=[USER]) as tx:
            await tx.files.release([flake(40), flake(41)])
    expected = await store.files.find(flake(41))
    assert expected is not None
    assert expected.state == FileState.EXPECTED


async def test_used_file_is_its_messages_and_expires_no_more(store: Store) -> None:
    await add(store, new_file(40, state=int(FileState.CLAIMED)), new_file(41))
    async with store.write(users=[USER]) as tx:
        await tx.files.use([flake(40), flake(41)], message_id=flake(50))
    assert [file.id for file in await store.files.list_of_messages([flake(50), flake(51)])] == [flake(40)]
    expired = await store.files.list_expired(now_ms=START_MS + 10**9, limit=10)
    assert [file.id for file in expired] == [flake(41)]


async def test_files_expire_after_their_time(store: Store) -> None:
    await add(store, new_file(40), new_file(41, expires_ms=START_MS + 70_000))
    assert await store.files.list_expired(now_ms=START_MS + 60_000, limit=10) == []
    assert [file.id for file in await store.files.list_expired(now_ms=START_MS + 60_001, limit=10)] == [flake(40)]
    assert len(await store.files.list_expired(now_ms=START_MS + 10**9, limit=1)) == 1


async def test_retired_unused_files_are_those_whose_time_is_over(store: Store) -> None:
    await add(store, new_file(40), new_file(41, expires_ms=START_MS + 70_000))
    await add(store, new_file(42, state=int(FileState.USED), message_id=flake(50)))
    async with store.write() as tx:
        retired = await tx.files.retire([flake(40), flake(41), flake(42)], unused_since_ms=START_MS + 65_000)
    assert [(file.id, file.state) for file in retired] == [(flake(40), FileState.GONE)]


async def test_only_retired_rows_are_deleted_and_they_are_listed_until_then(store: Store) -> None:
    await add(store, new_file(40, state=int(FileState.USED), message_id=flake(50)), new_file(41))
    async with store.write() as tx:
        await tx.files.retire([flake(40)])
    assert [file.id for file in await store.files.list_expired(now_ms=START_MS, limit=10)] == [flake(40)]
    async with store.write() as tx:
        await tx.files.delete([flake(40), flake(41)])
    assert [file.id for file in await store.files.list_after(0, limit=10)] == [flake(41)]


async def test_files_are_listed_in_pages(store: Store) -> None:
    await add(store, *(new_file(number) for number in (42, 40, 41)))
    assert [file.id for file in await store.files.list_after(flake(40), limit=1)] == [flake(41)]
    assert [file.id for file in await store.files.list_after(0, limit=9)] == [flake(40), flake(41), flake(42)]


async def test_sizes_add_up_by_user_and_by_guild(store: Store) -> None:
    await add(store, new_file(40, size=1 << 40), new_file(41, user_id=flake(2)), new_file(42, guild_id=0))
    assert await store.files.measure(user_id=USER) == (1 << 40) + 5
    assert await store.files.measure(guild_id=GUILD) == (1 << 40) + 5
    assert await store.files.measure(user_id=flake(9)) == 0


async def test_first_candidate_becomes_the_secret(store: Store) -> None:
    found = await asyncio.gather(*(store.secrets.ensure("key", bytes([number])) for number in range(5)))
    assert len(set(found)) == 1
    assert await store.secrets.ensure("key", b"late") == found[0]
    assert await store.secrets.ensure("other", b"\x00") == b"\x00"
