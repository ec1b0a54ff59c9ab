"""The reads of stock libraries besides chatting: every list and object that the server answers goes through their
models.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final

import pytest

from tests.e2e.clients.discord_bot import discord, running_bot
from tests.e2e.clients.test_hikari import running_bot as running_hikari
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

CallTarget = Any
"""The target of a call: the library's client, its guild and its channel, as attributes."""


async def listed(pages: AsyncIterator[Any]) -> list[Any]:
    """Collect all values of an iterator."""
    return [item async for item in pages]


Reads = Mapping[str, tuple[Callable[[CallTarget], Awaitable[Any]], Callable[[Any], Any], Any]]
"""Keyed by name: the call, the value to check, and the expected value (or a function of the target)."""

DISCORD_PY: Final[Reads] = {
    "integrations": (
        lambda at: at.guild.integrations(),
        lambda found: [(type(item).__name__, item.application.user.id, item.application.summary) for item in found],
        lambda at: [("BotIntegration", at.client.user.id, "")],
    ),
    "guild webhooks": (lambda at: at.guild.webhooks(), list, []),
    "channel webhooks": (lambda at: at.channel.webhooks(), list, []),
    "emojis": (lambda at: at.guild.fetch_emojis(), list, []),
    "stickers": (lambda at: at.guild.fetch_stickers(), list, []),
    "templates": (lambda at: at.guild.templates(), list, []),
    "scheduled events": (lambda at: at.guild.fetch_scheduled_events(), list, []),
    "active threads": (lambda at: at.guild.active_threads(), list, []),
    "archived threads": (lambda at: listed(at.channel.archived_threads()), list, []),
    "private threads": (lambda at: listed(at.channel.archived_threads(private=True)), list, []),
    "own private threads": (lambda at: listed(at.channel.archived_threads(private=True, joined=True)), list, []),
    "automod rules": (lambda at: at.guild.fetch_automod_rules(), list, []),
    "soundboard": (lambda at: at.guild.fetch_soundboard_sounds(), list, []),
    "default sounds": (lambda at: at.client.fetch_soundboard_default_sounds(), list, []),
    "application emojis": (lambda at: at.client.fetch_application_emojis(), list, []),
    "entitlements": (lambda at: listed(at.client.entitlements()), list, []),
    "sync": (lambda at: at.tree.sync(), list, []),
    "guild sync": (lambda at: at.tree.sync(guild=at.guild), list, []),
    "commands": (lambda at: at.tree.fetch_commands(), list, []),
    "guild commands": (lambda at: at.tree.fetch_commands(guild=at.guild), list, []),
    "welcome screen": (lambda at: at.guild.welcome_screen(), lambda found: found.welcome_channels, []),
    "onboarding": (lambda at: at.guild.onboarding(), lambda found: (found.enabled, found.prompts), (False, [])),
    "vanity": (lambda at: at.guild.vanity_invite(), lambda found: found, None),
    "invites": (lambda at: at.guild.invites(), lambda found: [item.uses for item in found], [0]),
    "channel invites": (lambda at: at.channel.invites(), lambda found: [item.uses for item in found], [0]),
    "bans": (lambda at: listed(at.guild.bans()), list, []),
    "members": (lambda at: listed(at.guild.fetch_members()), len, 2),
    "roles": (lambda at: at.guild.fetch_roles(), len, 2),
    "channels": (lambda at: at.guild.fetch_channels(), len, lambda at: len(at.guild.channels)),
    "channel": (lambda at: at.guild.fetch_channel(at.channel.id), lambda found: found, lambda at: at.channel),
    "guilds": (
        lambda at: listed(at.client.fetch_guilds()),
        lambda found: [item.id for item in found],
        lambda at: [at.guild.id],
    ),
    "guild": (lambda at: at.client.fetch_guild(at.guild.id), lambda found: found.approximate_member_count, 2),
    "preview": (lambda at: at.client.fetch_guild_preview(at.guild.id), lambda found: found.emojis, ()),
    "prune": (lambda at: at.guild.estimate_pruned_members(days=30), lambda found: found, 0),
    "application": (
        lambda at: at.client.application_info(),
        lambda found: found.id,
        lambda at: at.client.application_id,
    ),
}

