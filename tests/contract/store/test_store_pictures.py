"""Rows of pictures: their stages, which of them are shown, what they add up to."""

import msgspec
import pytest

from core.domain.application import Application
from core.domain.channels.channel import Channel, ChannelType
from core.domain.guilds.role import Role
from core.domain.picture import Picture
from core.store.interfaces import Store
from tests.contract.builders import add_guild, add_users, flake

USER, GUILD, ROLE, CHANNEL, APPLICATION = flake(1), flake(10), flake(20), flake(30), flake(50)


def picture(folder: str = f"avatars/{USER}", name: str = "a", *, since_ms: int = 100, **fields: int) -> Picture:
    values = {"user_id": USER, "size": 5, **fields}
    return Picture(folder=folder, name=name, unused_since_ms=since_ms, **values)


def shown(of: Picture) -> Picture:
    return msgspec.structs.replace(of, unused_since_ms=0)


async def begin(store: Store, *pictures: Picture) -> list[bool]:
    async with store.write(users=[USER]) as tx:
        return [await tx.pictures.begin(each) for each in pictures]


async def note_shown(store: Store, *pictures: Picture) -> None:
    async with store.write() as tx:
        await tx.pictures.note_shown(pictures)


async def retire(store: Store, *pictures: Picture) -> list[str]:
    async with store.write() as tx:
        return sorted(each.name for each in await tx.pictures.retire(pictures))


async def names_of_unused(store: Store, before_ms: int = 1000, limit: int = 9) -> list[str]:
    return sorted(each.name for each in await store.pictures.list_unused(before_ms=before_ms, limit=limit))


async def test_picture_is_found_with_every_field(store: Store) -> None:
    entry = picture(guild_id=GUILD, size=1 << 40)
    assert await begin(store, entry) == [True]
    assert await store.pictures.find(entry.folder, "a") == entry
    assert await store.pictures.find(entry.folder, "b") is None
    assert await store.pictures.find("avatars/1", "a") is None


async def test_picture_that_comes_again_is_as_new_and_stays_with_who_brought_it_first(store: Store) -> None:
    await begin(store, picture(size=0))
    await begin(store, picture(since_ms=200, user_id=flake(2), size=7))
    assert await store.pictures.find(f"avatars/{USER}", "a") == picture(since_ms=200, size=7)


async def test_new_picture_makes_the_shown_ones_of_its_folder_unused(store: Store) -> None:
    others = [picture(name="b"), picture(name="c", since_ms=90), picture("icons/9", "d")]
    await begin(store, *others)
    await note_shown(store, others[0], others[2])
    await begin(store, picture(name="e", since_ms=300))
    assert await names_of_unused(store, before_ms=300) == ["c"]
    assert await names_of_unused(store, before_ms=301) == ["b", "c", "e"]
    assert await names_of_unused(store, before_ms=301, limit=2) != []


async def test_shown_pictures_are_paged_by_folder_and_name(store: Store) -> None:
    keys = [("avatars/1", "a"), ("avatars/1", "b"), ("avatars/10", "a"), ("icons/2", "a")]
    entries = [picture(*key) for key in keys]
    await begin(store, *entries, picture("b", "unused"))
    await note_shown(store, *entries)
    found: list[tuple[str, str]] = []
    after = ("", "")
    while page := await store.pictures.list_shown_after(*after, limit=3):
        found += [(each.folder, each.name) for each in page]
        after = found[-1]
    assert found == keys


async def test_what_has_begun_again_since_it_was_read_is_neither_shown_nor_gone(store: Store) -> None:
    await begin(store, picture(), picture(name="b"))
    again = picture(since_ms=200)
    await begin(store, again)
    await note_shown(store, picture())
    assert await retire(store, picture(), picture(name="b")) == ["b"]
    assert await store.pictures.find(again.folder, "a") == again


async def test_shown_picture_becomes_unused_once(store: Store) -> None:
    await begin(store, picture())
    await note_shown(store, picture())
    for now_ms in (300, 400):
        async with store.write() as tx:
            await tx.pictures.note_unused([shown(picture())], now_ms=now_ms)
    assert await store.pictures.find(picture().folder, "a") == picture(since_ms=300)


async def test_gone_picture_is_found_until_it_is_deleted_and_does_not_begin_meanwhile(store: Store) -> None:
    await begin(store, picture(), picture(name="b"))
    await retire(store, picture())
    assert await begin(store, picture(since_ms=300)) == [False]
    (gone,) = await store.pictures.list_unused(before_ms=50, limit=9)
    assert (gone.name, gone.is_gone) == ("a", True)
    assert await retire(store, gone) == ["a"], "a removal that was cut off goes on"
    async with store.write() as tx:
        await tx.pictures.delete([gone, picture(name="b")])
    assert await store.pictures.find(gone.folder, "a") is None
    assert await store.pictures.find(gone.folder, "b") == picture(name="b")
    assert await begin(store, picture(since_ms=300)) == [True]


