"""The one place in which errors of Cassandra's driver become ours.

A write has three outcomes: done, not done, and unknown. Not done is what the coordinator refused before it asked a
replica, and what never left this process. Everything else that goes wrong is unknown: a replica may have the write, or
may still get it.

A conditional write (Paxos) asks in rounds. Too few replicas at its serial consistency means that no round was begun; at
another consistency the decision may have fallen already.
"""

import struct
from typing import Final

from cassandra import ConsistencyLevel, ReadFailure
from cassandra import Unavailable as TooFewReplicas
from cassandra.cluster import NoHostAvailable
from cassandra.protocol import IsBootstrappingErrorMessage, OverloadedErrorMessage

from core.domain.errors import DomainError, OutcomeUnknown, Unavailable
from core.store.cassandra.statements import Kind

_NOT_SENT: Final = (NoHostAvailable, OverloadedErrorMessage, IsBootstrappingErrorMessage)
_SERIAL: Final = (ConsistencyLevel.SERIAL, ConsistencyLevel.LOCAL_SERIAL)
_TOO_MANY_TOMBSTONES: Final = 1
"""A replica's reason in a failed read (native protocol v5, §9, error 0x1300)."""


class TooManyTombstones(Unavailable):
    """A read passed over more deleted rows than a server allows. A smaller range may be read."""


def is_unfit_value(error: Exception) -> bool:
    """Return whether binding failed for an integer beyond its column's bits, or for half a surrogate pair."""
    return isinstance(error, UnicodeEncodeError) or isinstance(error.__context__, struct.error)


def translate(error: Exception, kind: Kind) -> DomainError:
    """Return our error for one of the driver's. Its cause is the driver's."""
    translated = _translate(error, kind)
    translated.__cause__ = error
    return translated


def _translate(error: Exception, kind: Kind) -> DomainError:
    if kind in (Kind.READ, Kind.DECIDED_READ):
        is_tombstones = isinstance(error, ReadFailure) and _TOO_MANY_TOMBSTONES in (error.error_code_map or {}).values()
        return TooManyTombstones() if is_tombstones else Unavailable()
    if isinstance(error, _NOT_SENT):
        return Unavailable()
    if isinstance(error, TooFewReplicas) and (kind is Kind.WRITE or error.consistency in _SERIAL):
        return Unavailable()
    return OutcomeUnknown()
