"""What a connection does: assumptions. Nobody has measured a crowd of Guildway's; the range is wide on purpose.

Rates are those of the busiest hour, averages over all connections, most of which are idle.
"""

from typing import Final

import msgspec


class Mix(msgspec.Struct, kw_only=True, frozen=True):
    """The activity of one connection."""

    name: str
    messages_per_s: float
    """Messages that its user sends."""
    recipients: float
    """Sessions that get a message at once; passive ones are told in batches and are among `other_deliveries`."""
    other_deliveries: float
    """Dispatches of another kind (typing, presences, reactions, batches) for one dispatch of a message."""
    volatile_per_message: float
    """Events that pass through Redis and are kept nowhere, such as typing."""
    requests_per_message: float
    """Requests that change nothing, such as pages of history."""
    acks_per_s: float
    """Acks: each a unit of PostgreSQL and an event in a log."""
    units_per_s: float
    """Other units of PostgreSQL: joins, settings, roles."""
    logins_per_s: float
    """Identifies; resumes cost less and are counted as if they were identifies."""


CALM: Final = Mix(
    name="calm",
    messages_per_s=0.001,
    recipients=15,
    other_deliveries=1,
    volatile_per_message=0.5,
    requests_per_message=3,
    acks_per_s=0.001,
    units_per_s=0.0001,
    logins_per_s=1 / 14_400,
)
TYPICAL: Final = Mix(
    name="typical",
    messages_per_s=0.003,
    recipients=40,
    other_deliveries=2,
    volatile_per_message=1,
    requests_per_message=5,
    acks_per_s=0.004,
    units_per_s=0.0002,
    logins_per_s=1 / 7_200,
)
BUSY: Final = Mix(
    name="busy",
    messages_per_s=0.01,
    recipients=100,
    other_deliveries=3,
    volatile_per_message=2,
    requests_per_message=10,
    acks_per_s=0.01,
    units_per_s=0.0005,
    logins_per_s=1 / 3_600,
)
MIXES: Final = (CALM, TYPICAL, BUSY)
