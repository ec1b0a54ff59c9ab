"""A tour of a typed library's bot: chat, building, moderation, questions over the gateway.

The bot alone does everything, so that its requests can be recorded (`record_clients.py`) and sent again without it.
"""

from dataclasses import dataclass
from typing import Any

from tests.e2e.clients.bot_process import BotProcess
from tests.support.person import Person, text_channel

_VIEW_CHANNEL, _SEND_MESSAGES = 1 << 10, 1 << 11


@dataclass(frozen=True, kw_only=True)
class TourGuild:
    """A guild of Alice's with Bob, and a bot of hers that is its administrator."""

    alice: Person
    bob: Person
    guild: dict[str, Any]
    bot: dict[str, Any]

    @property
    def place(self) -> dict[str, str]:
        """The ids that orders about the guild's first channel need."""
        return {"guild": self.guild["id"], "channel": text_channel(self.guild)}

    @classmethod
    async def make(cls, alice: Person, bob: Person) -> "TourGuild":
        """Make a guild, let Bob in, and make the bot."""
        guild = await alice.make_guild()
        await alice.invite(text_channel(guild), bob)
        return cls(alice=alice, bob=bob, guild=guild, bot=await alice.make_bot(guild["id"]))


async def chat(bot: BotProcess, scene: TourGuild) -> None:
    """Send messages of every kind, and edit, read and delete them."""
    place = scene.place
    ids = [(await bot.order("send", **place, content=f"number {number}"))["id"] for number in range(4)]
    await bot.wait_for("message", lambda event: event["content"] == "number 3" and event["guild"] == place["guild"])
    embed = await bot.order("embed", **place, content="A title")
    shown = await bot.wait_for("message", lambda event: event["id"] == embed["id"])
    assert shown["title"] == "A title"
    reply = await bot.order("reply", **place, id=ids[0], content="an answer")
    shown = await bot.wait_for("message", lambda event: event["id"] == reply["id"])
    assert shown["replies_to"] == ids[0]
    edited = await bot.order("edit", **place, id=ids[0], content="number zero")
    assert edited["content"] == "number zero"
    await bot.wait_for("edit", lambda event: event["content"] == "number zero")
    await bot.order("remove", **place, id=ids[1])
    await bot.wait_for("delete", lambda event: event["id"] == ids[1])
    await bot.order("bulk_remove", **place, ids=ids[2:])
    gone = await bot.wait_for("bulk_delete")
    assert set(gone["ids"]) == set(ids[2:])
    page = await bot.order("history", **place, number=3)
    assert page["contents"] == ["an answer", "", "number zero"]
    await bot.order("type", **place)
    await bot.wait_for("typing", lambda event: event["user"] == scene.bot["id"])
    direct = await bot.order("dm", user=scene.bob.id, content="psst")
    shown = await bot.wait_for("message", lambda event: event["id"] == direct["id"])
    assert shown["guild"] == ""


async def build(bot: BotProcess, scene: TourGuild) -> None:
    """Create, change, order and remove channels, roles and overwrites."""
    guild_id, first_id = scene.guild["id"], scene.place["channel"]
    made = await bot.order("make_channel", guild=guild_id, name="made-here")
    channel_id = made["id"]
    await bot.wait_for("channel", lambda event: event["name"] == "made-here")
    await bot.order("edit_channel", channel=channel_id, content="what it is about", number=5)
    await bot.wait_for("channel_edit", lambda event: event.get("topic") == "what it is about")
    await bot.order("order_channels", guild=guild_id, ids=[channel_id, first_id])
    roles = []
    for name in ("crew", "guests"):
        role = await bot.order("make_role", guild=guild_id, name=name, allow=_VIEW_CHANNEL | _SEND_MESSAGES)
        assert (role["name"], int(role["permissions"]), role["color"]) == (name, 0xC00, 0xAA00)
        await bot.wait_for("role", lambda event, name=name: event["name"] == name)
        roles.append(role["id"])
    crew, guests = roles
    await bot.order("edit_role", guild=guild_id, role=crew, name="staff")
    await bot.wait_for("role_edit", lambda event: event["name"] == "staff")
    await bot.order("order_roles", guild=guild_id, ids=[guests, crew])
    await bot.order("overwrite", channel=channel_id, role=crew, allow=_SEND_MESSAGES, deny=_VIEW_CHANNEL)
    await bot.wait_for("channel_edit", lambda event: event.get("overwrites") == 1)
    await bot.order("remove_overwrite", channel=channel_id, role=crew)
    for order, held in (("give_role", [crew]), ("take_role", [])):
        await bot.order(order, guild=guild_id, user=scene.bob.id, role=crew)
        await bot.wait_for("member", lambda event, held=held: event["roles"] == held)
    await bot.order("remove_role", guild=guild_id, role=guests)
    await bot.wait_for("role_gone", lambda event: event["id"] == guests)
    await bot.order("remove_channel", channel=channel_id)
    await bot.wait_for("channel_gone", lambda event: event["id"] == channel_id)


