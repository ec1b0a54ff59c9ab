"""READY of bots: the keys of Discord's documentation, and guilds as stubs. Pure.

People's READY is in `gateway.login.peoples_ready`.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from core.domain.application import Application
from core.domain.events import READY
from core.wire.objects.people.user import render_own_user
from core.wire.objects.ready import Ready, ReadyApplication, UnavailableGuild
from gateway.login.login import Login
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.spliced_body import SplicedBody
from gateway.sessions.session import Session

_encode = msgspec.json.Encoder().encode

_EVERYBODYS: Final[dict[str, Any]] = {
    "v": 10,
    "session_type": "normal",
    "relationships": [],
    "presences": [],
    "guild_join_requests": [],
    "geo_ordered_rtc_regions": [],
    "user_settings": {},
    "private_channels": [],
    "_trace": [],
}


class ReadyMaker:
    """Makes READYs. Every session remembers its own to the end, so the pairs that are the same in all are made once."""

    __slots__ = ("_everybodys",)

    def __init__(self) -> None:
        self._everybodys = (SharedPairs(_encode(_EVERYBODYS)),)

    def build(self, session: Session, login: Login, *, guild_ids: Sequence[int], resume_url: str) -> SplicedBody:
        """Make READY of a bot's session.

        Guilds are unavailable stubs: libraries wait for their GUILD_CREATE, which follows. The login has been read.
        """
        profile, snapshot = session.profile, login.snapshot
        assert snapshot is not None, "the login has been read"  # noqa: S101 - for the type checker
        ready = Ready(
            user=render_own_user(snapshot.account),
            guilds=[UnavailableGuild(id=str(guild_id)) for guild_id in guild_ids],
            session_id=profile.session_id,
            resume_gateway_url=resume_url,
            shard=(profile.shard_id, profile.shard_count) if login.command.shard is not None else msgspec.UNSET,
            application=_render_application(snapshot.application),
        )
        return SplicedBody(READY, _encode(ready), self._everybodys)


def _render_application(application: Application | None) -> ReadyApplication | msgspec.UnsetType:
    if application is None:
        return msgspec.UNSET
    return ReadyApplication(id=str(application.id), flags=application.flags)
