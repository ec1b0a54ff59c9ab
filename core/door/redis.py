"""The doors of a cluster, in Redis: sends of all processes to one channel meet there.

One script decides everything at the entrance (`core/redis/scripts/door/door_open.lua`): whether the log is open,
whether the nonce is new, whether rights have changed since they were checked, whether the channel is held up, slow mode
and limits; and it chooses the id. Another one ends the opening by appending its events in the order of ids. Between the
two the message is stored; whoever stores it calls `close`, or `leave` when the outcome is not known.

Edits and deletions pass the same door (`open_change`), so that a channel's last event shows its last state.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Final, NoReturn

import msgspec
from typing_extensions import override

from core.bus.redis import RedisBus
from core.bus.rights_events import needed_in_private
from core.domain.errors import OutcomeUnknown, RateLimited, SlowMode, StaleRights, Unavailable
from core.domain.ids import shard_of
from core.door.closing import door_shard
from core.door.interfaces import Claim, Door, Opening, Permit
from core.door.opened import OpeningGone
from core.door.pending import Pending, PendingKind, encode_pending
from core.door.redis_openings import NONCE_MS, RedisOpenings, Undo
from core.door.rules import MessageRules, next_standing
from core.door.tickets import Tickets
from core.live.interfaces import RateLimiter, Rule, Standing
from core.live.redis_limits import limit_args, read_standing
from core.live.refusals import Refusals
from core.redis.interfaces import Answer, Argument, Scripts
from core.redis.keys import tag_of
from core.wire.envelope import Envelope

_HELD_UP_MS: Final = 5000
"""The age of an opening at which its channel is refused: a sweeper has ended it before, when one can."""
_NEWS_S: Final = 1.0
"""The time for which stale rights are waited for, so that the next check is by newer ones."""
_LOOK_S: Final = 0.1
"""The time after which a repeat looks whether the first message of another process was given up."""
_LOOKS: Final = 50
"""How often it does, in five seconds."""
_ATTEMPTS: Final = 20
"""The number of late tickets after which a clock is not behind but broken."""

_encode: Final = msgspec.msgpack.Encoder().encode

_Rules = tuple[()] | tuple[tuple[Rule, int], tuple[Rule, tuple[int, int]]]
"""The overall rule and the channel's, with their keys; or none."""


