"""The actors of the users with sessions: how they are made, and when they are dropped.

An actor lives from its user's first session to the end of the last one. In a cluster the actor at the user's home lives
as long as the user has a session at any worker (`gateway.roaming`). Owns the actors.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from core.bus.interfaces import Bus
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from gateway.scheduling.batch_timer import CallLater
from gateway.users.other_session import Elsewhere, OtherSession
from gateway.users.relations import Relations
from gateway.users.session_news import SessionNews
from gateway.users.shown_presences import ShownPresences
from gateway.users.user_actor import UserActor


class UserActors:
    """The actors, by user id. `shown` is what others are shown of the users."""

    __slots__ = ("_actors", "_count", "_on_offline", "_on_presence", "_on_sessions", "_session_news", "shown")

    def __init__(
        self,
        *,
        relations: Relations,
        bus: Bus,
        clock: Clock,
        call_later: CallLater,
        metrics: Metrics,
        count: Callable[[str, int], None],
    ) -> None:
        """`count` takes the name of an event and how often it was dispatched."""
        self._actors: dict[int, UserActor] = {}
        self._count = count
        self._session_news = SessionNews(tell=self._tell_sessions, call_later=call_later)
        self.shown = ShownPresences(
            actors=self._actors, relations=relations, bus=bus, clock=clock, call_later=call_later, metrics=metrics
        )
        # All actors share these objects. An actor that made its own would be half as large again.
        self._on_presence = self.shown.note_change
        self._on_offline = self.shown.note_offline
        self._on_sessions = self._note_sessions

    def __getitem__(self, user_id: int) -> UserActor:
        """Return the actor of a user with sessions. Raises KeyError for others."""
        return self._actors[user_id]

    def __iter__(self) -> Iterator[UserActor]:
        return iter(list(self._actors.values()))

    def find(self, user_id: int) -> UserActor | None:
        """Find the actor of a user with sessions."""
        return self._actors.get(user_id)

    def find_or_make(self, user_id: int, *, is_bot: bool) -> UserActor:
        """Return the user's actor, which has no session yet when it is made."""
        actor = self._actors.get(user_id)
        return self._make(user_id, is_bot=is_bot) if actor is None else actor

    def has_session(self, user_id: int, session_id: str) -> bool:
        """Return whether the user has this session, here or, as far as that is known here, at another worker."""
        actor = self._actors.get(user_id)
        if actor is None:
            return False
        here = any(session.id == session_id for session in actor.sessions())
        return here or any(other.session_id == session_id for other in actor.elsewhere.sessions)

    def _make(self, user_id: int, *, is_bot: bool) -> UserActor:
        self.shown.begin(user_id)
        actor = self._actors[user_id] = UserActor(
            user_id,
            is_bot=is_bot,
            on_presence=self._on_presence,
            on_offline=self._on_offline,
            on_sessions=self._on_sessions,
            count=self._count,
        )
        return actor

    def know_elsewhere(
        self,
        user_id: int,
        sessions: Sequence[OtherSession],
        guild_ids: Collection[int] = (),
        *,
        is_bot: bool,
        is_told: bool = False,
    ) -> None:
        """Take what is known of a user's sessions at other workers, and at the user's home, in which guilds they are.

        `is_told`: others have been told of the user by an earlier home, and are not told again.
        """
        actor = self._actors.get(user_id)
        if actor is None:
            if not sessions:
                return
            is_told = is_told and not self.shown.was_told_gone(user_id)
            actor = self._make(user_id, is_bot=is_bot)
        else:
            is_told = False
        covered, presence = actor.guild_ids(), actor.presence
        told, known = frozenset(guild_ids), tuple(sessions)
        # Guilds that the user is leaving are told how that has ended.
        on_presence = actor.replace_listener(_tell_nobody) if is_told else None
        actor.know_elsewhere(Elsewhere(known, told | actor.elsewhere.guild_ids))
        actor.elsewhere = Elsewhere(known, told)
        if on_presence is not None:
            actor.replace_listener(on_presence)
        elif actor.presence == presence:
            self.shown.tell_more_guilds(actor, sorted(told - covered))
        self._drop_if_gone(actor)

    def note_left(self, actor: UserActor) -> None:
        """Note that an actor's last session here has ended."""
        self._session_news.forget(actor.user_id)
        self._drop_if_gone(actor)

    def _drop_if_gone(self, actor: UserActor) -> None:
        """Forget a user without sessions. Those elsewhere count at the user's home alone."""
        if len(actor) or (actor.elsewhere.sessions and self.shown.tells(actor.user_id)):
            return
        if self._actors.get(actor.user_id) is actor:
            del self._actors[actor.user_id]
            self.shown.end(actor.user_id)

    def close(self) -> None:
        """Stop the timers."""
        self._session_news.close()
        self.shown.close()

    def _note_sessions(self, actor: UserActor) -> None:
        if len(actor):
            self._session_news.note(actor.user_id)

    def _tell_sessions(self, user_id: int) -> int:
        return self._actors[user_id].tell_sessions()


def _tell_nobody(_actor: UserActor) -> None:
    """Stand for the listener of a presence that others know already."""
