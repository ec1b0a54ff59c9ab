"""Gateway intents: the kinds of events that a session asks for. `core.domain.events` has the intent of each event.

Source: Discord's documentation, "Gateway Intents".
"""

import enum
from typing import Final


class Intent(enum.IntFlag):
    """The bits of Identify's `intents`."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


ALL_INTENTS: Final = int(sum(Intent))
"""Every known bit. A person's session has all, since people's clients send no intents."""

_WITHOUT_EVENTS: Final = sum(1 << bit for bit in (17, 18, 19, 22, 23, 26, 27, 28))
"""Bits that Discord accepts too and that have no meaning here; defaults of some libraries have them."""

ACCEPTED_INTENTS: Final = ALL_INTENTS | _WITHOUT_EVENTS
"""The bits that an Identify may ask for."""

PRIVILEGED = int(Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT)
