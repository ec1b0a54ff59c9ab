"""Guilds: fields, lists, snapshots, and the rows that a deleted guild takes along."""

import asyncio

import msgspec
import pytest

from core.bus.interfaces import Bus, Delivery
from core.domain.channels.channel import Overwrite
from core.domain.errors import Invalid, UnknownGuild, UnknownInvite
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.store.interfaces import Store
from tests.contract.backends import EMBEDDED
from tests.contract.builders import (
    add_guild,
    add_users,
    flake,
    new_channel,
    new_envelope,
    new_guild,
    new_invite,
    new_message,
    new_role,
)
from tests.fakes.clock import START_MS

FULL = Guild(
    id=flake(10),
    name="Full",
    owner_id=flake(1),
    icon="i",
    banner="b",
    splash="s",
    discovery_splash="ds",
    description="d",
    region="x",
    afk_channel_id=flake(2),
    afk_timeout=60,
    system_channel_id=flake(3),
    system_channel_flags=3,
    rules_channel_id=flake(4),
    public_updates_channel_id=flake(5),
    safety_alerts_channel_id=flake(6),
    verification_level=4,
    default_message_notifications=1,
    explicit_content_filter=2,
    mfa_level=1,
    nsfw_level=3,
    preferred_locale="de",
    vanity_url_code="code",
    premium_progress_bar_enabled=True,
    features=("COMMUNITY", "NEWS"),
)


async def test_created_guild_is_found_with_every_field(store: Store) -> None:
    async with store.write() as tx:
        await tx.guilds.create(FULL)
    assert await store.guilds.find(FULL.id) == FULL
    assert await store.guilds.find_by_vanity_code("code") == FULL
    assert await store.guilds.find_by_vanity_code("other") is None
    assert await store.guilds.find(flake(99)) is None


async def test_update_changes_the_named_fields_only(store: Store) -> None:
    async with store.write() as tx:
        await tx.guilds.create(FULL)
        updated = await tx.guilds.update(FULL.id, {"name": "n", "features": (), "vanity_url_code": None, "icon": None})
    expected = msgspec.structs.replace(FULL, name="n", features=(), vanity_url_code=None, icon=None)
    assert updated == expected
    assert await store.guilds.find(FULL.id) == expected


@pytest.mark.parametrize("changes", [{}, {"name": "x"}])
async def test_update_of_unknown_guild_raises(store: Store, changes: dict[str, str]) -> None:
    with pytest.raises(UnknownGuild):
        async with store.write() as tx:
            await tx.guilds.update(flake(1), changes)


async def test_vanity_code_belongs_to_one_guild(store: Store) -> None:
    async with store.write() as tx:
        await tx.guilds.create(FULL)
        await tx.guilds.create(new_guild(11))
        assert (await tx.guilds.update(FULL.id, {"vanity_url_code": "code"})).vanity_url_code == "code"
    with pytest.raises(Invalid) as raised:
        async with store.write() as tx:
            await tx.guilds.update(flake(11), {"vanity_url_code": "code"})
    assert [field.path for field in raised.value.fields] == [("code",)]
    with pytest.raises(Invalid):
        async with store.write() as tx:
            await tx.guilds.create(new_guild(12, vanity_url_code="code"))


