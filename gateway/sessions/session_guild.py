"""A guild as a session has it: what the guild's actor must know to take the session in again as it was. Pure."""

import msgspec

from gateway.commands.commands import GuildSubscription, LazyGuilds


class SessionGuild(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    guild_id: int
    is_limited: bool = False
    """Whether the guild was large when the session entered it, so that the session is passive there or was."""
    subscription: GuildSubscription | None = None
    """What its client last subscribed to (op 14, op 37). None when it never did."""


def join_subscriptions(before: GuildSubscription | None, asked: GuildSubscription | LazyGuilds) -> GuildSubscription:
    """Return the subscription that has the effect of both, one after the other. A field that is None asks nothing."""
    known = before or GuildSubscription()
    return GuildSubscription(
        typing=known.typing if asked.typing is None else asked.typing,
        members=known.members if asked.members is None else asked.members,
        channels=known.channels if asked.channels is None else asked.channels,
    )
