"""What one person does in voice: comes into their room, speaks or listens for a while, and leaves.

A speaker sends fifty frames a second, each with the time at which it was sent, which a node does not look into. Every
listener of the room reads it: `voice` is from the sending of a frame to its arrival, by the node and back. `voice join`
is from the command to the gateway to the key of the voice gateway. When a server moves the room, or its node dies, the
person follows (`voice rejoin`).
"""

import time
from typing import Final

import gevent
import msgspec
from gevent.queue import Empty, Queue

from loadtest.measures.frame import encode_machine, make_frame, read_frame
from loadtest.measures.sound import Sound, SoundStream
from loadtest.people.listener import Tally
from loadtest.wire.gateway_client import VOICE_STATE, GatewayClient
from loadtest.wire.rtp import Packet
from loadtest.wire.voice_client import VoiceClient, VoiceLine, VoiceSeat
from loadtest.wire.voice_messages import VoiceServer
from loadtest.wire.web_socket import ConnectionEndedError

_FRAME_S: Final = 0.02
_MOST_LATE_S: Final = 0.1
"""A speaker who is later does not catch up: nobody speaks quicker after a pause."""
_JOIN_S: Final = 10.0
"""The time for a voice server to be named, three times the goal of a whole join."""
_REJOIN_S: Final = 30.0
"""The time for another one to be named: a node that has died is started again within seconds, a room moves later."""
_MS: Final = 1000.0
_NS_PER_MS: Final = 1e6


class Place(msgspec.Struct, frozen=True):
    """A person's place in voice."""

    user_id: str
    guild_id: str
    channel_id: str
    speaks: bool


class Caller:
    """One person in voice. It is the observer of their voice clients."""

    __slots__ = (
        "_client", "_forgives_ends", "_line", "_machine", "_place", "_servers", "_session_id", "_sound", "_streams",
        "_tally",
    )  # fmt: skip

    def __init__(
        self,
        *,
        place: Place,
        line: VoiceLine,
        client: GatewayClient,
        servers: "Queue[VoiceServer]",
        tally: Tally,
        sound: Sound,
        machine: str,
        forgives_ends: bool = False,
    ) -> None:
        """`servers` gets what the gateway says of voice servers; `machine` is `read_machine`'s word."""
        self._place = place
        self._line = line
        self._client = client
        self._servers = servers
        self._tally = tally
        self._sound = sound
        self._machine = encode_machine(machine)
        self._forgives_ends = forgives_ends
        self._session_id = ""
        self._streams: dict[int, SoundStream] = {}

    def stay(self, stay_s: float) -> None:
        """Join, stay for so long, and leave."""
        if not self._client.ready.is_set():
            return
        self._session_id = self._client.session_id
        while not self._servers.empty():
            self._servers.get()
        began = time.monotonic()
        self._move(self._place.channel_id)
        try:
            self._visit(began, began + stay_s)
        finally:
            self._move(None)

    # ---- the observer

    def hear(self, packet: Packet) -> None:
        """Count a packet, and time it if it is a load test's of this machine."""
        now_ns = time.monotonic_ns()
        stream = self._streams.get(packet.ssrc)
        if stream is None:
            stream = self._streams[packet.ssrc] = SoundStream(self._sound)
        if not stream.note(packet.sequence):
            return
        stamp = read_frame(packet.sound)
        if stamp is not None and stamp.machine == self._machine:
            self._tally.measure("voice", (now_ns - stamp.sent_ns) / _NS_PER_MS, len(packet.sound))

    def measure(self, name: str, took_ms: float) -> None:
        """Pass on what a client has measured."""
        self._tally.measure(name, took_ms)

    def fail(self, name: str, error: str) -> None:
        """Pass on a fault that a client has found, unless it belongs to the scenario."""
        is_same_session = self._client.ready.is_set() and self._client.session_id == self._session_id
        if is_same_session and not self._forgives_ends:
            self._tally.fail(name, error)

    # ---- a stay

    def _move(self, channel_id: str | None) -> None:
        state = {"guild_id": self._place.guild_id, "channel_id": channel_id, "self_mute": False, "self_deaf": False}
        self._client.send(VOICE_STATE, state)

    def _visit(self, began: float, until: float) -> None:
        name, end, patience_s = "voice join", "no answer to the command", _JOIN_S
        while True:
            server = self._find_server(patience_s)
            if server is None:
                self.fail(name, f"{end}, and the gateway has named no voice server since")
                return
            visit, has_seat = self._make_client(server), False
            try:
                visit.open()
                has_seat = True
                self._tally.measure(name, (time.monotonic() - began) * _MS)
                self._streams.clear()
                self._talk(visit, until)
            except ConnectionEndedError as ended:
                visit.end = str(ended)
            finally:
                visit.close()
            if time.monotonic() >= until:
                return
            end = visit.end
            if has_seat:
                name, began, patience_s = "voice rejoin", time.monotonic(), _REJOIN_S

    def _find_server(self, patience_s: float) -> VoiceServer | None:
        """Return the server that was named last, or the next one; None when none is in time."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                server: VoiceServer = self._servers.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return None
            if server.endpoint and self._servers.empty():
                return server

    def _make_client(self, server: VoiceServer) -> VoiceClient:
        place = self._place
        seat = VoiceSeat(server.endpoint or "", server.token, place.guild_id, place.user_id, self._session_id)
        return VoiceClient(line=self._line, seat=seat, observer=self)

    def _talk(self, visit: VoiceClient, until: float) -> None:
        """Speak or listen until the time is over, or the visit has ended, or another server is named."""
        if self._place.speaks:
            visit.speak()
        due = time.monotonic()
        while (now := time.monotonic()) < until and not visit.ended.is_set() and self._servers.empty():
            if not self._place.speaks:
                visit.ended.wait(timeout=min(1.0, until - now))
                continue
            self._sound.sent += visit.send(make_frame(self._machine, time.monotonic_ns()))
            due = now if now - due > _MOST_LATE_S else due + _FRAME_S
            gevent.sleep(max(0.0, due - time.monotonic()))