class RedisDoor(Door):
    """The `Door` of one API process of a cluster. `RedisOpenings.run` goes on beside it."""

    __slots__ = ("_bus", "_limiter", "_openings", "_refusals", "_rules", "_scripts", "_tickets")

    def __init__(
        self,
        *,
        bus: RedisBus,
        scripts: Scripts,
        openings: RedisOpenings,
        tickets: Tickets,
        limiter: RateLimiter,
        rules: MessageRules | None,
        refusals: Refusals,
    ) -> None:
        """`limiter` counts where the scripts do. `rules` is None when limits are off."""
        self._bus = bus
        self._scripts = scripts
        self._openings = openings
        self._tickets = tickets
        self._limiter = limiter
        self._rules = rules
        self._refusals = refusals

    @override
    def mark(self) -> int:
        return self._bus.tail.rel.value

    @override
    def open(self, opening: Opening) -> "_Passage":
        return _Passage(self, self._openings, opening)

    @override
    async def confirm(self, claim: Claim) -> None:
        shard = door_shard(self._bus, claim.guild_id, claim.channel_id)
        args = (claim.guild_id, claim.mark, claim.author_id, self._encode_private(claim))
        try:
            answer = await self._bus.insist(partial(self._scripts.call, "door_confirm", tag_of(shard), *args))
        except OutcomeUnknown as error:
            raise Unavailable("the door has not answered") from error
        if answer[0] == b"STALE":
            await self._wait_for_news(answer[1])

    @override
    def set_rules(self, rules: MessageRules | None) -> None:
        self._rules = rules

    @override
    async def look(self, author_id: int, channel_id: int) -> Standing | None:
        rules = self._rules
        if rules is None:
            return None
        overall = await self._limiter.look(rules.overall, author_id)
        return next_standing(overall, await self._limiter.look(rules.channel, (author_id, channel_id)))

    async def close(self, opened_id: int, envelopes: Sequence[Envelope], undo: Undo | None = None) -> None:
        """End an opening by its events, each for its shard; return when this process' listeners have had them.

        `undo` is called when it is certain that they are not told, now or later, until it does not raise Unavailable.

        Raises:
            OpeningGone: when the opening was given up by others, and its events are not told.
            OutcomeUnknown: when Redis stays away. The opening is ended when it is back.
        """
        opened = self._openings.find(opened_id)
        if opened is None:
            # Its sender was cancelled, and has aborted it while the message was being stored.
            await self._openings.undo(undo)
            raise OpeningGone("this process has no such opening any more")
        await self._openings.close(opened, envelopes, undo)

    async def abort(self, opened_id: int) -> None:
        """End an opening without an event, if it is open."""
        opened = self._openings.find(opened_id)
        if opened is not None:
            await self._openings.abort(opened)

    async def leave(self, opened_id: int) -> None:
        """Leave an opening to a sweeper, if it is open: the outcome of storing is not known. Raises Unavailable."""
        opened = self._openings.find(opened_id)
        if opened is not None:
            await self._openings.leave(opened)

    async def open_change(self, channel_id: int, pending: Pending) -> int:
        """Let an edit or a deletion into a channel; return the opening's id, for `close`, `abort` or `leave`.

        Nothing is counted, and no rights are looked at.

        Raises:
            Unavailable: when the door does not answer, or its channel is held up.
        """
        shard = door_shard(self._bus, pending.guild_id, channel_id)
        answer, opened_id = await self._enter(shard, channel_id, pending, (0, 0, 0, "", 0, 0, b""))
        if answer[0] == b"BUSY":
            raise _held_up()
        return opened_id

    async def wait_turn(self, opened_id: int) -> None:
        """Wait until the rows of a change of reactions may be changed, in the order of openings.

        Raises:
            Unavailable: when its turn does not come.
        """
        opened = self._openings.find(opened_id)
        if opened is None:
            raise OpeningGone("this process has no such opening any more")
        await self._openings.wait_turn(opened)

    def shard_of(self, opening: Opening) -> int:
        """Return the shard of the door that a message passes."""
        return door_shard(self._bus, opening.guild_id, opening.channel_id)

    async def admit(self, opening: Opening) -> Permit:
        """Let a message in, or find the first one of its nonce. Raises what `Door.open` raises."""
        shard = self.shard_of(opening)
        guild_id = 0 if opening.mark is None else opening.guild_id
        rules = self._find_rules(opening)
        args = (
            *(guild_id, opening.mark or 0, opening.author_id, opening.nonce or "", NONCE_MS),
            *(opening.slow_mode_s * 1000, self._encode_private(opening)),
            *(part for rule, key in rules for part in limit_args(rule, key)),
        )
        pending = Pending(PendingKind.MESSAGE, opening.guild_id)
        for _ in range(_LOOKS):
            answer, opened_id = await self._enter(shard, opening.channel_id, pending, args)
            word = answer[0]
            if word == b"OK":
                return Permit(opened_id, standing=_read_standing(rules, answer[2:]))
            if word == b"KNOWN":
                first_id = await self._find_first(int.from_bytes(answer[1], "big"), is_open=bool(answer[2]))
                if first_id:
                    return Permit(first_id, is_repeat=True, standing=_read_standing(rules, answer[3:]))
                continue
            await self._refuse(answer, opening, [rule for rule, _ in rules])
        raise _held_up()

    async def _enter(
        self, shard: int, channel_id: int, pending: Pending, args: tuple[Argument, ...]
    ) -> tuple[Answer, int]:
        """Bring tickets until one is not too late; return the answer, and the id when it lets in."""
        what = encode_pending(pending)
        for _ in range(_ATTEMPTS):
            ticket = self._tickets.take()
            answer = await self._openings.begin(shard, channel_id, ticket.ms, ticket.low, what, _HELD_UP_MS, *args)
            if answer[0] != b"LATE":
                return answer, answer[1] << 22 | ticket.low if answer[0] == b"OK" else 0
            self._tickets.advance(answer[1])
        raise Unavailable("ids of other processes are ahead of this one's clock")

    async def _find_first(self, first_id: int, *, is_open: bool) -> int:
        """Return the message of the nonce when it is told; 0 when it was given up, or is not told yet."""
        if not is_open:
            return first_id
        opened = self._openings.find(first_id)
        if opened is not None:
            return await asyncio.shield(opened.outcome)
        return first_id if await self._openings.wait_seen(first_id, _LOOK_S) else 0

    async def _refuse(self, answer: Answer, opening: Opening, rules: Sequence[Rule]) -> None:
        match answer[0]:
            case b"STALE":
                await self._wait_for_news(answer[1])
            case b"SLOW":
                raise SlowMode(answer[1] / 1000)
            case b"LIMITED":
                self._refusals.tell(rules[answer[1]], opening.author_id)
                raise RateLimited(answer[2] / 1000)
            case _:
                raise _held_up()

    async def _wait_for_news(self, rel: int) -> NoReturn:
        """Raise StaleRights when the next check can be by newer rights."""
        await self._bus.wait_applied(rel=rel, timeout_s=_NEWS_S)
        raise StaleRights

    def _encode_private(self, checked: Opening | Claim) -> bytes:
        """Return the rights in private that are looked at, as the script reads them: the tag and field of each."""
        if checked.mark is None or not checked.recipient_ids:
            return b""
        parts = []
        for rights in needed_in_private(checked.recipient_ids, checked.shared_guild_id):
            parts += [tag_of(shard_of(rights.guild_id or rights.user_id, self._bus.num_shards)), rights.name]
        return _encode(parts)

    def _find_rules(self, opening: Opening) -> _Rules:
        """Return the rules with their keys, in the order in which they refuse."""
        if self._rules is None or not opening.is_limited:
            return ()
        channel = (opening.author_id, opening.channel_id)
        return (self._rules.overall, opening.author_id), (self._rules.channel, channel)


