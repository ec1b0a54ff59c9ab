"""What people have set for themselves."""

from core.domain.people.preferences import NO_GUILD, GuildSettings, Preferences, UserSettings
from core.store.interfaces import Store
from tests.contract.builders import add_users, flake


def settings_of(user: int, **fields: object) -> UserSettings:
    return UserSettings(user_id=flake(user), **fields)  # type: ignore[arg-type]


def of_guild(user: int, guild_id: int, entry: str = "{}", version: int = 1) -> GuildSettings:
    return GuildSettings(user_id=flake(user), guild_id=guild_id, entry=entry, version=version)


async def put(store: Store, *kept: UserSettings | GuildSettings) -> None:
    async with store.write(users=[each.user_id for each in kept]) as tx:
        for each in kept:
            if isinstance(each, UserSettings):
                await tx.preferences.put_settings(each)
            else:
                await tx.preferences.put_guild_settings(each)


async def note(store: Store, user: int, about: int, text: str) -> None:
    async with store.write(users=[flake(user)]) as tx:
        await tx.preferences.put_note(flake(user), flake(about), text)


async def test_settings_are_found_with_every_field(store: Store) -> None:
    await add_users(store, 1)
    kept = settings_of(
        1, changed='{"theme":"light"}', preloaded_proto=b"\x00\xff", frecency_proto=b"\x01", notification_flags=4,
        pronouns="they", read_receipts=True, peer_to_peer=True,
    )  # fmt: skip
    await put(store, kept)
    assert await store.preferences.find_settings(flake(1)) == kept


async def test_settings_of_a_new_account_are_the_defaults(store: Store) -> None:
    await add_users(store, 1)
    assert await store.preferences.find_settings(flake(1)) == settings_of(1)


async def test_settings_are_replaced_as_a_whole(store: Store) -> None:
    await add_users(store, 1)
    await put(store, settings_of(1, changed='{"theme":"light"}'), settings_of(1, preloaded_proto=b"x"))
    assert await store.preferences.find_settings(flake(1)) == settings_of(1, preloaded_proto=b"x")


async def test_settings_of_guilds_and_of_direct_messages_stand_beside_each_other(store: Store) -> None:
    await add_users(store, 1, 2)
    direct, guild = of_guild(1, NO_GUILD, '{"muted":true}'), of_guild(1, flake(9))
    await put(store, direct, guild, of_guild(2, flake(9), version=7))
    assert await store.preferences.find_guild_settings(flake(1), NO_GUILD) == direct
    assert await store.preferences.find_guild_settings(flake(1), flake(9)) == guild
    assert await store.preferences.find_guild_settings(flake(1), flake(8)) is None
    later = of_guild(1, flake(9), '{"muted":false}', version=2)
    await put(store, later)
    assert await store.preferences.find_guild_settings(flake(1), flake(9)) == later


async def test_note_is_found_replaced_and_deleted_by_an_empty_one(store: Store) -> None:
    await add_users(store, 1, 2, 3)
    await note(store, 1, 2, "knows bees")
    await note(store, 1, 3, "knows trees")
    await note(store, 2, 1, "another's")
    assert await store.preferences.find_note(flake(1), flake(2)) == "knows bees"
    assert await store.preferences.list_notes(flake(1)) == {flake(2): "knows bees", flake(3): "knows trees"}
    await note(store, 1, 2, "knows wasps")
    await note(store, 1, 3, "")
    await note(store, 1, 3, "")
    assert await store.preferences.list_notes(flake(1)) == {flake(2): "knows wasps"}
    assert await store.preferences.find_note(flake(1), flake(3)) is None


async def test_preferences_of_many_are_read_together(store: Store) -> None:
    await add_users(store, *range(1, 71))
    await put(
        store, settings_of(1, pronouns="she"), of_guild(1, flake(9)), of_guild(1, flake(8)), of_guild(70, NO_GUILD)
    )
    await note(store, 70, 1, "first")
    found = await store.preferences.find_many([flake(user) for user in range(1, 71)])
    assert found.keys() == {flake(user) for user in range(1, 71)}
    assert found[flake(1)] == Preferences(
        settings=settings_of(1, pronouns="she"), guild_settings=(of_guild(1, flake(8)), of_guild(1, flake(9)))
    )
    assert found[flake(2)] == Preferences(settings=settings_of(2))
    assert found[flake(70)] == Preferences(
        settings=settings_of(70), guild_settings=(of_guild(70, NO_GUILD),), notes={flake(1): "first"}
    )
    assert await store.preferences.find_many([]) == {}


async def test_forgotten_user_has_the_preferences_of_a_new_account(store: Store) -> None:
    await add_users(store, 1, 2)
    for user in (1, 2):
        await put(store, settings_of(user, pronouns="she"), of_guild(user, NO_GUILD))
        await note(store, user, 3 - user, "knows bees")
    async with store.write(users=[flake(1)]) as tx:
        await tx.preferences.forget(flake(1))
    found = await store.preferences.find_many([flake(1), flake(2)])
    assert found[flake(1)] == Preferences(settings=settings_of(1))
    assert found[flake(2)].notes == {flake(1): "knows bees"}, "a note about them is another's"
    assert found[flake(2)].settings == settings_of(2, pronouns="she")
