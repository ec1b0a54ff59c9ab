"""The rules that each message counts against, over REST and the socket alike."""

import msgspec

from core.live.interfaces import Rule, Standing
from core.runtime.settings.settings import LimitSettings


class MessageRules(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of an author: one for each channel, and one for all channels together."""

    channel: Rule
    overall: Rule


def next_standing(overall: Standing, channel: Standing) -> Standing:
    """Return the standing of the author's next message: the channel's, or the overall one when that is used up."""
    return channel if overall.remaining else overall


def find_message_rules(settings: LimitSettings) -> MessageRules | None:
    """Return the rules, or None when limits are off."""
    if not settings.enabled:
        return None
    return MessageRules(
        channel=Rule("channel-messages", settings.channel_messages, settings.channel_messages_window_s),
        overall=Rule("messages", settings.messages_per_minute, 60.0),
    )
