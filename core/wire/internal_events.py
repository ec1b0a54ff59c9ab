"""The bodies of internal events, which no client ever gets: one tier writes them and another one reads them.

The names are in `core.domain.events`. USER_OFFLINE needs only its envelope; its body is `EMPTY`.
"""

from typing import Final

import msgspec

EMPTY: Final = msgspec.Raw(b"{}")


class SessionRevoked(msgspec.Struct, frozen=True):
    """`d` of SESSION_REVOKED: the auth session that has ended."""

    auth_session_id: str


class GuildJoined(msgspec.Struct, frozen=True):
    """`d` of GUILD_JOINED: the guild whose member the user has become."""

    guild_id: str


class UserUnseen(msgspec.Struct, frozen=True):
    """`d` of USER_UNSEEN: the Unix time since which others see the user as offline, in milliseconds."""

    at_ms: int


class LimitsChanged(msgspec.Struct, frozen=True):
    """`d` of LIMITS_CHANGED: all limits that staff has set, by the names of their settings."""

    limits: dict[str, bool | int | float]


_decode_revoked = msgspec.json.Decoder(SessionRevoked).decode
_decode_joined = msgspec.json.Decoder(GuildJoined).decode
_decode_unseen = msgspec.json.Decoder(UserUnseen).decode
_decode_limits = msgspec.json.Decoder(LimitsChanged).decode


def parse_revoked(payload: msgspec.Raw) -> int:
    """Return the auth session that SESSION_REVOKED is about.

    Raises:
        msgspec.MsgspecError: when the payload is no such body.
    """
    return int(_decode_revoked(payload).auth_session_id)


def parse_joined(payload: msgspec.Raw) -> int:
    """Return the guild that GUILD_JOINED is about.

    Raises:
        msgspec.MsgspecError: when the payload is no such body.
    """
    return int(_decode_joined(payload).guild_id)


def parse_unseen(payload: msgspec.Raw) -> int:
    """Return the time of USER_UNSEEN.

    Raises:
        msgspec.MsgspecError: when the payload is no such body.
    """
    return _decode_unseen(payload).at_ms


def parse_limits(payload: msgspec.Raw) -> dict[str, bool | int | float]:
    """Return the limits of LIMITS_CHANGED.

    Raises:
        msgspec.MsgspecError: when the payload is no such body.
    """
    return _decode_limits(payload).limits
