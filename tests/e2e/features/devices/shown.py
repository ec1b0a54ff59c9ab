"""What the server tells whoever asks: the messages of the channels, and of each person the places and settings."""

import asyncio
from typing import Any, Final
from urllib.parse import quote

import msgspec

from tests.e2e.features.devices.model import Key, Said, Value
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person

SETTINGS: Final = ("theme", "developer_mode")
Shown = dict[Key, Value]


class Scene(msgspec.Struct, frozen=True):
    """Two people, who share a guild and its channel, and a direct channel."""

    gateway: str
    alice: Person
    bob: Person
    guild_id: str
    channel_ids: tuple[str, ...]


def say(message: dict[str, Any]) -> Said:
    """Return a message as one without reactions, which events of messages do not show."""
    return Said(author_id=message["author"]["id"], content=message["content"], is_pinned=message["pinned"])


async def fetch_shown(scene: Scene) -> Shown:
    """Ask for everything. Nobody changes anything meanwhile."""
    parts = [_fetch_channel(scene.alice, channel_id) for channel_id in scene.channel_ids]
    parts += [_fetch_own(scene, person) for person in (scene.alice, scene.bob)]
    return {key: value for part in await asyncio.gather(*parts) for key, value in part.items()}


async def _fetch_channel(person: Person, channel_id: str) -> Shown:
    channel = await person.call("GET", f"/channels/{channel_id}")
    shown: Shown = {("last pin", channel_id): channel.get("last_pin_timestamp")}
    history = await person.history(channel_id)
    for message in history:
        reactions = await _fetch_reactions(person, message)
        shown["message", channel_id, message["id"]] = msgspec.structs.replace(say(message), reactions=reactions)
    pins = (await person.call("GET", f"/channels/{channel_id}/messages/pins"))["items"]
    pinned = [message["id"] for message in history if message["pinned"]]
    assert sorted(item["message"]["id"] for item in pins) == sorted(pinned), "pins are not the pinned messages"
    return shown


async def _fetch_reactions(person: Person, message: dict[str, Any]) -> frozenset[tuple[str, str]]:
    """Ask who has reacted, and see that the counts are those of the people."""
    found: set[tuple[str, str]] = set()
    for count in message.get("reactions", ()):
        emoji = count["emoji"]["name"]
        path = f"/channels/{message['channel_id']}/messages/{message['id']}/reactions/{quote(emoji)}"
        users = {user["id"] for user in await person.call("GET", path)}
        assert (count["count"], count["me"]) == (len(users), person.id in users), f"{count}, but {users} have reacted"
        found |= {(emoji, user_id) for user_id in users}
    return frozenset(found)


async def _fetch_own(scene: Scene, person: Person) -> Shown:
    """Ask for a person's own things, part of which READY alone tells."""
    async with open_gateway(scene.gateway) as session:
        ready = await session.identify(person.token, intents=None, capabilities=0)
    settings = await person.call("GET", "/users/@me/settings")
    muted = {each["guild_id"]: each["muted"] for each in ready["user_guild_settings"]}
    notes = await person.call("GET", "/users/@me/notes")
    places = {each["id"]: int(each["last_message_id"]) for each in ready["read_state"]}
    other = scene.bob if person is scene.alice else scene.alice
    return {
        **{("place", person.id, channel_id): places.get(channel_id, 0) for channel_id in scene.channel_ids},
        **{("setting", person.id, name): settings[name] for name in SETTINGS},
        ("muted", person.id, scene.guild_id): muted.get(scene.guild_id, False),
        ("note", person.id, other.id): notes.get(other.id, ""),
    }
