"""The homes of all guilds of a cluster, as the sessions of this worker reach them: those here, and those elsewhere."""

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec
from typing_extensions import override

from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from core.wire.envelope import Envelope
from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.events.log_progress import LogProgress
from gateway.far.far_entrance import FarEntrance
from gateway.far.far_guilds import FarGuilds
from gateway.far.far_stay import FarStay
from gateway.homes.guild_entrance import GuildEntrance
from gateway.homes.home_port import GuildHomes, KnownMember, Stay
from gateway.sessions.seat import Seat
from gateway.sessions.session import Session
from gateway.sessions.shown_guild import ShownGuild


class ClusterGuilds(GuildHomes):
    """`is_here` says whether a guild's home is here."""

    __slots__ = ("_entrance", "_far", "_here", "_is_here", "_num_shards", "_progress")

    def __init__(
        self,
        *,
        here: GuildEntrance,
        far: FarGuilds,
        entrance: FarEntrance,
        progress: LogProgress,
        num_shards: int,
        is_here: Callable[[int], bool],
    ) -> None:
        """`entrance` is that into guilds elsewhere."""
        self._entrance = entrance
        self._far = far
        self._here = here
        self._is_here = is_here
        self._num_shards = num_shards
        self._progress = progress

    @override
    def stay(self, session: Seat, guild_id: int) -> Stay:
        if self._is_here(guild_id):
            return self._here.stay(session, guild_id)
        return self._far.stay(_own(session), guild_id)

    @override
    def catch_up(self) -> None:
        self._here.catch_up()

    @override
    def show(self, user_id: int, stays: Iterable[Stay]) -> None:
        here: list[Stay] = []
        for stay in stays:
            if not isinstance(stay, FarStay):
                here.append(stay)
            elif stay.is_lost:
                raise Unavailable("the home of a guild was lost during the login")
        self._here.show(user_id, here)

    @override
    def enter(self, session: Seat, stay: Stay) -> None:
        if not isinstance(stay, FarStay):
            self._here.enter(session, stay)

    @override
    def enter_shown(self, session: Seat, stay: Stay) -> ShownGuild | None:
        return self._far.take_shown(stay) if isinstance(stay, FarStay) else self._here.enter_shown(session, stay)

    @override
    def go_live(self, session: Seat) -> None:
        self._far.go_live(_own(session))

    @override
    def enter_later(self, session: Seat, guild_ids: Sequence[int]) -> None:
        self._here.enter_later(session, [guild_id for guild_id in guild_ids if self._is_here(guild_id)])
        elsewhere = [guild_id for guild_id in guild_ids if not self._is_here(guild_id)]
        if elsewhere:
            self._entrance.enter_later(_own(session), elsewhere)

    @override
    def join(self, session: Seat, guild_id: int, *, is_news: bool) -> None:
        if self._far.is_moving(session, guild_id):
            return
        if self._is_here(guild_id):
            self._here.join(session, guild_id, is_news=is_news)
        else:
            # The event that tells of the join may be the one of this position.
            after = self._progress.heard(shard_of(guild_id, self._num_shards)) - is_news
            self._entrance.join(_own(session), guild_id, after)

    @override
    def note_gone(self, envelope: Envelope) -> None:
        self._here.note_gone(envelope)
        self._entrance.note_gone(envelope)

    @override
    def leave_all(self, session: Seat) -> None:
        self._far.leave_all(_own(session))
        self._here.leave_all(session)

    @override
    def subscribe(self, session: Seat, guild_id: int, asked: LazyGuilds | GuildSubscription) -> None:
        # It sits where its guild had its home, for some turns of the loop after that has changed.
        if self._far.has(session, guild_id):
            self._far.subscribe(_own(session), guild_id, asked)
        else:
            self._here.subscribe(session, guild_id, asked)

    @override
    def list_members(self, guild_id: int) -> Collection[KnownMember] | None:
        return self._here.list_members(guild_id) if self._is_here(guild_id) else None

    @override
    async def presences_of(self, guild_id: int, user_ids: Collection[int], *, viewer_id: int) -> list[msgspec.Raw]:
        home = self._here if self._is_here(guild_id) else self._far
        return await home.presences_of(guild_id, user_ids, viewer_id=viewer_id)


def _own(session: Seat) -> Session:
    assert isinstance(session, Session), "a session of this process"  # noqa: S101 - for the type checker
    return session
