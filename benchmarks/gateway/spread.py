"""A message in a guild whose sessions are spread over workers: the cost at its home, on a link, and at each host.

The reference is the same message in a guild with its home in the same process, for the same sessions with the same
sockets, in alternating rounds. At the host counts all that follows the arrival of a frame: reading it, its words, the
variants, and the sends. At the home count the audience, the words of each worker and the bytes of its frame; whoever
carries frames adds what a link costs. There is one process, and each session has one end of a pair of sockets; the
other ends are emptied while the clock stands.
"""

import socket
import statistics
import time
from collections.abc import Collection
from typing import Any, Final

import msgspec
from typing_extensions import override

from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from core.domain.events import MESSAGE_CREATE
from core.domain.intents import ALL_INTENTS
from core_ext.delivery import Outlet, SendQueue
from gateway.far.guest import Guest
from gateway.guilds.guild_sessions import GuildSessions
from gateway.payloads.body import Body
from gateway.payloads.compression import Compression
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding
from gateway.payloads.wire_formats import WireFormats
from gateway.sessions.fanout import MessageVariants
from gateway.sessions.far_guild import FarGuild
from gateway.sessions.seat import FarHost, Seat
from gateway.sessions.session import Session, SessionProfile

_HERE, _FAR, _CHANNEL = 1, 2, 10
_SIZES: Final = ((2, 10), (2, 1000), (20, 50), (20, 1000))
"""Workers, and sessions at each of them."""
_ROUNDS: Final = 25
_EVENTS: Final = 16
"""The messages of a round. They fit a socket's buffer."""
_EVENT: Final = MESSAGE_CREATE
_COLUMNS: Final = [
    Column(key="workers", title="workers"),
    Column(key="sessions", title="sessions at each"),
    Column(key="local_us", title="local CPU µs each", digits=2),
    Column(key="host_us", title="host's CPU µs each", digits=2),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="spread", title="(rounds)"),
    Column(key="home_us", title="home's CPU µs a link", digits=2),
    Column(key="word_bytes", title="bytes of words"),
    Column(key="frame_bytes", title="bytes a link"),
]

_encode_frame = msgspec.msgpack.Encoder().encode
_decode_frame = msgspec.msgpack.Decoder(tuple[int, str, bytes, bytes, int, list[int]]).decode


def run(run: Run) -> Result:
    """A message to sessions of other workers, against one to sessions here."""
    rows = []
    deliveries = 0
    for workers, sessions in run.pick(_SIZES, ((2, 3),)):
        scene = _Scene(workers, sessions)
        try:
            rows.append(scene.measure(run.pick(_ROUNDS, 2)))
            deliveries += scene.delivered
        finally:
            scene.close()
    table = Table(title="a message to sessions of other workers", columns=_COLUMNS, rows=rows)
    return Result(name="spread", tables=[table], deliveries=deliveries)


class _Client:
    """A session with a socket."""

    def __init__(self, user_id: int, queue: SendQueue, wire_format: Any) -> None:
        self._near, self._end = socket.socketpair()
        for each in (self._near, self._end):
            each.settimeout(0)
        profile = _make_profile(user_id)
        self.session = Session(profile, replay_events=_EVENTS, replay_bytes=1 << 20)
        self._outlet = Outlet(queue=queue, wire_format=wire_format, link=_Full(), fd=self._near.fileno())
        self.session.track.attach(self._outlet)

    def drain(self) -> int:
        """Empty the other end, and return the number of bytes."""
        size = 0
        while True:
            try:
                size += len(self._end.recv(1 << 18))
            except BlockingIOError:
                return size

    def close(self) -> None:
        """Close the sockets."""
        self._outlet.cut()
        self._near.close()
        self._end.close()


class _Full:
    """The link under a socket, which is never needed: a round fits the socket."""

    def write(self, data: bytes) -> None:
        """Refuse bytes."""
        raise AssertionError(f"{len(data)} bytes do not fit the socket")

    def get_write_buffer_size(self) -> int:
        """Return 0."""
        return 0


class _Frames(FarHost):
    """A worker that gets frames, of which the last ones are kept."""

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self.word_bytes = 0
        self.frames: list[bytes] = []

    @property
    @override
    def owner(self) -> int:
        return self._owner

    @override
    def seat(self, guild_id: int, slot: int, session: Seat) -> None: ...

    @override
    def release(self, guild_id: int, slot: int, session: Seat) -> None: ...

    @override
    def tell(self, session: Seat, body: Body) -> None: ...

    @override
    def send(self, guild_id: int, event: str, payload: bytes, words: bytes) -> None: ...

    @override
    def send_message(
        self,
        guild_id: int,
        event: str,
        payload: bytes,
        words: bytes,
        *,
        author_id: int,
        mention_ids: Collection[int],
    ) -> None:
        self.word_bytes = len(words)
        self.frames.append(_encode_frame((guild_id, event, payload, words, author_id, list(mention_ids))))