async def ask(bot: BotProcess, scene: TourGuild) -> None:
    """Send the gateway's commands, and use invites."""
    guild_id = scene.guild["id"]
    await bot.order("members", guild=guild_id)
    everybody = {scene.alice.id, scene.bob.id, scene.bot["id"]}
    await bot.wait_for("members", lambda event: set(event["ids"]) == everybody)
    await bot.order("some_members", guild=guild_id, ids=[scene.bob.id])
    await bot.wait_for("members", lambda event: event["ids"] == [scene.bob.id])
    await bot.order("presence", status="dnd", name="chess")
    invite = await bot.order("invite", **scene.place, number=2)
    assert invite["uses"] == 2
    assert invite["code"] in (await bot.order("invites", guild=guild_id))["codes"]
    await bot.order("remove_invite", name=invite["code"])
    await bot.wait_for("invite_gone", lambda event: event["code"] == invite["code"])


async def moderate(bot: BotProcess, scene: TourGuild) -> None:
    """Rename, silence, kick and ban Bob, and let him in again."""
    who = {"guild": scene.guild["id"], "user": scene.bob.id}
    await bot.order("nick", **who, name="Bobby")
    await bot.wait_for("member", lambda event: event["nick"] == "Bobby")
    await bot.order("timeout", **who, number=600, reason="cool down, ü")
    await bot.wait_for("member", lambda event: event["silenced"])
    seen = len(bot.events)
    await bot.order("timeout", **who, number=0)
    await bot.wait_for("member", lambda event: event in bot.events[seen:] and not event["silenced"])
    assert (await bot.order("prune_count", guild=who["guild"], number=7))["count"] == 0
    await bot.order("kick", **who, reason="enough")
    await bot.wait_for("leave", lambda event: event["id"] == scene.bob.id)
    await bot.order("ban", **who, reason="no more, ü", number=1)
    await bot.wait_for("ban", lambda event: event["id"] == scene.bob.id)
    assert (await bot.order("bans", guild=who["guild"]))["reasons"] == {scene.bob.id: "no more, ü"}
    await bot.order("unban", **who)
    await bot.wait_for("unban", lambda event: event["id"] == scene.bob.id)


async def refuse(bot: BotProcess, scene: TourGuild) -> None:
    """Provoke errors, which the library tells to a program with Discord's codes."""
    place = scene.place
    unknown = await bot.attempt("edit", **place, id=place["channel"], content="x")
    assert (unknown["event"], unknown["status"], unknown["code"]) == ("failed", 404, 10008)
    nobody = await bot.attempt("ban", guild=place["guild"], user=place["channel"], reason="", number=0)
    assert (nobody["event"], nobody["status"], nobody["code"]) == ("failed", 404, 10013)
    absent = await bot.attempt("kick", guild=place["guild"], user=place["channel"], reason="x")
    assert (absent["event"], absent["code"]) == ("failed", 10013)
    taken = await bot.attempt("rename", name="everyone")
    assert (taken["event"], taken["status"], taken["code"]) == ("failed", 400, 50035)
    assert "username" in taken["text"]
