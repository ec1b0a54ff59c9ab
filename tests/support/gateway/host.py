"""A host of sessions without sockets: it lets them into a gateway's homes, and keeps what it must keep to restore them."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from core.domain.tokens import hash_token
from core.store.interfaces import Store
from gateway.homes.home_port import HomePort
from gateway.homes.session_state import RestoreRefusal, SessionState
from gateway.sessions.session import Session
from tests.fakes.gateway.gateway_connection import FakeConnection
from tests.support.gateway.sessions import make_session
from tests.support.stores.store_writer import Login

VOLATILE: Final = frozenset(
    {
        "GUILD_MEMBERS_CHUNK",
        "GUILD_MEMBER_LIST_UPDATE",
        "CHANNEL_UNREAD_UPDATE",
        "PASSIVE_UPDATE_V1",
        "PASSIVE_UPDATE_V2",
        "PRESENCE_UPDATE",
        "SESSIONS_REPLACE",
        "TYPING_START",
    }
)
"""The dispatches that a session which was away does not get, or gets anew."""


class Left(msgspec.Struct, frozen=True):
    """What is kept of a session at one moment."""

    state: SessionState
    positions: Mapping[int, int]
    told: int
    """The number of dispatches that it had got."""


class Hosted:
    """A session with all that it was sent."""

    def __init__(self, session: Session, connection: FakeConnection) -> None:
        self.session = session
        self._connection = connection

    @property
    def told(self) -> list[tuple[str, Any]]:
        """All dispatches, with their bodies."""
        return [(event, d) for event, d, _ in self._connection.dispatched]

    async def wait_for(self, event: str) -> None:
        """Wait until the session has got an event of this name."""
        async with asyncio.timeout(60):
            while event not in [name for name, _ in self.told]:  # noqa: ASYNC110 - a fake connection tells nobody
                await asyncio.sleep(0)

    def durable(self, after: int = 0) -> list[tuple[str, Any]]:
        """The dispatches after the first ones that no session may miss."""
        return [each for each in self.told[after:] if each[0] not in VOLATILE]


def undated(told: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Leave out what the newest message of a channel was. Of the past nobody knows it, only that it was not newer."""
    shown = ("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE")
    return [(event, {**d, "last_message_id": None} if event in shown else d) for event, d in told]


class Host:
    """The host of the sessions of one gateway."""

    def __init__(self, homes: HomePort, store: Store) -> None:
        self.homes = homes
        self._store = store
        self._made = 0

    def make(self, login: Login, **profile: Any) -> Hosted:
        """Make a session that is nowhere yet."""
        self._made += 1
        session, connection = make_session(
            login.id,
            session_id=f"{login.id}-{self._made}",
            is_bot=login.user.bot,
            auth_session_id=login.auth_session_id,
            **profile,
        )
        session.profile = msgspec.structs.replace(session.profile, token_hash=hash_token(login.token))
        return Hosted(session, connection)

    async def log_in(self, login: Login, **profile: Any) -> Hosted:
        """Let a new session into all its guilds."""
        hosted = self.make(login, **profile)
        session, homes = hosted.session, self.homes
        homes.users.enter(session)
        token_hash = session.profile.token_hash
        snapshot = (await self._store.logins.find_many([token_hash]))[token_hash]
        homes.users.know_relationships(session, snapshot.relationships)
        for member in snapshot.memberships:
            stay = homes.guilds.stay(session, member.guild_id)
            with contextlib.closing(stay):
                await stay.open()
                if stay.awaits_row:
                    stay.settle(await self._store.members.find(member.guild_id, login.id))
                homes.guilds.catch_up()
                homes.guilds.enter(session, stay)
        homes.users.set_presence(session, None)
        homes.users.start(session)
        homes.guilds.go_live(session)
        return hosted

    def leave(self, hosted: Hosted) -> Left:
        """Keep of a session what a journal keeps."""
        homes = self.homes
        homes.guilds.catch_up()
        state = msgspec.json.decode(msgspec.json.encode(homes.sessions.describe(hosted.session)), type=SessionState)
        return Left(state, homes.sessions.positions(), len(hosted.told))

    async def restore(self, login: Login, left: Left, **profile: Any) -> tuple[Hosted, RestoreRefusal | None]:
        """Bring the session back as a new one."""
        hosted = self.make(login, **profile)
        refusal = await self.homes.sessions.restore(hosted.session, left.state, left.positions)
        if refusal is not None:
            self.homes.users.leave(hosted.session)
        return hosted, refusal
