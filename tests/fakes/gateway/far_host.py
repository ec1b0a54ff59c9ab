"""A worker elsewhere, without the link: its sessions, their seats as guilds see them, and what is under way to it."""

from collections.abc import Callable, Collection
from typing import Any, Final

from typing_extensions import override

from gateway.far.guest import Guest
from gateway.payloads.body import Body
from gateway.sessions.far_guild import FarGuild
from gateway.sessions.seat import FarHost, Seat
from gateway.sessions.session import Session


class FarSeat(Guest):
    """A session of a far host, with the session itself."""

    def __init__(self, session: Session, host: "FakeFarHost") -> None:
        super().__init__(0, session.profile, host)
        self.session: Final = session

    @property
    @override
    def is_ended(self) -> bool:
        return self.session.is_ended


class FakeFarHost(FarHost):
    """Everything is under way until `arrive`."""

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self.guilds: dict[int, FarGuild] = {}
        self.on_the_way: list[Callable[[], object]] = []
        self.crossed: list[tuple[str, int]] = []
        """The event of each call for many sessions, and the number of bytes of its words."""

    def carry(self, step: Callable[[], object]) -> None:
        """Put something on the way."""
        self.on_the_way.append(step)

    def arrive(self, count: int | None = None) -> None:
        """Let so much arrive, or everything."""
        count = len(self.on_the_way) if count is None else count
        arriving, self.on_the_way = self.on_the_way[:count], self.on_the_way[count:]
        for step in arriving:
            step()

    def guild(self, guild_id: int) -> FarGuild:
        """Return the guild as the worker has it."""
        if guild_id not in self.guilds:
            self.guilds[guild_id] = FarGuild(guild_id=guild_id)
        return self.guilds[guild_id]

    @property
    @override
    def owner(self) -> int:
        return self._owner

    @override
    def seat(self, guild_id: int, slot: int, session: Seat) -> None:
        assert isinstance(session, FarSeat)
        seated = session.session
        # A session that has ended meanwhile is not seated: the home hears of its end.
        self.carry(lambda: None if seated.is_ended else self.guild(guild_id).seat(slot, seated))

    @override
    def release(self, guild_id: int, slot: int, session: Seat) -> None:
        self.carry(lambda: self.guild(guild_id).release(slot))

    @override
    def tell(self, session: Seat, body: Body) -> None:
        assert isinstance(session, FarSeat), "a seat of these tests"
        self.carry(lambda: session.session.dispatch(body))

    @override
    def send(self, guild_id: int, event: str, payload: bytes, words: bytes) -> None:
        self.crossed.append((event, len(words)))
        self.carry(lambda: self.guild(guild_id).deliver(event, payload, words))

    @override
    def send_message(
        self,
        guild_id: int,
        event: str,
        payload: bytes,
        words: bytes,
        *,
        author_id: int,
        mention_ids: Collection[int],
    ) -> None:
        self.crossed.append((event, len(words)))
        concerned: dict[str, Any] = {"author_id": author_id, "mention_ids": mention_ids}
        self.carry(lambda: self.guild(guild_id).deliver_message(event, payload, words, **concerned))
