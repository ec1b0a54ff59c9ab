"""Relaying: gaps are filled from the outbox, and what cannot be told is no success."""

from collections.abc import Sequence

import pytest

from core.domain.errors import OutcomeUnknown, Unavailable
from core.store.sql.engine.query import Query, Rows
from core.store.sql.postgres.outbox import Entries, Outbox
from core.store.sql.postgres.relaying import Relaying, RevisionsGone
from core.wire.envelope import Envelope, encode_envelope
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.memory_relay import MemoryRelay

OWNER = flake(1)


class StoredRows:
    """An outbox's rows of one shard, in place of a database."""

    def __init__(self, envelopes: Sequence[Envelope], first: int = 1) -> None:
        self.rows = [(n, encode_envelope(envelope)) for n, envelope in enumerate(envelopes, first)]

    async def query(self, _: Query, *, shard: int, after: int, limit: int) -> Rows:
        assert shard == 0
        return [row for row in self.rows if row[0] > after][:limit]


def new_relaying(rows: StoredRows) -> tuple[Relaying, MemoryRelay]:
    relay = MemoryRelay(MemoryBus(num_shards=1))
    outbox = Outbox(reads=rows, num_shards=1, clock=FakeClock())  # type: ignore[arg-type]  # only reads rows
    return Relaying(relay=relay, tail=relay, is_open=lambda: relay.is_open, outbox=outbox), relay


def events(count: int) -> list[Envelope]:
    return [new_envelope(number, OWNER) for number in range(1, count + 1)]


async def test_gap_is_filled_in_order() -> None:
    """Also one of more rows than go to the log at once."""
    made = events(500)
    relaying, relay = new_relaying(StoredRows(made))
    await relaying.publish({0: Entries(500, made[-1:])})
    assert relay.revisions[0] == list(range(1, 501))


async def test_events_are_told_once_however_often_they_are_relayed() -> None:
    made = events(3)
    relaying, relay = new_relaying(StoredRows(made))
    for first in (1, 2, 1, 3):
        await relaying.publish({0: Entries(first, made[first - 1 :])})
    assert relay.revisions[0] == [1, 2, 3]


async def test_gap_that_nothing_can_fill_is_an_error() -> None:
    made = events(9)
    relaying, relay = new_relaying(StoredRows(made[4:], first=5))
    with pytest.raises(RevisionsGone):
        await relaying.relay(0, Entries(9, made[-1:]))
    assert relay.revisions[0] == []


async def test_log_that_stays_away_is_an_unknown_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.sql.postgres.relaying._PATIENCE_S", 0.0)
    made = events(1)
    relaying, relay = new_relaying(StoredRows(made))
    relay.is_away = True
    with pytest.raises(OutcomeUnknown):
        await relaying.publish({0: Entries(1, made)})


def test_unit_is_refused_while_the_log_is_away() -> None:
    relaying, relay = new_relaying(StoredRows(()))
    relaying.check_open()
    relay.is_open = False
    with pytest.raises(Unavailable):
        relaying.check_open()