HIKARI: Final[Reads] = {
    "integrations": (
        lambda at: at.rest.fetch_integrations(at.guild),
        lambda found: [item.application.bot.id for item in found],
        lambda at: [at.application],
    ),
    "guild webhooks": (lambda at: at.rest.fetch_guild_webhooks(at.guild), list, []),
    "channel webhooks": (lambda at: at.rest.fetch_channel_webhooks(at.channel), list, []),
    "emojis": (lambda at: at.rest.fetch_guild_emojis(at.guild), list, []),
    "application emojis": (lambda at: at.rest.fetch_application_emojis(at.application), list, []),
    "stickers": (lambda at: at.rest.fetch_guild_stickers(at.guild), list, []),
    "templates": (lambda at: at.rest.fetch_guild_templates(at.guild), list, []),
    "scheduled events": (lambda at: at.rest.fetch_scheduled_events(at.guild), list, []),
    "active threads": (lambda at: at.rest.fetch_active_threads(at.guild), list, []),
    "archived threads": (lambda at: at.rest.fetch_public_archived_threads(at.channel), list, []),
    "private threads": (lambda at: at.rest.fetch_private_archived_threads(at.channel), list, []),
    "own private threads": (lambda at: at.rest.fetch_joined_private_archived_threads(at.channel), list, []),
    "automod rules": (lambda at: at.rest.fetch_auto_mod_rules(at.guild), list, []),
    "commands": (lambda at: at.rest.fetch_application_commands(at.application), list, []),
    "guild commands": (lambda at: at.rest.fetch_application_commands(at.application, guild=at.guild), list, []),
    "rights of commands": (
        lambda at: at.rest.fetch_application_guild_commands_permissions(at.application, at.guild), list, [],
    ),
    "entitlements": (lambda at: at.rest.fetch_entitlements(at.application), list, []),
    "connections": (
        lambda at: at.rest.fetch_application_role_connection_metadata_records(at.application), list, [],
    ),
    "welcome screen": (lambda at: at.rest.fetch_welcome_screen(at.guild), lambda found: found.channels, []),
    "onboarding": (lambda at: at.rest.fetch_guild_onboarding(at.guild), lambda found: found.enabled, False),
    "widget": (lambda at: at.rest.fetch_widget(at.guild), lambda found: found.is_enabled, False),
    "vanity": (lambda at: at.rest.fetch_vanity_url(at.guild), lambda found: found.code, None),
    "invites": (lambda at: at.rest.fetch_guild_invites(at.guild), len, 1),
    "regions": (lambda at: at.rest.fetch_guild_voice_regions(at.guild), len, 1),
    "members of roles": (lambda at: at.rest.fetch_role_member_counts(at.guild), len, 1),
    "preview": (lambda at: at.rest.fetch_guild_preview(at.guild), lambda found: list(found.emojis), []),
    "application": (lambda at: at.rest.fetch_application(), lambda found: found.id, lambda at: at.application),
}  # fmt: skip


async def check(reads: Reads, place: CallTarget) -> None:
    """Make every call. A model that misses a key raises."""
    found, expected = {}, {}
    for name, (call, look, wanted) in reads.items():
        found[name] = look(await call(place))
        expected[name] = wanted(place) if callable(wanted) else wanted
    assert found == expected


async def test_discord_py_reads_everything(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    await alice.call("POST", f"/channels/{channel_id}/invites", {})
    bot = await alice.make_bot(guild["id"])
    async with running_bot(server, bot["token"]) as (client, _):
        place = SimpleNamespace(
            client=client,
            guild=client.get_guild(int(guild["id"])),
            channel=client.get_channel(int(channel_id)),
            tree=discord.app_commands.CommandTree(client),
        )
        await check(DISCORD_PY, place)


async def test_hikari_reads_everything(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    channel_id = text_channel(guild)
    await alice.call("POST", f"/channels/{channel_id}/invites", {})
    bot = await alice.make_bot(guild["id"])
    async with running_hikari(server, bot["token"]) as (client, _):
        ids = {"guild": int(guild["id"]), "channel": int(channel_id), "application": int(bot["id"])}
        await check(HIKARI, SimpleNamespace(rest=client.rest, **ids))