class _Passage:
    """The context of one opening, which is entered once."""

    __slots__ = ("_door", "_opening", "_openings", "_permit")

    def __init__(self, door: RedisDoor, openings: RedisOpenings, opening: Opening) -> None:
        self._door = door
        self._openings = openings
        self._opening = opening

    async def __aenter__(self) -> Permit:
        self._permit = await self._door.admit(self._opening)
        return self._permit

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        permit, opening = self._permit, self._opening
        if permit.is_repeat:
            return
        shard = self._door.shard_of(opening)
        nonce = None if opening.nonce is None else (shard, opening.channel_id, opening.author_id, opening.nonce)
        opened = self._openings.find(permit.id)
        if opened is not None:
            await self._openings.abort(opened, permit.first_id)
            if nonce is not None and permit.first_id:
                await self._openings.set_nonce(*nonce, permit.first_id)
        elif nonce is not None and error_type is None:
            self._openings.remember_nonce(*nonce, permit.id)


def _read_standing(rules: _Rules, standings: Sequence[int]) -> Standing | None:
    """Read the standings that the script `door_open` answers, of both rules."""
    if not rules:
        return None
    (overall, _), (channel, _) = rules
    return next_standing(read_standing(overall, standings[:3]), read_standing(channel, standings[3:]))


def _held_up() -> Unavailable:
    return Unavailable("the channel is held up by a message that is not stored yet", retry_after_s=2.0)
