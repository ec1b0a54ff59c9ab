"""How far logs were applied: shards whose guilds are dispatched here, and those of other workers."""

import msgspec

from core.bus.interfaces import Delivery
from core.domain.events import Audience
from core.wire.envelope import Envelope
from gateway.events.log_progress import LogProgress, of_users

EVENT = Envelope(id=1, event="TYPING_START", audience=Audience.GUILD, payload=msgspec.Raw(b"{}"), guild_id=1)


def test_shard_elsewhere_is_as_far_as_its_home_and_this_process_are() -> None:
    progress = LogProgress(is_here=lambda shard: shard == 0)
    for shard in (0, 1):
        progress.note(Delivery(7, shard, EVENT))
    assert progress.positions() == {0: 7, of_users(1): 7}
    assert progress.positions_here() == {0: 7}
    progress.reach({1: 5})
    assert progress.positions() == {0: 7, 1: 5, of_users(1): 7}
    assert (progress.position(1), progress.heard(1)) == (5, 7)
    progress.reach({1: 9})
    assert progress.positions() == {0: 7, 1: 7}


def test_volatile_event_has_no_position() -> None:
    progress = LogProgress()
    progress.note(Delivery(7, 0, EVENT))
    progress.note(Delivery(0, 0, EVENT))
    assert progress.positions() == {0: 7}
