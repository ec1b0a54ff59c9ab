"""A person's client made of an unmodified discord.py-self, as a process: orders in, events out, one JSON object a line.

    python client.py API GATEWAY TOKEN

The library has the name of discord.py, so it is installed in `site` beside this file and found there first. It would ask
the network which browser it should look like; what it falls back to is good enough.
"""

import asyncio
import datetime as dt
import json
import sys
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "site"))

import discord
import yarl
from discord import utils
from discord.gateway import DiscordWebSocket
from discord.http import Route


def tell(event: str, **details: Any) -> None:
    """Tell the test of an event."""
    sys.stdout.write(json.dumps({"event": event, **details}) + "\n")
    sys.stdout.flush()


async def _stay_at_home(*_: Any, **__: Any) -> Any:
    raise OSError("the client of a test asks no other server")


for name in ("get_api_properties", "_get_build_number", "_get_browser_version"):
    setattr(utils.Headers, name, staticmethod(_stay_at_home))


class Client(discord.Client):
    """Tells what happens, and does what is ordered."""

    async def on_ready(self) -> None:
        """Tell what READY said."""
        assert self.user is not None
        assert self.settings is not None
        tell(
            "ready",
            user=str(self.user.id),
            guilds=[
                {
                    "id": str(guild.id),
                    "name": guild.name,
                    "owner": str(guild.owner_id),
                    "me": None if guild.me is None else str(guild.me.id),
                    "channels": sorted(str(channel.id) for channel in guild.text_channels),
                    "roles": len(guild.roles),
                    "muted": bool(guild.notification_settings.muted),
                }
                for guild in self.guilds
            ],
            sessions=[each.session_id for each in self.sessions if not each.is_overall()],
            session=self.ws.session_id,
            status=str(self.settings.status),
            version=self.settings.data_version,
        )

    async def on_error(self, event: str, /, *_: Any, **__: Any) -> None:
        """Tell of a fault in what is told."""
        tell("error", of=event, error=traceback.format_exc())

    async def on_message(self, message: discord.Message) -> None:
        """Tell of a message."""
        tell("message", content=message.content, author=str(message.author.id), channel=str(message.channel.id))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell of a guild that was joined."""
        tell("guild", id=str(guild.id), name=guild.name)

    async def on_settings_update(self, _: Any, after: discord.UserSettings) -> None:
        """Tell of settings that another device has changed."""
        tell("settings", status=str(after.status), developer_mode=after.developer_mode, version=after.data_version)

    async def on_note_update(self, note: Any, *_: Any) -> None:
        """Tell of a note that another device has written."""
        tell("note", note=str(note))

    async def on_raw_message_ack(self, payload: discord.RawMessageAckEvent) -> None:
        """Tell of what was read, here or on another device."""
        tell("ack", message=str(payload.message_id), manual=payload.manual, count=payload.mention_count)

    async def on_raw_recent_mention_delete(self, message_id: int) -> None:
        """Tell of a mention that was dismissed."""
        tell("dismissed", message=str(message_id))

    async def on_relationship_add(self, relationship: Any) -> None:
        """Tell of a friend, a request or a block."""
        tell("relationship", user=str(relationship.id), type=relationship.type.value)

    async def on_relationship_update(self, _: Any, relationship: Any) -> None:
        """Tell of one that is another now."""
        tell("relationship", user=str(relationship.id), type=relationship.type.value)

    async def on_relationship_remove(self, relationship: Any) -> None:
        """Tell of one that is gone."""
        tell("unrelated", user=str(relationship.id))

    async def on_presence_update(self, _: Any, after: Any) -> None:
        """Tell of a presence."""
        tell("presence", user=str(after.id), status=str(after.status), of=type(after).__name__)

    async def on_group_join(self, group: Any, user: Any) -> None:
        """Tell of somebody who was added to a group."""
        tell("joined", channel=str(group.id), user=str(user.id))

    async def on_group_remove(self, group: Any, user: Any) -> None:
        """Tell of somebody who has left a group."""
        tell("left", channel=str(group.id), user=str(user.id))

    async def on_call_create(self, call: Any) -> None:
        """Tell of a call that has begun."""
        tell("call", channel=str(call.channel.id), ringing=[str(user.id) for user in call.ringing])

    async def on_message_edit(self, _: Any, after: discord.Message) -> None:
        """Tell of the message of a call that says that it is over."""
        if after.call is not None and after.call.call_ended:
            tell("call ended")

    async def on_call_update(self, _: Any, call: Any) -> None:
        """Tell of who is rung now, and who is there."""
        tell("rings", ringing=[str(user.id) for user in call.ringing], there=[str(user.id) for user in call.members])

    async def on_call_delete(self, call: Any) -> None:
        """Tell of a call that is over."""
        tell("call over", channel=str(call.channel.id))

    async def on_voice_state_update(self, user: Any, _: Any, after: Any) -> None:
        """Tell of somebody who has joined a call, or left it."""
        tell("voice", user=str(user.id), channel=None if after.channel is None else str(after.channel.id))

    async def _obey_about_calls(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what is ordered about calls."""
        channel: Any = self.get_channel(int(order["channel"]))
        match order["order"]:
            case "call":
                await self.change_voice_state(channel=channel)
            case "ring":
                await channel._initial_ring()
            case "refuse":
                await channel.call.stop_ringing()
            case "hang up":
                await self.change_voice_state(channel=None)
            case "call message":
                async for message in channel.history(limit=1):
                    people = sorted(str(user.id) for user in message.call.participants)
                    return {"type": message.type.value, "people": people, "ended": message.call.call_ended}
            case unknown:
                raise ValueError(unknown)
        return {}

    async def _obey_about_friends(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what is ordered about friends and blocks."""
        match order["order"]:
            case "befriend":
                await self.send_friend_request(order["name"])
            case "accept":
                await self.get_relationship(int(order["user"])).accept()  # type: ignore[union-attr]
            case "nickname":
                await self.get_relationship(int(order["user"])).edit(nick=order["nick"])  # type: ignore[union-attr]
            case "block":
                await (await self.fetch_user(int(order["user"]))).block()
            case "unblock":
                await (await self.fetch_user(int(order["user"]))).unblock()
            case "relationships":
                fetched = await self.fetch_relationships()
                kept = {str(each.id): [each.type.value, each.nick, str(each.status)] for each in self.relationships}
                return {"fetched": {str(each.id): each.type.value for each in fetched}, "kept": kept}
            case "mutual":
                users = await (await self.fetch_user(int(order["user"]))).fetch_mutual_friends()
                return {"users": [str(user.id) for user in users]}
            case _:
                return await self._obey_about_groups(order)
        return {}

    async def _obey_about_groups(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what is ordered about groups."""
        if order["order"] == "group":
            group = await self.create_group(*(discord.Object(int(user)) for user in order["users"]))
            return {"id": str(group.id), "owner": str(group.owner_id)}
        if order["order"] in ("call", "ring", "refuse", "hang up", "call message"):
            return await self._obey_about_calls(order)
        group: Any = await self.fetch_channel(int(order["channel"]))
        match order["order"]:
            case "rename":
                return {"name": (await group.edit(name=order["name"])).name}
            case "add":
                await group.add_recipients(*(discord.Object(int(user)) for user in order["users"]))
            case "leave":
                await group.leave()
            case "recipients":
                kept: Any = self.get_channel(group.id)
                return {"users": sorted(str(user.id) for user in kept.recipients)}
            case unknown:
                raise ValueError(unknown)
        return {}

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what is ordered. Return the details of the answer."""
        match order["order"]:
            case "send":
                channel = self.get_channel(int(order["channel"]))
                message = await channel.send(order["content"])  # type: ignore[union-attr]
                return {"id": str(message.id)}
            case "history":
                channel = self.get_channel(int(order["channel"]))
                return {"contents": [message.content async for message in channel.history(limit=50)]}  # type: ignore[union-attr]
            case "settings":
                settings = await self.fetch_settings()
                return {
                    "status": str(settings.status),
                    "developer_mode": settings.developer_mode,
                    "version": settings.data_version,
                }
            case "set":
                assert self.settings is not None
                settings = await self.settings.edit(
                    status=discord.Status(order["status"]), developer_mode=order["developer_mode"]
                )
                return {"version": settings.data_version}
            case "note":
                user = await self.fetch_user(int(order["user"]))
                await user.edit_note(order["note"])
                return {"note": await self.fetch_note(user.id), "all": list((await self.fetch_notes()).values())}
            case "mute":
                guild = self.get_guild(int(order["guild"]))
                until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
                settings = await guild.notification_settings.edit(muted_until=until)  # type: ignore[union-attr]
                return {"muted": bool(settings.muted)}
            case "profile":
                guild = self.get_guild(int(order["guild"]))
                member = await guild.fetch_member_profile(int(order["user"]))  # type: ignore[union-attr]
                return {"id": str(member.id), "guild": str(member.guild.id), "bio": member.bio}
        return await self._obey_reading(order)

    async def _obey_reading(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what is ordered about read states and mentions."""
        match order["order"]:
            case "place":
                state = self.get_channel(int(order["channel"])).read_state  # type: ignore[union-attr]
                return {"last": str(state.last_acked_id), "count": state.badge_count}
            case "ack" | "unack" as way:
                message = self.get_channel(int(order["channel"])).get_partial_message(int(order["message"]))  # type: ignore[union-attr]
                await (message.ack() if way == "ack" else message.unack(mention_count=order["count"]))
                return {}
            case "mentions":
                return {"ids": [str(message.id) async for message in self.recent_mentions(limit=None)]}
            case "dismiss":
                await self.delete_recent_mention(discord.Object(int(order["message"])))
                return {}
        return await self._obey_about_friends(order)


async def listen(client: Client) -> None:
    """Take orders until the test closes the input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await client.wait_until_ready()
    async for line in reader:
        try:
            tell("done", **await client.obey(json.loads(line)))
        except Exception as error:
            tell("failed", error=f"{type(error).__name__}: {error}")


async def main(api: str, gateway: str, token: str) -> None:
    """Run a client until it is killed."""
    Route.BASE = f"{api}/api/v9"
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    client = Client(sync_presence=False)
    async with client, asyncio.TaskGroup() as tasks:
        tasks.create_task(client.start(token))
        tasks.create_task(listen(client))


asyncio.run(main(*sys.argv[1:]))
