"""The check of what sessions were told, against the naive model's timeline.

A session's dispatches of one owner (a guild, or the user itself) are matched with the log's entries of that owner, in
order, those of messages and those of all else apart: whoever enters a guild gets the messages of the meantime behind
GUILD_CREATE, which has everything else already. From the first match on there may be no gap: each entry that the user
must get stands between its neighbours. Before the first match, `last_message_id` in GUILD_CREATE and READY says which
messages the session starts after. What else it has missed shows in its state at the end (`state_check`).

What the gateway makes itself for one session (CHANNEL_CREATE when a right is given, GUILD_CREATE …) is in no log.
A resume over a killed process may repeat what came last; repeats move nothing.
"""

from typing import Any, Final, NamedTuple

import msgspec

from core.domain.events import (
    CHANNEL_CREATE,
    CHANNEL_DELETE,
    GUILD_CREATE,
    GUILD_DELETE,
    INTERNAL_EVENTS,
    MESSAGE_CREATE,
    READY,
    TEXT_EVENTS,
)
from tests.simulation.checks.timeline import Moment, Timeline, Verdict, created_ms
from tests.simulation.clients.ledger import Dispatch, SessionRecord
from tests.simulation.world.server import CLOCK_MS, EPOCH_MS

_UNLOGGED: Final = frozenset(
    {
        READY,
        "RESUMED",
        GUILD_CREATE,
        "SESSIONS_REPLACE",
        "PRESENCE_UPDATE",
        "TYPING_START",
        "CHANNEL_UNREAD_UPDATE",
        "PASSIVE_UPDATE_V1",
        "PASSIVE_UPDATE_V2",
        "GUILD_MEMBER_LIST_UPDATE",
        "GUILD_MEMBERS_CHUNK",
        "MESSAGE_SEND_ERROR",
    }
)
"""Events that the gateway makes, or that are volatile."""
_ALSO_MADE: Final = frozenset({CHANNEL_CREATE, CHANNEL_DELETE, GUILD_DELETE})
"""Events of the log that the gateway makes for single sessions too."""

_encode = msgspec.json.Encoder(order="sorted").encode

Key = tuple[object, ...]


def key_of(event: str, d: Any) -> Key:
    """Return by what an entry of the log and a dispatch of it are the same."""
    match event:
        case "MESSAGE_CREATE" | "MESSAGE_DELETE":
            return event, d["id"]
        case "MESSAGE_UPDATE":
            return event, d["id"], d.get("content")
        case "MESSAGE_DELETE_BULK":
            return event, *sorted(d["ids"])
        case "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE":
            # The gateway knows newer messages than whoever announced the channel.
            return event, _encode({name: value for name, value in d.items() if name != "last_message_id"})
        case _:
            return event, _encode(d)


class Stream(NamedTuple):
    """The entries that are compared with each other."""

    owner_id: int
    is_text: bool
    """Whether these are the messages of the owner, or all else."""


class LogIndex:
    """The timeline by stream, and by key within a stream."""

    def __init__(self, timeline: Timeline) -> None:
        self.by_stream: dict[Stream, list[Moment]] = {}
        self._places: dict[tuple[Stream, Key], list[int]] = {}
        for moment in timeline.moments:
            assert moment.entry is not None
            envelope = moment.entry.envelope
            if envelope.event in INTERNAL_EVENTS:
                continue
            stream = Stream(envelope.owner_id, envelope.event in TEXT_EVENTS)
            moments = self.by_stream.setdefault(stream, [])
            key = key_of(envelope.event, moment.entry.d)
            self._places.setdefault((stream, key), []).append(len(moments))
            moments.append(moment)

    def places(self, stream: Stream, key: Key, *, until_s: float) -> list[int]:
        """Return where the entry stands in its stream, apart from what was logged later than `until_s`."""
        until_ms = EPOCH_MS + int(until_s * 1000) + CLOCK_MS
        moments = self.by_stream.get(stream, [])
        return [each for each in self._places.get((stream, key), []) if created_ms(moments[each]) <= until_ms]


class _Place(msgspec.Struct):
    """How far a session has come in one stream."""

    last_ids: dict[int, int]
    """Channel → the newest message that the session starts after."""
    index: int = -1
    """The entry of the last dispatch, -1 before the first."""
    alike: list[int] = []
    """Earlier entries of which the last dispatch may have been as well, because they are alike: the first dispatch, or one
    that may repeat what came on another connection. The next dispatch tells, or it does not matter."""
    lives: dict[Key, int] = {}
    """The connection on which each dispatch came first."""


