"""The check of rights: a revocation that was answered holds for every request that begins after it.

```
 revocation answered ──┐
                       ↓ floor                 ceiling
 log   ──────●─────────●──────────●────────────●────────
                       │←─ request ─→ its entry, or its answer
```

The *floor* of a request is the newest entry that had been acknowledged to anybody when the request began, the *ceiling*
the message's own entry, or the newest one when the answer came. What was done must be allowed at some moment between
the two; what was refused must be forbidden at some moment between them.

Rows may be read before their entry is in the log, when nobody could bring it there. So an entry that was committed
before the ceiling, but came into the log after it, is the ceiling.
"""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Final

from core.domain.events import MESSAGE_CREATE
from tests.simulation.checks.timeline import Moment, Timeline
from tests.simulation.clients.ledger import Deed, Ledger
from tests.simulation.world.server import CLOCK_MS, EPOCH_MS

_NONE: Final[Mapping[int, int]] = MappingProxyType({})
_Mark = tuple[str, str]
"""An event, and the id of its subject."""


class RightsCheck:
    """Checks all requests of a ledger."""

    def __init__(
        self,
        ledger: Ledger,
        timeline: Timeline,
        violations: list[str],
        *,
        committed_ms: Mapping[int, int] = _NONE,
        late_ms: int = CLOCK_MS,
        is_in_log_order: bool = True,
    ) -> None:
        """`committed_ms`: when entries were committed, by position, where not when the log got them.

        `late_ms`: an answer may be as new as entries that the log gets so much later. `is_in_log_order` says that the
        timeline has the entries as the logs got them. In the order of commits, a change of one guild that was
        acknowledged says nothing of an earlier one of another guild, which may still be on its way.
        """
        self._ledger = ledger
        self._late_ms = late_ms
        self._is_in_log_order = is_in_log_order
        self._moments = [timeline.start, *timeline.moments]
        self._violations = violations
        self._created_ms = [0] + [_entry(moment).created_ms for moment in timeline.moments]
        committed = [0] + [
            committed_ms.get(_entry(moment).position, _entry(moment).created_ms) for moment in timeline.moments
        ]
        self._known_ms = list(accumulate(reversed(committed), min))[::-1]
        """When the first was committed of each entry and all after it."""
        self._created: dict[int, int] = {}
        self._marked: dict[_Mark, list[int]] = {}
        for place, moment in enumerate(self._moments[1:], 1):
            entry = _entry(moment)
            self._marked.setdefault((entry.envelope.event, _subject(entry.d)), []).append(place)
            if entry.envelope.event == MESSAGE_CREATE:
                self._created.setdefault(entry.envelope.id, place)
        self._channels = {
            channel_id: guild_id for guild_id, each in timeline.guilds.items() for channel_id in each.channels
        }
        """The channels that are left at the end, with their guilds."""
        self._floors = sorted(self._list_floors())

    def run(self) -> None:
        """Check sends and reads in guilds."""
        for send in self._ledger.sends:
            for deed in send.attempts:
                if send.channel_id in self._channels:
                    self._check_send(deed, send.channel_id)
        for deed in self._ledger.deeds:
            path = deed.request.path
            if deed.request.method == "GET" and path.startswith("/channels/") and "/messages" in path:
                self._check_read(deed, int(path.split("/")[2]))

    def _check_send(self, deed: Deed, channel_id: int) -> None:
        if deed.answer is None:
            return
        place = self._created.get(int(deed.answer.json()["id"])) if deed.answer.is_good else None
        window = self._window(deed, channel_id, place)
        allowed = [moment.may_send(deed.user_id, channel_id) for moment in window]
        if deed.answer.is_good and not any(allowed):
            self._complain(deed, "sent a message without the right to")
        elif deed.answer.status in (403, 404) and all(allowed):
            self._complain(deed, "was refused a message that it may send")

    def _check_read(self, deed: Deed, channel_id: int) -> None:
        if deed.answer is None:
            return
        window = self._window(deed, channel_id, None)
        allowed = [moment.may_view(deed.user_id, channel_id) for moment in window]
        if deed.answer.is_good and not any(allowed):
            self._complain(deed, "read a channel without the right to")
        elif deed.answer.status in (403, 404) and all(allowed):
            self._complain(deed, "was refused a channel that it may read")

    def _window(self, deed: Deed, channel_id: int, ceiling: int | None) -> list[Moment]:
        """Return the moments from a request's floor to its ceiling. A repeat may be answered from before its floor."""
        before = bisect_right(self._floors, (deed.begun_s, len(self._moments)))
        guild_id = self._channels.get(channel_id)
        floors = (place for _, place in self._floors[:before])
        floor = max(
            (place for place in floors if self._is_in_log_order or self._guild_of(place) == guild_id), default=0
        )
        if ceiling is not None:
            ceiling = bisect_right(self._known_ms, self._created_ms[ceiling]) - 1
        else:
            ceiling = bisect_right(self._created_ms, EPOCH_MS + int(deed.ended_s * 1000) + self._late_ms) - 1
        return self._moments[min(floor, ceiling) : ceiling + 1]

    def _guild_of(self, place: int) -> int:
        return int(_entry(self._moments[place]).envelope.guild_id)

    def _list_floors(self) -> list[tuple[float, int]]:
        """Return when an entry was first known to be committed, for each change of rights that was acknowledged."""
        floors = []
        for deed in self._ledger.deeds:
            mark = _mark_of(deed) if deed.is_acknowledged else None
            if mark is None:
                continue
            begun_ms = EPOCH_MS + int(deed.begun_s * 1000) - CLOCK_MS
            ended_ms = EPOCH_MS + int(deed.ended_s * 1000) + CLOCK_MS
            for place in self._marked.get(mark, ()):
                if begun_ms <= self._created_ms[place] <= ended_ms:
                    floors.append((deed.ended_s, place))
                    break
        return floors

    def _complain(self, deed: Deed, what: str) -> None:
        request = deed.request
        user = f"user {deed.user_id % 10_000:04}"
        self._violations.append(
            f"{user} {what}: {request.method} {request.path}, {deed.begun_s:.3f} to {deed.ended_s:.3f} s"
        )


