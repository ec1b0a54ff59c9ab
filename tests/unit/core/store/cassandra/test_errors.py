"""What the driver's errors say about a write: done by nobody, or perhaps by somebody."""

import pytest
from cassandra import (
    ConsistencyLevel,
    OperationTimedOut,
    ReadFailure,
    ReadTimeout,
    WriteFailure,
    WriteTimeout,
    WriteType,
)
from cassandra import Unavailable as TooFewReplicas
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown

from core.domain.errors import OutcomeUnknown, Unavailable
from core.store.cassandra.errors import TooManyTombstones, translate
from core.store.cassandra.statements import Kind

QUORUM, SERIAL = ConsistencyLevel.LOCAL_QUORUM, ConsistencyLevel.LOCAL_SERIAL
LOST = [
    WriteTimeout("late", write_type=WriteType.SIMPLE, consistency=QUORUM),
    WriteTimeout("late", write_type=WriteType.CAS, consistency=SERIAL),
    WriteFailure("failed", write_type=WriteType.SIMPLE, consistency=QUORUM),
    ReadTimeout("late", consistency=SERIAL),
    OperationTimedOut(),
    ConnectionShutdown("gone"),
    RuntimeError("anything else"),
]


@pytest.mark.parametrize("kind", Kind)
def test_request_that_was_not_sent_did_nothing(kind: Kind) -> None:
    assert type(translate(NoHostAvailable("none", {}), kind)) is Unavailable


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_lost_write_may_have_been_done(error: Exception) -> None:
    for kind in (Kind.WRITE, Kind.CONDITIONAL):
        assert type(translate(error, kind)) is OutcomeUnknown
    for kind in (Kind.READ, Kind.DECIDED_READ):
        translated = translate(error, kind)
        assert type(translated) is Unavailable
        assert translated.__cause__ is error


@pytest.mark.parametrize(
    ("kind", "consistency", "expected"),
    [
        (Kind.READ, QUORUM, Unavailable),
        (Kind.WRITE, QUORUM, Unavailable),
        (Kind.CONDITIONAL, SERIAL, Unavailable),
        (Kind.CONDITIONAL, QUORUM, OutcomeUnknown),  # the decision has fallen, or not
    ],
)
def test_too_few_replicas_did_nothing_unless_a_decision_may_have_fallen(
    kind: Kind, consistency: int, expected: type[Exception]
) -> None:
    assert type(translate(TooFewReplicas("few", consistency=consistency), kind)) is expected


def test_read_over_too_many_tombstones_is_told_apart() -> None:
    refused = ReadFailure("failed", consistency=QUORUM, error_code_map={"127.0.0.1": 1})
    broken = ReadFailure("failed", consistency=QUORUM, error_code_map={"127.0.0.1": 0})
    assert type(translate(refused, Kind.READ)) is TooManyTombstones
    assert type(translate(broken, Kind.READ)) is Unavailable
