"""Doors that trace: here a message's audience is known, so here it is decided whether the message is sampled."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Final

from cachetools import TTLCache
from typing_extensions import override

from core.domain.errors import Unavailable
from core.door.interfaces import Claim, Door, Opening, Permit
from core.door.rules import MessageRules
from core.live.interfaces import Standing
from core.runtime.settings.settings import TraceSettings
from core.runtime.traces.interfaces import Tracer
from core.runtime.traces.request import CURRENT, TracedRequest
from core.runtime.traces.sampling import compute_chance

_GUILDS: Final = 10_000
_KNOWN_S: Final = 60.0
"""The time for which a guild's audience is taken to be as it was."""

CountOnline = Callable[[Collection[int]], Awaitable[Mapping[int, int]]]


class Sampler:
    """Decides by the audience of a message. `draw` returns a number from 0 up to 1."""

    __slots__ = ("_audiences", "_count_online", "_draw", "_settings")

    def __init__(
        self,
        settings: TraceSettings,
        *,
        count_online: CountOnline,
        draw: Callable[[], float],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._count_online = count_online
        self._draw = draw
        self._audiences: TTLCache[int, int] = TTLCache(_GUILDS, _KNOWN_S, timer=monotonic_s)

    async def is_sampled(self, opening: Opening) -> bool:
        """Return whether this message is traced."""
        drawn = self._draw()
        if drawn >= self._settings.ratio:
            return False  # no audience is small enough
        audience = await self._find_audience(opening)
        if audience is None:
            return False
        return drawn < compute_chance(audience, ratio=self._settings.ratio, full_audience=self._settings.full_audience)

    async def _find_audience(self, opening: Opening) -> int | None:
        guild_id = opening.guild_id
        if not guild_id:
            return len(opening.recipient_ids)
        audience = self._audiences.get(guild_id)
        if audience is None:
            try:
                audience = (await self._count_online([guild_id])).get(guild_id, 0)
            except Unavailable:
                return None
            self._audiences[guild_id] = audience
        return audience


class TracedDoor(Door):
    """A `Door` before another one."""

    __slots__ = ("_door", "_sampler", "_tracer")

    def __init__(self, door: Door, *, sampler: Sampler, tracer: Tracer) -> None:
        self._door = door
        self._sampler = sampler
        self._tracer = tracer

    @override
    def mark(self) -> int:
        return self._door.mark()

    @override
    async def confirm(self, claim: Claim) -> None:
        await self._door.confirm(claim)

    @override
    async def look(self, author_id: int, channel_id: int) -> Standing | None:
        return await self._door.look(author_id, channel_id)

    @override
    def set_rules(self, rules: MessageRules | None) -> None:
        self._door.set_rules(rules)

    @override
    @contextlib.asynccontextmanager
    async def open(self, opening: Opening) -> AsyncIterator[Permit]:
        """Open, and note how long that took for a message that is sampled."""
        request = CURRENT.get()
        is_known = request is not None and request.span is not None
        if not is_known and not await self._sampler.is_sampled(opening):
            async with self._door.open(opening) as permit:
                yield permit
            return
        async with self._follow(request) as followed:
            span = self._tracer.begin("door", parent=followed.sample().context)
            outcome = "refused"
            try:
                async with self._door.open(opening) as permit:
                    outcome = "repeat" if permit.is_repeat else "open"
                    span.end(outcome=outcome, guild_id=opening.guild_id, channel_id=opening.channel_id)
                    yield permit
            finally:
                if outcome == "refused":
                    span.end(outcome=outcome)

    @contextlib.asynccontextmanager
    async def _follow(self, request: TracedRequest | None) -> AsyncIterator[TracedRequest]:
        """Return the request; what came over a socket, and is none, begins here and ends with the door."""
        if request is not None:
            yield request
            return
        request = TracedRequest(self._tracer)
        token = CURRENT.set(request)
        try:
            yield request
        finally:
            CURRENT.reset(token)
            if request.span is not None:
                request.span.end()
