"""READY: the first dispatch of a session. Pure.

Bots get the keys of Discord's documentation. People's sessions also get the keys that Discord's own clients read, empty
where this server has no data.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from core.domain.application import Application
from core.domain.events import READY
from core.domain.login import LoginSnapshot
from core.wire.objects.channel import DirectChannelObject, render_direct_channel
from core.wire.objects.ready import Ready, ReadyApplication, UnavailableGuild
from core.wire.objects.user import render_own_user
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.spliced_body import SplicedBody
from gateway.sessions.session import Session

_encode = msgspec.json.Encoder().encode

_EMPTY_LIST: Final[dict[str, Any]] = {"entries": [], "partial": False, "version": 0}


_EVERYBODYS: Final[dict[str, Any]] = {
    "v": 10,
    "session_type": "normal",
    "relationships": [],
    "presences": [],
    "guild_join_requests": [],
    "geo_ordered_rtc_regions": [],
    "user_settings": {},
    "_trace": [],
}
_PEOPLES: Final = {"read_state": _EMPTY_LIST, "user_guild_settings": _EMPTY_LIST}


class ReadyMaker:
    """Makes READYs. Every session remembers its own to the end, so the pairs that are the same in all are made once."""

    __slots__ = ("_of_bots", "_of_people")

    def __init__(self) -> None:
        self._of_bots = (SharedPairs(_encode(_EVERYBODYS)),)
        self._of_people = (SharedPairs(_encode(_EVERYBODYS | _PEOPLES)),)

    def build(
        self,
        session: Session,
        login: LoginSnapshot,
        *,
        guild_ids: Sequence[int],
        is_sharded: bool,
        resume_url: str,
        last_message_ids: Mapping[int, int],
    ) -> SplicedBody:
        """Make READY of a session. Guilds are unavailable stubs: libraries wait for their GUILD_CREATE, which follows.

        `last_message_ids` has the newest message of each direct channel that has one.
        """
        profile = session.profile
        ready = Ready(
            user=render_own_user(login.account),
            guilds=[UnavailableGuild(id=str(guild_id)) for guild_id in guild_ids],
            session_id=profile.session_id,
            resume_gateway_url=resume_url,
            shard=(profile.shard_id, profile.shard_count) if is_sharded else msgspec.UNSET,
            application=_render_application(login.application),
            private_channels=_render_direct_channels(login, last_message_ids) if login.direct_channels else [],
        )
        return SplicedBody(READY, _encode(ready), self._of_bots if profile.is_bot else self._of_people)


def _render_direct_channels(login: LoginSnapshot, last_message_ids: Mapping[int, int]) -> list[DirectChannelObject]:
    user_id, users = login.account.user.id, login.direct_users
    rendered = []
    for channel in login.direct_channels:
        others = [users[each] for each in channel.recipient_ids if each != user_id and each in users]
        shown = render_direct_channel(channel, others)
        if channel.id in last_message_ids:
            shown.last_message_id = str(last_message_ids[channel.id])
        rendered.append(shown)
    return rendered


def _render_application(application: Application | None) -> ReadyApplication | msgspec.UnsetType:
    if application is None:
        return msgspec.UNSET
    return ReadyApplication(id=str(application.id), flags=application.flags)
