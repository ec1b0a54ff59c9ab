"""The replay of a guild's events to one session that was away: whether it is exact, and who would have got what.

```
 entries of the guild's log that the session has not seen, in their order
   ─→ find_obstacle: does each leave this session's views alone?   ─ no ─→ not exact, nothing is sent
   ─→ the session takes its seat again, quietly
   ─→ GuildActor.replay_to, entry by entry: by the views of now, which are those of then
```

`gateway.events.replay_rules` has the rule of each event. Pure.
"""

from collections.abc import Iterable

from core.bus.interfaces import Delivery
from core.wire.envelope import Envelope
from gateway.events.replay_rules import GUILD_RULES, ReplayRule


def find_obstacle(missed: Iterable[Delivery], user_id: int) -> str | None:
    """Return the first event that may have changed the user's views, by name. None: a replay is exact."""
    return next((each.envelope.event for each in missed if not _is_exact(each.envelope, user_id)), None)


def _is_exact(envelope: Envelope, user_id: int) -> bool:
    match GUILD_RULES.get(envelope.event, ReplayRule.VIEWS):
        case ReplayRule.EXACT | ReplayRule.VOLATILE:
            return True
        case ReplayRule.MEMBER:
            return envelope.user_id != user_id
        case _:
            return False


def is_told_again(envelope: Envelope) -> bool:
    """Return whether a session that was away is sent this event of a guild."""
    return GUILD_RULES.get(envelope.event) in {ReplayRule.EXACT, ReplayRule.MEMBER}
