"""A stock discord.py bot as a process.

python -m tests.e2e.libraries.discord_py_bot API GATEWAY TOKEN
"""

import asyncio
import sys
import warnings
from typing import Any

import yarl

from tests.e2e.libraries.orders import obey, sum_up, tell

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop.
    import discord
    import discord.gateway
    import discord.http


def show(message: discord.Message) -> dict[str, Any]:
    """Describe a message."""
    reference = message.reference
    return {
        "id": str(message.id),
        "channel": str(message.channel.id),
        "author": str(message.author.id),
        "type": message.type.value,
        "flags": message.flags.value,
        "pinned": message.pinned,
        **show_content(message),
        "reference": str(reference.message_id) if reference else None,
        "snapshots": [show_content(snapshot) for snapshot in message.message_snapshots],
        "reactions": [[str(each.emoji), each.count, each.me] for each in message.reactions],
    }


def show_content(message: discord.Message | discord.MessageSnapshot) -> dict[str, Any]:
    """Describe what a message, or what is forwarded of one, contains."""
    files = [
        {
            "id": str(each.id),
            "name": each.filename,
            "size": each.size,
            "description": each.description,
            "width": each.width,
            "height": each.height,
        }
        for each in message.attachments
    ]
    return {"content": message.content, "titles": [each.title for each in message.embeds], "files": files}


def take(files: list[dict[str, Any]]) -> list[discord.File]:
    """Make the library's files of those in an order."""
    return [discord.File(each["path"], each["name"], description=each["description"]) for each in files]