async def test_rooms_of_users_and_guilds_add_up(store: Store) -> None:
    other = flake(2)
    await begin(
        store,
        picture(size=1),
        picture(name="b", size=2, guild_id=GUILD),
        picture(name="c", size=4, guild_id=GUILD, user_id=other),
    )
    measured = [
        await store.pictures.measure(user_id=USER),
        await store.pictures.measure(user_id=other),
        await store.pictures.measure(guild_id=GUILD),
        await store.pictures.measure(guild_id=flake(11)),
    ]
    assert measured == [3, 4, 6, 0]


@pytest.mark.parametrize(
    ("folder", "show"),
    [
        (f"avatars/{USER}", lambda tx, name: tx.users.update(USER, {"avatar": name})),
        (f"banners/{USER}", lambda tx, name: tx.users.update(USER, {"banner": name})),
        (f"icons/{GUILD}", lambda tx, name: tx.guilds.update(GUILD, {"icon": name})),
        (f"banners/{GUILD}", lambda tx, name: tx.guilds.update(GUILD, {"banner": name})),
        (f"splashes/{GUILD}", lambda tx, name: tx.guilds.update(GUILD, {"splash": name})),
        (f"discovery-splashes/{GUILD}", lambda tx, name: tx.guilds.update(GUILD, {"discovery_splash": name})),
        (f"role-icons/{ROLE}", lambda tx, name: tx.roles.update(ROLE, {"icon": name})),
        (f"app-icons/{APPLICATION}", lambda tx, name: tx.applications.update(APPLICATION, {"icon": name})),
        (f"channel-icons/{CHANNEL}", lambda tx, name: tx.channels.update(CHANNEL, {"icon": name})),
        (f"guilds/{GUILD}/users/{USER}/avatars", lambda tx, name: tx.members.update(GUILD, USER, {"avatar": name})),
        (f"guilds/{GUILD}/users/{USER}/banners", lambda tx, name: tx.members.update(GUILD, USER, {"banner": name})),
    ],
)
async def test_picture_is_shown_by_the_entity_of_its_folder_alone(store: Store, folder: str, show: object) -> None:
    await _add_entities(store)
    mine, old = picture(folder, "mine"), picture(folder, "old")
    elsewhere = [picture(other, "mine") for other in _FOLDERS if other != folder]
    assert await store.pictures.find_shown([mine, old, *elsewhere]) == []
    async with store.write(users=[USER], guilds=[GUILD]) as tx:
        await show(tx, "mine")  # type: ignore[operator]
    assert await store.pictures.find_shown([mine, old, *elsewhere]) == [mine]
    assert await store.pictures.find_shown([old]) == []
    assert await store.pictures.find_shown([]) == []


async def test_picture_of_a_webhook_is_shown_while_its_guild_is_there(store: Store) -> None:
    """Messages keep the pictures that the webhook had when they were sent."""
    await _add_entities(store)
    webhook = [picture(f"avatars/{flake(60)}", name, guild_id=GUILD) for name in ("now", "before")]
    assert await store.pictures.find_shown([*webhook, picture(f"avatars/{flake(60)}", "other")]) == webhook
    async with store.write(guilds=[GUILD]) as tx:
        await tx.guilds.delete(GUILD)
    assert await store.pictures.find_shown(webhook) == []


_FOLDERS = (
    f"avatars/{USER}",
    f"avatars/{flake(2)}",
    f"banners/{USER}",
    f"banners/{GUILD}",
    f"icons/{GUILD}",
    f"splashes/{GUILD}",
    f"discovery-splashes/{GUILD}",
    f"role-icons/{ROLE}",
    f"app-icons/{APPLICATION}",
    f"channel-icons/{CHANNEL}",
    f"guilds/{GUILD}/users/{USER}/avatars",
    f"guilds/{GUILD}/users/{USER}/banners",
    f"guilds/{GUILD}/users/{flake(2)}/avatars",
)


async def _add_entities(store: Store) -> None:
    await add_guild(store, 10, owner=1)
    await add_users(store, 2)
    async with store.write(users=[USER, flake(2)], guilds=[GUILD]) as tx:
        await tx.members.add(GUILD, flake(2), joined_ms=1)
        await tx.roles.create(Role(id=ROLE, guild_id=GUILD, name="r"))
        group = Channel(id=CHANNEL, type=ChannelType.GROUP_DM, recipient_ids=(USER, flake(2)), owner_id=USER)
        await tx.channels.create(group)
        await tx.applications.create(Application(id=APPLICATION, owner_id=USER, name="a", verify_key="k"))
