"""The drain: clients are told to reconnect (op 7), some at a time, and resume at other workers.

```
 one turn of the loop: op 7, the session loses its connection ─→ a cut
```

What a client has got before op 7 is what the cut says of its session. So the worker that it comes to goes on from this
very cut, and nothing is sent twice. The sessions stay here until they are claimed elsewhere (`taken_sessions`), or come
back to this worker, or their time is over.

Owns nothing: which sessions have a connection says who is still to be told.
"""

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Final

from core.wire import close_codes
from core.wire.opcodes import Opcode
from gateway.journal.journal_writer import JournalWriter
from gateway.scheduling.batch_timer import CallLater
from gateway.sessions.connection import Connection
from gateway.sessions.session_table import SessionTable

_NOTICE_S: Final = 5.0
"""The time in which balancers find that the worker is not ready any more. Before, clients would come back to it."""
_STEP_S: Final = 0.25
_AT_ONCE: Final = 50
"""The clients of a step: 200 a second, which the other workers let in without delay for those that they have."""
_CLOSE_S: Final = 5.0
"""The time after which a connection is closed whose client has not followed op 7. Libraries take milliseconds."""


class Drain:
    """`is_wanted` says whether clients shall go."""

    __slots__ = ("_call_later", "_is_wanted", "_table", "_writer")

    def __init__(
        self, *, table: SessionTable, writer: JournalWriter, call_later: CallLater, is_wanted: Callable[[], bool]
    ) -> None:
        self._call_later = call_later
        self._is_wanted = is_wanted
        self._table = table
        self._writer = writer

    async def run(self) -> None:
        """Send clients away whenever that is wanted, until cancelled."""
        steps = 0
        while True:
            await asyncio.sleep(_STEP_S)
            steps = steps + 1 if self._is_wanted() else 0
            if steps * _STEP_S > _NOTICE_S and any(session.connection is not None for session in self._table):
                await self._writer.write(before=self.send_some)

    def send_some(self) -> None:
        """Tell some clients to reconnect, and take their sessions from their connections."""
        connected = ((session, session.connection) for session in self._table if session.connection is not None)
        for session, connection in islice(connected, _AT_ONCE):
            if connection is not None:
                connection.session = None
                self._table.lose(session)
                connection.send(Opcode.RECONNECT)
                self._call_later(_CLOSE_S, lambda connection=connection: _close(connection))  # type: ignore[misc]


def _close(connection: Connection) -> None:
    connection.close(close_codes.GOING_AWAY)