class Bot(discord.Client):
    """Tells what happens."""

    async def on_ready(self) -> None:
        """Tell that the session is there."""
        assert self.user is not None
        tell("ready", user=str(self.user.id), guilds=[str(guild.id) for guild in self.guilds])

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell of a guild."""
        tell("guild", id=str(guild.id))

    async def on_message(self, message: discord.Message) -> None:
        """Tell of a message."""
        tell("message", **show(message))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Tell of an edit."""
        tell("edit", **show(payload.message))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Tell of a deletion."""
        tell("delete", id=str(payload.message_id))

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Tell of a reaction."""
        tell("reaction", id=str(payload.message_id), emoji=str(payload.emoji), user=str(payload.user_id))

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Tell of a reaction that is gone."""
        tell("unreaction", id=str(payload.message_id), emoji=str(payload.emoji), user=str(payload.user_id))

    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """Tell that all reactions are gone."""
        tell("cleared", id=str(payload.message_id))

    async def on_raw_reaction_clear_emoji(self, payload: discord.RawReactionClearEmojiEvent) -> None:
        """Tell that all reactions of an emoji are gone."""
        tell("cleared_emoji", id=str(payload.message_id), emoji=str(payload.emoji))

    async def on_guild_channel_pins_update(self, channel: Any, _: Any) -> None:
        """Tell of changed pins."""
        tell("pins", channel=str(channel.id))

    async def on_presence_update(self, _: discord.Member, after: discord.Member) -> None:
        """Tell of a presence."""
        tell(
            "presence",
            user=str(after.id),
            status=str(after.status),
            activities=[each.name for each in after.activities],
        )


class Orders:
    """What a bot does when it is told to, each by the order's name."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def _channel(self, channel: str) -> Any:
        return await self._bot.fetch_channel(int(channel))

    async def _message(self, channel: str, message: str) -> discord.Message:
        found: discord.Message = await (await self._channel(channel)).fetch_message(int(message))
        return found

    async def attach(self, place: Any, files: list[dict[str, Any]]) -> list[Any]:
        """Make what a message for that place takes for files."""
        return take(files)

    async def send(self, channel: str, content: str, silent: bool = False, title: str = "", files: Any = ()) -> Any:
        """Send a message."""
        place = await self._channel(channel)
        embeds = {"embed": discord.Embed(title=title)} if title else {}
        return show(await place.send(content, silent=silent, files=await self.attach(place, files), **embeds))

    async def fetch(self, channel: str, message: str) -> Any:
        """Read a message."""
        return show(await self._message(channel, message))

    async def edit(self, channel: str, message: str, content: str, keep: Any = None, files: Any = ()) -> Any:
        """Edit a message; with `keep`, only those files stay."""
        found = await self._message(channel, message)
        if keep is None:
            return show(await found.edit(content=content))
        kept = [each for each in found.attachments if str(each.id) in keep]
        added = await self.attach(found.channel, files)
        return show(await found.edit(content=content, attachments=[*kept, *added]))

    async def suppress(self, channel: str, message: str) -> Any:
        """Take the embeds away."""
        return show(await (await self._message(channel, message)).edit(suppress=True))

    async def remove(self, channel: str, message: str) -> Any:
        """Delete a message."""
        await (await self._message(channel, message)).delete()
        return {}

    async def read(self, channel: str, message: str, file: str) -> Any:
        """Download a file."""
        attachments = (await self._message(channel, message)).attachments
        return sum_up(await next(each for each in attachments if str(each.id) == file).read())

    async def react(self, channel: str, message: str, emoji: str) -> Any:
        """Add a reaction."""
        await (await self._message(channel, message)).add_reaction(emoji)
        return {}

    async def unreact(self, channel: str, message: str, emoji: str, user: str) -> Any:
        """Take somebody's reaction away."""
        await (await self._message(channel, message)).remove_reaction(emoji, discord.Object(int(user)))
        return {}

    async def reactors(self, channel: str, message: str, emoji: str) -> Any:
        """List who reacted, one user a page."""
        (reaction,) = [each for each in (await self._message(channel, message)).reactions if str(each.emoji) == emoji]
        users: list[str] = []
        while page := [user async for user in reaction.users(limit=1, after=discord.Object(int((users or ["0"])[-1])))]:
            users += [str(user.id) for user in page]
        return {"users": users}

    async def clear(self, channel: str, message: str, emoji: str = "") -> Any:
        """Take all reactions away, or those of an emoji."""
        found = await self._message(channel, message)
        await (found.clear_reaction(emoji) if emoji else found.clear_reactions())
        return {}

    async def pin(self, channel: str, message: str) -> Any:
        """Pin a message."""
        await (await self._message(channel, message)).pin()
        return {}

    async def unpin(self, channel: str, message: str) -> Any:
        """Unpin a message."""
        await (await self._message(channel, message)).unpin()
        return {}

    async def pins(self, channel: str) -> Any:
        """List what is pinned."""
        return {"ids": [str(each.id) async for each in (await self._channel(channel)).pins()]}

    async def forward(self, channel: str, message: str, to: str) -> Any:
        """Send a message on."""
        return show(await (await self._message(channel, message)).forward(await self._channel(to)))

    async def crosspost(self, channel: str, message: str) -> Any:
        """Publish a message."""
        found = await self._message(channel, message)
        await found.publish()
        return show(await self._message(channel, message))

    async def follow(self, channel: str, to: str) -> Any:
        """Have a channel follow another one."""
        await (await self._channel(channel)).follow(destination=await self._channel(to))
        return {}

    async def dm(self, user: str) -> Any:
        """Open a direct channel."""
        return {"channel": str((await (await self._bot.fetch_user(int(user))).create_dm()).id)}

    async def presence(self, status: str, name: str) -> Any:
        """Change the bot's presence."""
        await self._bot.change_presence(status=discord.Status(status), activity=discord.Game(name=name))
        return {}


async def main(api: str, gateway: str, token: str) -> None:
    """Run a bot until it is killed."""
    discord.http.Route.BASE = f"{api}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    bot = Bot(intents=discord.Intents.all(), guild_ready_timeout=0.3)
    orders = Orders(bot)
    async with bot, asyncio.TaskGroup() as tasks:
        tasks.create_task(bot.start(token))
        tasks.create_task(obey(lambda name: getattr(orders, name)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