async def test_of_guilds_that_take_one_vanity_code_at_once_one_gets_it(store: Store) -> None:
    for number in range(1, 6):
        await add_guild(store, number)

    async def take(number: int) -> None:
        async with store.write(guilds=[flake(number)]) as tx:
            await tx.guilds.update(flake(number), {"vanity_url_code": "code"})

    results = await asyncio.gather(*(take(number) for number in range(1, 6)), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    for refusal in results:
        if refusal is not None:
            assert isinstance(refusal, Invalid)
            assert [(field.path, field.code) for field in refusal.fields] == [(("code",), "INVITE_CODE_ALREADY_TAKEN")]


async def test_uses_of_a_vanity_code_are_counted_until_it_changes(store: Store) -> None:
    async with store.write() as tx:
        await tx.guilds.create(FULL)
        for _ in range(2):
            await tx.guilds.use_vanity_code(FULL.id, "code")
        await tx.guilds.update(FULL.id, {"vanity_url_code": "code", "name": "other"})
        await tx.guilds.update(FULL.id, {"name": "another"})
    assert await store.guilds.count_vanity_uses(FULL.id) == 2
    for wrong in ((FULL.id, "other"), (flake(11), "code")):
        with pytest.raises(UnknownInvite):
            async with store.write() as tx:
                await tx.guilds.use_vanity_code(*wrong)
    for changed in ("new", None):
        async with store.write() as tx:
            await tx.guilds.use_vanity_code(FULL.id, "code")
            await tx.guilds.update(FULL.id, {"vanity_url_code": changed})
            assert await tx.guilds.count_vanity_uses(FULL.id) == 0
            await tx.guilds.update(FULL.id, {"vanity_url_code": "code"})
    assert await store.guilds.count_vanity_uses(flake(11)) == 0


async def test_list_of_user_pages_by_ascending_id(store: Store) -> None:
    for number in range(10, 16):
        await add_guild(store, number)
    await add_guild(store, 16, owner=2)

    async def ids(**bounds: int) -> list[int]:
        page = await store.guilds.list_of_user(flake(1), **bounds)
        assert all(member.user.id == flake(1) and member.guild_id == guild.id for guild, member in page)
        return [guild.id - flake(0) for guild, _ in page]

    assert await ids() == [10, 11, 12, 13, 14, 15]
    assert await ids(limit=2) == [10, 11]
    assert await ids(after=flake(11), limit=2) == [12, 13]
    assert await ids(before=flake(14), limit=2) == [12, 13]
    assert await ids(after=flake(10), before=flake(13)) == [11, 12]
    assert await ids(after=flake(15)) == []
    assert await store.guilds.list_ids_of_user(flake(1)) == [flake(number) for number in range(10, 16)]
    assert await store.guilds.list_ids_of_user(flake(99)) == []


async def test_snapshot_holds_everything_at_its_revision(store: Store, bus: Bus) -> None:
    heard: list[Delivery] = []
    bus.subscribe(heard.append)
    guild = await add_guild(store, 10)
    roles = [new_role(number, guild.id) for number in (21, 20)]
    channels = [new_channel(number, guild.id, overwrites=(Overwrite(guild.id, 0, 1, 2),)) for number in (31, 30)]
    async with store.write(guilds=[guild.id]) as tx:
        for role in roles:
            await tx.roles.create(role)
        for channel in channels:
            await tx.channels.create(channel)
        tx.announce(new_envelope(1, guild.id))
    snapshot = await store.guilds.load_snapshot(guild.id)
    assert snapshot is not None
    assert snapshot.guild == guild
    assert {role.id: role for role in snapshot.roles} == {role.id: role for role in roles} | {
        guild.id: snapshot.roles[0]
    }
    assert list(snapshot.channels) == channels[::-1]
    assert snapshot.member_count == 1
    assert snapshot.revision >= heard[0].revision > 0


async def test_snapshot_contains_the_events_up_to_its_revision_and_no_others(store: Store, bus: Bus) -> None:
    """A reader that drops those counts every change once, whenever it has read."""
    await add_guild(store, 10)
    revisions: list[int] = []
    bus.subscribe(lambda delivery: revisions.append(delivery.revision) if delivery.revision else None)
    snapshots: list[GuildSnapshot] = []

    async def rename() -> None:
        for number in range(1, 41):
            async with store.write(guilds=[flake(10)]) as tx:
                await tx.guilds.update(flake(10), {"afk_timeout": number})
                tx.announce(new_envelope(number, flake(10)))
            await bus.publish([new_envelope(100 + number, flake(10))])

    async def read() -> None:
        while not snapshots or snapshots[-1].guild.afk_timeout < 40:
            snapshot = await store.guilds.load_snapshot(flake(10))
            assert snapshot is not None
            snapshots.append(snapshot)

    await add_guild(store, 11)
    async with store.write(guilds=[flake(10)]) as tx:
        await tx.guilds.update(flake(10), {"afk_timeout": 0})
    await asyncio.gather(rename(), read(), read())
    for snapshot in snapshots:
        contained = sum(revision <= snapshot.revision for revision in revisions)
        assert contained == snapshot.guild.afk_timeout


async def test_snapshot_of_unknown_guild_is_none(store: Store) -> None:
    assert await store.guilds.load_snapshot(flake(1)) is None


async def test_snapshots_of_many_guilds_are_those_of_each_alone(store: Store) -> None:
    """More than one statement takes, with guilds of different sizes and some that are unknown."""
    numbers = range(100, 140)
    for number in numbers:
        guild = await add_guild(store, number)
        async with store.write(guilds=[guild.id]) as tx:
            for place in range(number % 3):
                await tx.roles.create(new_role(10_000 + 10 * number + place, guild.id))
                await tx.channels.create(new_channel(20_000 + 10 * number - place, guild.id))
            tx.announce(new_envelope(number, guild.id))
    wanted = [flake(number) for number in (*numbers, 1_000, 1_001, 100)]
    for count in (0, 1, 2, 4, 5, 16, 17, len(wanted)):
        alone = {guild_id: await store.guilds.load_snapshot(guild_id) for guild_id in wanted[:count]}
        together = await store.guilds.load_snapshots(wanted[:count])
        assert together == {guild_id: snapshot for guild_id, snapshot in alone.items() if snapshot is not None}
    assert len(together) == len(numbers)
    assert all(snapshot.revision > 0 for snapshot in together.values())


async def test_snapshot_inside_a_unit_shows_its_own_writes(store: Store) -> None:
    await add_guild(store, 10)
    async with store.write() as tx:
        await tx.channels.create(new_channel(30, flake(10)))
        snapshot = await tx.guilds.load_snapshot(flake(10))
        assert snapshot is not None
        assert [channel.id for channel in snapshot.channels] == [flake(30)]


@EMBEDDED
async def test_deleted_guild_takes_everything_but_messages(store: Store) -> None:
    guild = await add_guild(store, 10)
    other = await add_guild(store, 11)
    await add_users(store, 2, 3)
    async with store.write() as tx:
        for number, owner in ((1, guild), (2, other)):
            await tx.roles.create(new_role(20 + number, owner.id))
            await tx.channels.create(new_channel(30 + number, owner.id))
            await tx.members.add(owner.id, flake(2), joined_ms=START_MS, role_ids=[flake(20 + number)])
            await tx.bans.put(owner.id, flake(3), None)
            await tx.invites.create(new_invite(f"code{number}", owner.id, flake(30 + number)))
    message = new_message(flake(40), flake(31), guild_id=guild.id)
    await store.messages.add(message, [])
    async with store.write() as tx:
        await tx.guilds.delete(guild.id)
        assert await tx.roles.find(flake(21)) is None
        assert await tx.roles.find(flake(22)) is not None
    assert await store.guilds.find(guild.id) is None
    assert await store.channels.find(flake(31)) is None
    assert await store.members.count(guild.id) == 0
    assert await store.members.count_by_role(guild.id) == {}
    assert await store.bans.find(guild.id, flake(3)) is None
    assert await store.invites.find("code1") is None
    assert await store.messages.find(flake(31), message.id) == message
    assert await store.members.count_by_role(other.id) == {flake(22): 1}
    assert await store.channels.find(flake(32)) is not None
    assert await store.invites.find("code2") is not None


async def test_delete_of_unknown_guild_raises(store: Store) -> None:
    with pytest.raises(UnknownGuild):
        async with store.write() as tx:
            await tx.guilds.delete(flake(1))