class _Scene:
    """A guild with its home here and one with its home elsewhere, of the same sessions; and the other home."""

    def __init__(self, workers: int, sessions: int) -> None:
        self._workers, self._sessions = workers, sessions
        self._queue = SendQueue(lambda: None)
        wire_format = WireFormats().find(Encoding.JSON, Compression.NONE)
        self._clients = [_Client(user_id, self._queue, wire_format) for user_id in range(1, sessions + 1)]
        self._here = GuildSessions(guild_id=_HERE, channel_ids=(_CHANNEL,))
        self._far = FarGuild(guild_id=_FAR)
        self._home = GuildSessions(guild_id=_FAR, channel_ids=(_CHANNEL,))
        self._hosts = [_Frames(owner) for owner in range(1, workers + 1)]
        self._made = 0
        self.delivered = 0
        for slot, client in enumerate(self._clients):
            self._here.add(client.session, (_CHANNEL,))
            self._far.seat(slot, client.session)
            for host in self._hosts:
                self._home.add(Guest(0, client.session.profile, host), (_CHANNEL,))

    def close(self) -> None:
        """Close the sockets."""
        for client in self._clients:
            client.close()

    def measure(self, rounds: int) -> dict[str, Any]:
        """Measure the row."""
        taken = [(self._send_here(), *self._send_far()) for _ in range(rounds + 1)][1:]
        ratios = sorted(host / local for local, _, host in taken)
        local, home, host = (statistics.median(column) * 1e6 / _EVENTS for column in zip(*taken, strict=True))
        return {
            "workers": self._workers,
            "sessions": self._sessions,
            "local_us": local / self._sessions,
            "host_us": host / self._sessions,
            "ratio": statistics.median(ratios),
            "spread": f"{ratios[0]:.2f}–{ratios[-1]:.2f}",
            "home_us": home / self._workers,
            "word_bytes": self._hosts[0].word_bytes,
            "frame_bytes": len(self._hosts[0].frames[-1]),
        }

    def _make_payload(self) -> bytes:
        """Make a message with another text than all before."""
        self._made += 1
        return b'{"id":"%d","content":"%s"}' % (self._made, b"%06d" % self._made * 100)

    def _send_here(self) -> float:
        """Send messages in the guild that lives here, and return the processor time."""
        payloads = [self._make_payload() for _ in range(_EVENTS)]
        began_s = time.process_time()
        for payload in payloads:
            _send(self._here, payload)
            self._queue.flush(self._sessions)
        return self._end_round(began_s)

    def _send_far(self) -> tuple[float, float]:
        """Send messages in the guild that lives elsewhere. Return the processor time of the home and of a host."""
        for host in self._hosts:
            host.frames.clear()
        payloads = [self._make_payload() for _ in range(_EVENTS)]
        began_s = time.process_time()
        for payload in payloads:
            _send(self._home, payload)
        home_s = time.process_time() - began_s
        began_s = time.process_time()
        for frame in self._hosts[0].frames:
            _, event, payload, words, author_id, mention_ids = _decode_frame(frame)
            self._far.deliver_message(event, payload, words, author_id=author_id, mention_ids=mention_ids)
            self._queue.flush(self._sessions)
        return home_s, self._end_round(began_s)

    def _end_round(self, began_s: float) -> float:
        """Return the processor time since then. Every client must have got every message."""
        took_s = time.process_time() - began_s
        expected = self._clients[0].drain()
        assert expected > 600 * _EVENTS, "the messages have come"
        for client in self._clients[1:]:
            # The numbers of dispatches are the same for all, so the sizes are.
            assert client.drain() == expected, "all get the same"
        self.delivered += self._sessions * _EVENTS
        return took_s


def _send(sessions: GuildSessions, payload: bytes) -> None:
    variants = MessageVariants(DispatchBody(_EVENT, payload), author_id=1, mention_ids=())
    sessions.send_message(_EVENT, variants, sessions.select(_EVENT, _CHANNEL))


def _make_profile(user_id: int) -> SessionProfile:
    return SessionProfile(
        session_id=str(user_id), user_id=user_id, is_bot=True, auth_session_id=1, token_hash=b"", intents=ALL_INTENTS
    )
