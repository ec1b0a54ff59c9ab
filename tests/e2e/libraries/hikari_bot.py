"""A stock hikari bot as a process.

python -m tests.e2e.libraries.hikari_bot API GATEWAY TOKEN
"""

import asyncio
import sys
import warnings
from typing import Any

from tests.e2e.libraries.orders import obey, sum_up, tell

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import hikari


def show(message: hikari.Message | hikari.PartialMessage) -> dict[str, Any]:
    """Describe a message."""
    reference = message.message_reference
    assert message.author
    return {
        "id": str(message.id),
        "channel": str(message.channel_id),
        "author": str(message.author.id),
        "type": message.type,
        "flags": message.flags,
        "pinned": message.is_pinned,
        **show_content(message),
        "reference": str(reference.id) if reference else None,
        "snapshots": [show_content(snapshot) for snapshot in message.message_snapshots],
        "reactions": [[str(each.emoji), each.count, each.is_me] for each in message.reactions or ()],
    }


def show_content(message: Any) -> dict[str, Any]:
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
    return {"content": message.content or "", "titles": [each.title for each in message.embeds], "files": files}


def take(files: list[dict[str, Any]]) -> list[hikari.File]:
    """Make the library's files of those in an order. The library offers no descriptions."""
    return [hikari.File(each["path"], each["name"]) for each in files]


async def on_event(event: hikari.Event) -> None:
    """Tell what happens."""
    match event:
        case hikari.GuildJoinEvent():
            tell("guild", id=str(event.guild_id))
        case hikari.MessageCreateEvent():
            tell("message", **show(event.message))
        case hikari.MessageUpdateEvent():
            tell("edit", **show(event.message))
        case hikari.MessageDeleteEvent():
            tell("delete", id=str(event.message_id))
        case hikari.PinsUpdateEvent():
            tell("pins", channel=str(event.channel_id))
        case hikari.PresenceUpdateEvent():
            shown = event.presence
            activities = [each.state or each.name for each in shown.activities]
            tell("presence", user=str(shown.user_id), status=str(shown.visible_status), activities=activities)
        case hikari.ReactionEvent():
            on_reaction(event)


def on_reaction(event: Any) -> None:
    """Tell of a reaction."""
    match event:
        case hikari.ReactionAddEvent():
            tell("reaction", id=str(event.message_id), emoji=str(event.emoji_name), user=str(event.user_id))
        case hikari.ReactionDeleteEvent():
            tell("unreaction", id=str(event.message_id), emoji=str(event.emoji_name), user=str(event.user_id))
        case hikari.ReactionDeleteAllEvent():
            tell("cleared", id=str(event.message_id))
        case hikari.ReactionDeleteEmojiEvent():
            tell("cleared_emoji", id=str(event.message_id), emoji=str(event.emoji_name))


class Orders:
    """What a bot does when it is told to, each by the order's name."""

    def __init__(self, bot: hikari.GatewayBot) -> None:
        self._bot = bot
        self._rest = bot.rest

    async def send(self, channel: str, content: str, silent: bool = False, title: str = "", files: Any = ()) -> Any:
        """Send a message."""
        flags = hikari.MessageFlag.SUPPRESS_NOTIFICATIONS if silent else hikari.UNDEFINED
        embeds = [hikari.Embed(title=title)] if title else hikari.UNDEFINED
        attachments = take(files) or hikari.UNDEFINED
        return show(
            await self._rest.create_message(int(channel), content, flags=flags, embeds=embeds, attachments=attachments)
        )

    async def fetch(self, channel: str, message: str) -> Any:
        """Read a message."""
        return show(await self._rest.fetch_message(int(channel), int(message)))

    async def edit(self, channel: str, message: str, content: str, keep: Any = None, files: Any = ()) -> Any:
        """Edit a message; with `keep`, only those files stay."""
        if keep is None:
            return show(await self._rest.edit_message(int(channel), int(message), content))
        attached = (await self._rest.fetch_message(int(channel), int(message))).attachments
        attachments = [*(each for each in attached if str(each.id) in keep), *take(files)]
        return show(await self._rest.edit_message(int(channel), int(message), content, attachments=attachments))

    async def suppress(self, channel: str, message: str) -> Any:
        """Take the embeds away."""
        flags = hikari.MessageFlag.SUPPRESS_EMBEDS
        return show(await self._rest.edit_message(int(channel), int(message), flags=flags))

    async def remove(self, channel: str, message: str) -> Any:
        """Delete a message."""
        await self._rest.delete_message(int(channel), int(message))
        return {}

    async def read(self, channel: str, message: str, file: str) -> Any:
        """Download a file."""
        attachments = (await self._rest.fetch_message(int(channel), int(message))).attachments
        return sum_up(await next(each for each in attachments if str(each.id) == file).read())

    async def react(self, channel: str, message: str, emoji: str) -> Any:
        """Add a reaction."""
        await self._rest.add_reaction(int(channel), int(message), emoji)
        return {}

    async def unreact(self, channel: str, message: str, emoji: str, user: str) -> Any:
        """Take somebody's reaction away."""
        await self._rest.delete_reaction(int(channel), int(message), int(user), emoji)
        return {}

    async def reactors(self, channel: str, message: str, emoji: str) -> Any:
        """List who reacted. The library chooses the pages."""
        users = [user async for user in self._rest.fetch_reactions_for_emoji(int(channel), int(message), emoji)]
        return {"users": [str(user.id) for user in users]}

    async def clear(self, channel: str, message: str, emoji: str = "") -> Any:
        """Take all reactions away, or those of an emoji."""
        if emoji:
            await self._rest.delete_all_reactions_for_emoji(int(channel), int(message), emoji)
        else:
            await self._rest.delete_all_reactions(int(channel), int(message))
        return {}

    async def pin(self, channel: str, message: str) -> Any:
        """Pin a message."""
        await self._rest.pin_message(int(channel), int(message))
        return {}

    async def unpin(self, channel: str, message: str) -> Any:
        """Unpin a message."""
        await self._rest.unpin_message(int(channel), int(message))
        return {}

    async def pins(self, channel: str) -> Any:
        """List what is pinned."""
        return {"ids": [str(pin.message.id) async for pin in self._rest.fetch_pins(int(channel))]}

    async def forward(self, channel: str, message: str, to: str) -> Any:
        """Send a message on."""
        return show(await self._rest.forward_message(int(to), int(message), int(channel)))

    async def crosspost(self, channel: str, message: str) -> Any:
        """Publish a message."""
        return show(await self._rest.crosspost_message(int(channel), int(message)))

    async def follow(self, channel: str, to: str) -> Any:
        """Have a channel follow another one."""
        await self._rest.follow_channel(int(channel), int(to))
        return {}

    async def dm(self, user: str) -> Any:
        """Open a direct channel."""
        return {"channel": str((await self._rest.create_dm_channel(int(user))).id)}

    async def presence(self, status: str, name: str) -> Any:
        """Change the bot's presence."""
        await self._bot.update_presence(status=hikari.Status(status), activity=hikari.Activity(name=name))
        return {}


async def main(api: str, _: str, token: str) -> None:
    """Run a bot until it is killed."""
    bot = hikari.GatewayBot(token, rest_url=f"{api}/api/v10", intents=hikari.Intents.ALL, banner=None, logs=None)
    bot.event_manager.subscribe(hikari.Event, on_event)
    await bot.start(check_for_updates=False)
    me = bot.get_me()
    assert me is not None
    tell("ready", user=str(me.id), guilds=[])
    orders = Orders(bot)
    await obey(lambda name: getattr(orders, name))
    await bot.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