class SessionCheck:
    """Checks one session."""

    def __init__(self, record: SessionRecord, index: LogIndex, violations: list[str]) -> None:
        self._record = record
        self._index = index
        self._violations = violations
        self._places: dict[Stream, _Place] = {}

    def run(self, *, is_live: bool) -> None:
        """Check all dispatches, and at the end that a live session misses nothing."""
        for dispatch in self._record.dispatches:
            self._take(dispatch)
        if is_live:
            for stream, place in self._places.items():
                moments = self._index.by_stream.get(stream, [])
                self._require_none_left_out(stream, place, len(moments), "until the end")

    def _take(self, dispatch: Dispatch) -> None:
        event, d = dispatch.event, dispatch.d
        if event == READY:
            self._begin(self._record.user_id, d["private_channels"])
            for guild in d["guilds"]:
                if "unavailable" not in guild:
                    self._begin(int(guild["id"]), guild["channels"])
        elif event == GUILD_CREATE:
            self._begin(int(d["id"]), d["channels"])
        elif event not in _UNLOGGED:
            self._match(dispatch)
        if event == GUILD_DELETE:
            self._places.pop(Stream(int(d["id"]), is_text=True), None)
            self._places.pop(Stream(int(d["id"]), is_text=False), None)

    def _begin(self, owner_id: int, channels: list[Any]) -> None:
        last_ids = {int(channel["id"]): int(channel.get("last_message_id") or 0) for channel in channels}
        for is_text in (True, False):
            self._places[Stream(owner_id, is_text)] = _Place(last_ids)

    def _match(self, dispatch: Dispatch) -> None:
        stream = Stream(self._owner_of(dispatch), dispatch.event in TEXT_EVENTS)
        place = self._places.get(stream)
        candidates = self._index.places(stream, key_of(dispatch.event, dispatch.d), until_s=dispatch.at_s)
        if place is None:
            if dispatch.event not in _ALSO_MADE:
                self._complain(f"got {_name(dispatch)} of {stream.owner_id}, where it is not")
            return
        found = self._choose(stream, place, candidates, dispatch)
        if found is None:
            return
        moment = self._index.by_stream[stream][found]
        if moment.verdicts.get(self._record.user_id, Verdict.MUST_NOT) is Verdict.MUST_NOT:
            self._complain(f"was shown what it may not see: {_name(dispatch)}, position {moment.entry.position}")  # type: ignore[union-attr]
        self._require_none_left_out(stream, place, found, f"before {_name(dispatch)}")
        place.index = found

    def _choose(self, stream: Stream, place: _Place, candidates: list[int], dispatch: Dispatch) -> int | None:
        """Return the entry that a dispatch is of; None when it moves nothing: made by the gateway, or a repeat."""
        is_made = dispatch.event in _ALSO_MADE
        if not candidates:
            if not is_made:
                self._complain(f"got {_name(dispatch)}, which is in no log")
            return None
        if place.index < 0:
            place.lives[key_of(dispatch.event, dispatch.d)] = dispatch.life
            if is_made:
                return None
            first = self._choose_first(place, candidates, dispatch)
            place.alike = candidates[: candidates.index(first)]
            return first
        if is_made:
            return None
        key = key_of(dispatch.event, dispatch.d)
        is_repeat = place.lives.setdefault(key, dispatch.life) < dispatch.life
        later = [each for each in candidates if each > place.index]
        if is_repeat and not (later and self._find_left_out(stream, place, later[0]) is None):
            return None
        while not later and place.alike:
            place.index = place.alike.pop()  # the dispatch was of an earlier one
            later = [each for each in candidates if each > place.index]
        place.alike = [place.index] if is_repeat else []  # a repeat may be of an earlier one, which moves nothing
        if not later:
            self._complain(f"got {_name(dispatch)} again, or out of order")
            return None
        return later[0]

    @staticmethod
    def _choose_first(place: _Place, candidates: list[int], dispatch: Dispatch) -> int:
        """Choose the entry of a stream's first dispatch: a message that is newer than the session was told first."""
        if dispatch.event == MESSAGE_CREATE:
            newest = place.last_ids.get(int(dispatch.d["channel_id"]), 0)
            return candidates[0] if int(dispatch.d["id"]) > newest else candidates[-1]
        return candidates[-1]

    def _require_none_left_out(self, stream: Stream, place: _Place, until: int, when: str) -> None:
        moment = self._find_left_out(stream, place, until)
        if moment is not None:
            entry = moment.entry
            assert entry is not None
            subject = entry.d.get("id", "")
            self._complain(f"did not get {entry.envelope.event} {subject} at position {entry.position} {when}")

    def _find_left_out(self, stream: Stream, place: _Place, until: int) -> Moment | None:
        """Return the first entry between the session's place and `until` that the user must get."""
        for moment in self._index.by_stream.get(stream, [])[place.index + 1 : until]:
            if moment.verdicts.get(self._record.user_id) is Verdict.MUST and self._is_due(place, moment):
                return moment
        return None

    @staticmethod
    def _is_due(place: _Place, moment: Moment) -> bool:
        if place.index >= 0:
            return moment.entry.envelope.event not in _ALSO_MADE  # type: ignore[union-attr]
        envelope = moment.entry.envelope  # type: ignore[union-attr]
        if envelope.event != MESSAGE_CREATE:
            return False
        newest = place.last_ids.get(envelope.channel_id)
        return newest is not None and envelope.id > newest

    def _owner_of(self, dispatch: Dispatch) -> int:
        d = dispatch.d
        if dispatch.event in ("GUILD_UPDATE", GUILD_DELETE):
            return int(d["id"])
        return int(d.get("guild_id") or self._record.user_id)

    def _complain(self, what: str) -> None:
        user = f"user {self._record.user_id % 10_000:04}"
        self._violations.append(f"{user}, session {self._record.session_id[:6]}, {what}")


def _name(dispatch: Dispatch) -> str:
    d = dispatch.d
    return f"{dispatch.event} {d.get('id', '')} (s={dispatch.seq}, {dispatch.at_s:.3f} s)"
