"""The checks of an Identify, and the session profile that results. Pure.

Source: Discord's documentation, "Identify", "Gateway Intents", "Sharding".
"""

import sys
from typing import Any, Final

from core.domain.application import OPENS_CONTENT, OPENS_MEMBERS, OPENS_PRESENCES, Application
from core.domain.intents import ACCEPTED_INTENTS, ALL_INTENTS, PRIVILEGED, Intent
from core.domain.people.user import AuthSession, User
from core.wire import close_codes
from gateway.commands.commands import Identify
from gateway.login.refusal import Refusal
from gateway.sessions.session import SessionProfile

_OPENED_BY: Final = {
    int(Intent.GUILD_PRESENCES): OPENS_PRESENCES,
    int(Intent.GUILD_MEMBERS): OPENS_MEMBERS,
    int(Intent.MESSAGE_CONTENT): OPENS_CONTENT,
}
"""The flags of an application of which either one allows a privileged intent."""

_MIN_LARGE: Final = 50
_MAX_LARGE: Final = 250
_MOBILE: Final = ("android", "ios")
_BROWSERS: Final = ("chrome", "firefox", "safari", "edge", "opera", "web")
_MAX_OS: Final = 32
"""The longest `os` that is kept, which the user's other sessions are shown."""
_MAX_SHARDS: Final = 1 << 16
"""The most client shards: more than any bot has."""


def make_profile(
    command: Identify,
    auth: AuthSession,
    user: User,
    application: Application | None,
    *,
    session_id: str,
    default_large_threshold: int,
) -> SessionProfile:
    """Make the profile of the session that is asked for.

    Raises:
        Refusal: for a wrong shard, wrong or disallowed intents, or too large a payload of a bot.
    """
    if user.bot and command.is_large:
        raise Refusal(close_codes.DECODE_ERROR)
    shard_id, shard_count = _check_shard(command.shard)
    threshold = command.large_threshold or default_large_threshold
    return SessionProfile(
        session_id=session_id,
        user_id=user.id,
        is_bot=user.bot,
        auth_session_id=auth.id,
        token_hash=auth.token_hash,
        intents=_check_intents(command.intents, application) if user.bot else ALL_INTENTS,
        shard_id=shard_id,
        shard_count=shard_count,
        large_threshold=min(max(threshold, _MIN_LARGE), _MAX_LARGE),
        platform=_platform(command.properties or {}, is_bot=user.bot),
        os=sys.intern(_property(command.properties or {}, "os")[:_MAX_OS]),
        capabilities=0 if user.bot else command.capabilities,
    )


def _check_shard(shard: list[int] | None) -> tuple[int, int]:
    if shard is None:
        return 0, 1
    if len(shard) != 2 or not 0 <= shard[0] < shard[1] <= _MAX_SHARDS:
        raise Refusal(close_codes.INVALID_SHARD)
    return shard[0], shard[1]


def _check_intents(intents: int | None, application: Application | None) -> int:
    if intents is None or intents & ~ACCEPTED_INTENTS:
        raise Refusal(close_codes.INVALID_INTENTS)
    flags = 0 if application is None else application.flags
    for intent, allowing in _OPENED_BY.items():
        if intents & PRIVILEGED & intent and not flags & allowing:
            raise Refusal(close_codes.DISALLOWED_INTENTS)
    return intents & ALL_INTENTS


def _property(properties: dict[str, Any], name: str) -> str:
    found = properties.get(name, properties.get("$" + name))
    return found if isinstance(found, str) else ""


def _platform(properties: dict[str, Any], *, is_bot: bool) -> str:
    """Return the platform in `client_status`. Bots are shown as web, as at Discord."""
    browser = _property(properties, "browser").lower()
    if any(word in browser for word in _MOBILE):
        return "mobile"
    if is_bot or any(word in browser for word in _BROWSERS):
        return "web"
    return "desktop"
