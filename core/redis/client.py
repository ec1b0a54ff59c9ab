"""The client of the calls that each message makes: one connection, scripts by their SHA, answers in order.

```
 call ──→ connected? ── yes ─→ sent at the end of the turn ─→ under way ─→ answered
             │ no                                                 │ connection lost
             ↓                                                    ↓
          waiting ── connected within `patience_s` ─→ sent     OutcomeUnknown
             │ no
             ↓
         Unavailable
```

A caller learns the one thing that it must know after a failure: `Unavailable` means that nothing was done,
`OutcomeUnknown` that nobody can tell. Nothing that was sent is sent again, because a script may have run. After
`patience_s` without a connection calls fail at once, so that no crowd piles up; `max_calls` bounds what is under way.

A connection begins with the server's run id and the texts of all scripts. The run id is put before the arguments of
each call when the call is sent, so a script sees which server its caller means.

A server that stops in the middle (SIGSTOP, a lost host) closes nothing. Calls that get no answer for `timeout_s` end
the connection.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from hiredis import ReplyError
from typing_extensions import override

from core.domain.errors import OutcomeUnknown, Unavailable
from core.redis.address import RedisAddress
from core.redis.backoff import Backoff
from core.redis.connection import Connection, pack
from core.redis.greeting import greet
from core.redis.interfaces import Answer, Argument, ScriptFailed, Scripts
from core.redis.scripts import Script

logger = logging.getLogger(__name__)

_REFUSALS: Final = ("LOADING", "BUSY", "MISCONF", "OOM", "READONLY", "MASTERDOWN", "NOREPLICAS", "NOAUTH", "NOPERM")
"""The first words of errors with which a server runs nothing: it loads, its disk or memory is full, it is a replica."""


class ClientOptions(msgspec.Struct, kw_only=True, frozen=True):
    """The bounds of a client."""

    connect_timeout_s: float = 2.0
    timeout_s: float = 5.0
    """The time after which calls without an answer end the connection. An fsync of a busy disk may take a second."""
    patience_s: float = 3.0
    """The time that calls wait for a connection; a restart of Redis takes less."""
    max_calls: int = 20_000
    """The most calls under way or waiting, some seconds of a busy process."""


class _Call(msgspec.Struct):
    """A call of a script."""

    answer: asyncio.Future[Answer]
    script: Script
    tag: str
    args: tuple[Argument, ...]
    began_s: float


class RedisClient(Scripts):
    """Scripts on one server. It must be made on the loop that it is used on; `keep_connected` runs beside it."""

    __slots__ = (
        "_address", "_backoff", "_calls", "_connection", "_count_error", "_given_up", "_heard_s", "_loop", "_lost",
        "_now_s", "_observe", "_options", "_run_id", "_scripts", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        *,
        address: RedisAddress,
        scripts: Mapping[str, Script],
        monotonic_s: Callable[[], float],
        backoff: Backoff,
        options: ClientOptions | None = None,
        observe: Callable[[str, float], None] | None = None,
        count_error: Callable[[str, str], None] = lambda _script, _error: None,
    ) -> None:
        """`observe` gets the name and the seconds of each script that was answered, `count_error` the name and the
        error's class of each that failed.
        """
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._scripts = scripts
        self._now_s = monotonic_s
        self._backoff = backoff
        self._options = options or ClientOptions()
        self._observe = observe
        self._count_error = count_error
        self._connection: Connection | None = None
        self._run_id = ""
        self._calls: deque[_Call | None] = deque()
        """What the server has yet to answer; None for a command whose answer nobody waits for."""
        self._waiting: deque[_Call] = deque()
        self._given_up = False
        self._lost = asyncio.Event()
        self._heard_s = 0.0

    @property
    @override
    def run_id(self) -> str:
        return self._run_id

    @property
    def is_connected(self) -> bool:
        """Whether calls are sent at once."""
        return self._connection is not None

    @override
    def call(self, script: str, tag: str, *args: Argument) -> "asyncio.Future[Answer]":
        answer = self._loop.create_future()
        call = _Call(answer, self._scripts[script], tag, args, self._now_s())
        if len(self._calls) + len(self._waiting) >= self._options.max_calls:
            self._fail(call, Unavailable("too many calls to Redis are under way"))
        elif self._connection is not None:
            self._send(self._connection, call)
        elif self._given_up:
            self._fail(call, self._unavailable())
        else:
            self._waiting.append(call)
        return answer

    @override
    def publish(self, topic: str, data: bytes) -> None:
        if self._connection is not None and len(self._calls) < self._options.max_calls:
            self._push(self._connection, None, ("PUBLISH", topic, data))

    @override
    def rewrite_file(self) -> None:
        if self._connection is not None:
            self._push(self._connection, None, ("BGREWRITEAOF",))

    def _send(self, connection: Connection, call: _Call) -> None:
        self._push(connection, call, ("EVALSHA", call.script.sha, 1, call.tag, self._run_id, *call.args))

    def _push(self, connection: Connection, call: _Call | None, command: tuple[Argument, ...]) -> None:
        if not self._calls:
            self._heard_s = self._now_s()
        self._calls.append(call)
        connection.write(pack(command))

    def _on_answer(self, answer: Any) -> None:
        call = self._calls.popleft()
        self._heard_s = self._now_s()
        if call is None:
            if isinstance(answer, ReplyError):
                logger.warning("Redis refuses", extra={"server": self._address.url, "reason": str(answer)})
            return
        if isinstance(answer, ReplyError):
            self._on_error(call, str(answer))
            return
        if not call.answer.done():
            call.answer.set_result(answer)
        if self._observe is not None:
            self._observe(call.script.name, self._heard_s - call.began_s)

    def _on_error(self, call: _Call, text: str) -> None:
        if text.startswith("NOSCRIPT") and self._connection is not None:
            # Somebody has flushed the server's scripts; the text goes with the call this time.
            command = ("EVAL", call.script.source, 1, call.tag, self._run_id, *call.args)
            self._push(self._connection, call, command)
        else:
            self._fail(call, _error_of(call, text))

    async def keep_connected(self) -> None:
        """Connect, and connect again whenever the connection is lost, until cancelled."""
        patience = self._begin_patience()
        try:
            while True:
                self._lost.clear()
                try:
                    await self._connect()
                except (OSError, TimeoutError, Unavailable) as error:
                    logger.warning("no connection to Redis", extra={"server": self._address.url, "reason": str(error)})
                    await asyncio.sleep(self._backoff.next_s())
                    continue
                patience.cancel()
                self._backoff.reset()
                await self._watch()
                patience = self._begin_patience()
        finally:
            patience.cancel()
            if self._connection is not None:
                self._connection.abort()
            self._give_up()

    def _begin_patience(self) -> asyncio.TimerHandle:
        return self._loop.call_later(self._options.patience_s, self._give_up)

    def _give_up(self) -> None:
        self._given_up = True
        while self._waiting:
            self._fail(self._waiting.popleft(), self._unavailable())

    async def _connect(self) -> None:
        greeted = await greet(self._address, self._scripts.values(), timeout_s=self._options.connect_timeout_s)
        greeted.connection.hand_over(answer=self._on_answer, lost=self._on_lost)
        if self._run_id and greeted.run_id != self._run_id:
            logger.warning("Redis was restarted", extra={"server": self._address.url})
        self._run_id = greeted.run_id
        self._connection = greeted.connection
        self._given_up = False
        while self._waiting:
            call = self._waiting.popleft()
            if not call.answer.done():
                self._send(greeted.connection, call)

    async def _watch(self) -> None:
        """Return when the connection is lost; end it when the server no longer answers."""
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(self._options.timeout_s / 5):
                    await self._lost.wait()
            except TimeoutError:
                if self._calls and self._now_s() - self._heard_s > self._options.timeout_s:
                    logger.warning("Redis does not answer", extra={"server": self._address.url})
                    if self._connection is not None:
                        self._connection.abort()

    def _on_lost(self) -> None:
        connection, self._connection = self._connection, None
        unsent = 0 if connection is None else connection.unsent
        while len(self._calls) > unsent:
            if (call := self._calls.popleft()) is not None:
                self._fail(call, OutcomeUnknown("the connection to Redis was lost"))
        self._waiting.extend(call for call in self._calls if call is not None)
        self._calls.clear()
        self._lost.set()

    def _fail(self, call: _Call, error: Exception) -> None:
        self._count_error(call.script.name, type(error).__name__)
        if not call.answer.done():
            call.answer.set_exception(error)

    def _unavailable(self) -> Unavailable:
        return Unavailable("Redis is not connected")


def _error_of(call: _Call, text: str) -> Exception:
    if text.split(" ", 1)[0] in _REFUSALS:
        return Unavailable(f"Redis refuses: {text}")
    return ScriptFailed(f"{call.script.name}: {text}")