def _entry(moment: Moment) -> Any:
    assert moment.entry is not None
    return moment.entry


def _subject(d: Any) -> str:
    """Return the id of whom or what an entry is about."""
    for name in ("role", "user"):
        if isinstance(d.get(name), dict):
            return str(d[name]["id"])
    return str(d.get("role_id") or d.get("id") or "")


def _mark_of(deed: Deed) -> _Mark | None:
    """Return the entry that a request makes which changes rights."""
    match (deed.request.method, *deed.request.path.strip("/").split("/")):
        case ("PATCH", "guilds", _, "roles", role_id):
            return "GUILD_ROLE_UPDATE", role_id
        case ("DELETE", "guilds", _, "roles", role_id):
            return "GUILD_ROLE_DELETE", role_id
        case ("PUT" | "DELETE", "guilds", _, "members", user_id, "roles", _):
            return "GUILD_MEMBER_UPDATE", user_id
        case ("DELETE", "guilds", _, "members", user_id) | ("PUT", "guilds", _, "bans", user_id):
            return "GUILD_MEMBER_REMOVE", user_id
        case ("DELETE", "users", "@me", "guilds", _):
            return "GUILD_MEMBER_REMOVE", str(deed.user_id)
        case ("PUT" | "DELETE", "channels", channel_id, "permissions", _):
            return "CHANNEL_UPDATE", channel_id
        case ("DELETE", "channels", channel_id):
            return "CHANNEL_DELETE", channel_id
        case ("POST", "invites", _):
            return "GUILD_MEMBER_ADD", str(deed.user_id)
    return None
