"""What holds for webhooks of a channel: who manages them, where they may be, and how many there may be."""

from collections.abc import Sequence
from typing import Final

from api.services.access import ChannelAccess, GuildAccess
from core.domain.channels.channel import ChannelType
from core.domain.errors import DirectChannelAction, TooManyWebhooks, TooManyWebhooksOfGuild, WrongChannelType
from core.domain.guilds.permissions import Permission
from core.domain.guilds.webhook import MAX_OF_CHANNEL, MAX_OF_GUILD, Webhook

_MANAGE: Final = int(Permission.MANAGE_WEBHOOKS)
_FOLLOWING: Final = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT})
"""The types of channels that may follow another one."""


def require_manager(access: ChannelAccess) -> GuildAccess:
    """Return the rights in the guild of who may manage the channel's webhooks.

    Raises DirectChannelAction, Forbidden.
    """
    if access.guild is None:
        raise DirectChannelAction
    access.require(_MANAGE)
    return access.guild


def require_follower(access: ChannelAccess) -> GuildAccess:
    """Do as `require_manager`, for a channel that is to follow another one. Raises WrongChannelType, too."""
    guild = require_manager(access)
    if access.channel.type not in _FOLLOWING:
        raise WrongChannelType
    return guild


def check_channel_room(webhooks: Sequence[Webhook]) -> None:
    """Check that there may be one more webhook in a channel with these. Raises TooManyWebhooks."""
    if len(webhooks) >= MAX_OF_CHANNEL:
        raise TooManyWebhooks


def check_guild_room(webhooks: Sequence[Webhook]) -> None:
    """Check that there may be one more webhook in a guild with these. Raises TooManyWebhooksOfGuild."""
    if len(webhooks) >= MAX_OF_GUILD:
        raise TooManyWebhooksOfGuild
