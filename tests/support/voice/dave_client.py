"""A client of DAVE as stock libraries are, with their MLS (davey), and without sockets: what it is told waits in order."""

import json
from collections import deque
from collections.abc import Callable

import davey

from voice.dave.negotiation import Negotiation
from voice.protocol.payloads import BinaryPayload, Payload

PROPOSALS = (davey.ProposalsOperationType.append, davey.ProposalsOperationType.revoke)


class DaveClient:
    """A `Participant`. `executed` has the transitions that it has made, `refused` what it could not read."""

    def __init__(self, user_id: int, room: Negotiation, *, channel_id: int, dave_version: int = 1) -> None:
        self.user_id = user_id
        self.dave_version = dave_version
        self.room = room
        self.channel_id = channel_id
        self.version = 0
        self.session: davey.DaveSession | None = None
        self.inbox: deque[Payload | BinaryPayload] = deque()
        self.outbox: deque[Callable[[], None]] = deque()
        self.pending: dict[int, int] = {}
        self.executed: list[int] = []
        self.refused: list[int] = []
        self.is_deaf = False
        """Whether it takes no notice of DAVE, as libraries do that were told to speak none."""
        self.is_slow = False
        """Whether it never says that it is ready."""

    @property
    def code(self) -> str | None:
        """The code that all members of a group have in common."""
        return None if self.session is None else self.session.voice_privacy_code

    def join(self) -> None:
        """Enter the room, as Session Description says."""
        self.version = self.room.version_for(self)
        self.is_deaf = self.version == 0 and self.is_deaf
        self.room.enter(self)
        if self.version:
            self.begin()

    def leave(self) -> None:
        """Leave the room."""
        self.room.leave(self.user_id)
        self.inbox.clear()
        self.outbox.clear()

    def begin(self) -> None:
        """Have no group but the own one, and send a key package."""
        if self.session is None:
            self.session = davey.DaveSession(1, self.user_id, self.channel_id)
        else:
            self.session.reinit(1, self.user_id, self.channel_id)
        package = bytes(self.session.get_serialized_key_package())
        self.outbox.append(lambda: self.room.take_key_package(self, package))

    def lose_keys(self) -> None:
        """Tell the server that this client has lost its group, with nothing on its way to or from it."""
        while self.read() or self.say():
            pass
        self.outbox.append(lambda: self.room.take_invalid(self))
        self.begin()
        while self.say():
            pass

    def send(self, payload: Payload | BinaryPayload) -> None:
        """Take what the server says."""
        encoded = payload.encode(7)
        if isinstance(payload, Payload):
            payload = Payload(payload.op, json.loads(encoded)["d"])
        else:
            assert encoded[:3] == bytes([0, 7, payload.op])
        self.inbox.append(payload)

    def read(self) -> bool:
        """Do what the next message says; return False when there is none."""
        if not self.inbox:
            return False
        payload = self.inbox.popleft()
        if self.is_deaf:
            return True
        if isinstance(payload, Payload):
            self._read_text(payload)
        else:
            self._read_binary(payload.op, payload.data)
        return True

    def say(self) -> bool:
        """Send the next message; return False when there is none."""
        if not self.outbox:
            return False
        self.outbox.popleft()()
        return True

    def _read_text(self, payload: Payload) -> None:
        data = payload.d
        match payload.op:
            case 21:
                self.pending[data["transition_id"]] = data["protocol_version"]
                if data["transition_id"] == 0:
                    self._execute(0)
                else:
                    self._ready(data["transition_id"])
            case 22:
                self._execute(data["transition_id"])
            case 24:
                assert data["epoch"] == 1
                self.version = data["protocol_version"]
                self.begin()
            case _:
                raise AssertionError(payload)

    def _read_binary(self, op: int, data: bytes) -> None:
        assert self.session is not None
        match op:
            case 25:
                self.session.set_external_sender(data)
            case 27:
                made = self.session.process_proposals(PROPOSALS[data[0]], data[1:])
                if made is not None:
                    message = made.commit + (made.welcome or b"")
                    self.outbox.append(lambda: self.room.take_commit(self, message))
            case 29:
                self._take(int.from_bytes(data[:2], "big"), data[2:], self.session.process_commit)
            case 30:
                self._take(int.from_bytes(data[:2], "big"), data[2:], self.session.process_welcome)
            case _:
                raise AssertionError(op)

    def _take(self, number: int, message: bytes, process: Callable[[bytes], None]) -> None:
        try:
            process(message)
        except (ValueError, RuntimeError):
            self.refused.append(number)
            self.outbox.append(lambda: self.room.take_invalid(self))
            self.begin()
            return
        self.pending[number] = 1
        self._ready(number)

    def _ready(self, number: int) -> None:
        if not self.is_slow:
            self.outbox.append(lambda: self.room.take_ready(self, number))

    def _execute(self, number: int) -> None:
        if number in self.pending:  # it knows nothing of a transition that it could not read
            self.version = self.pending.pop(number)
            self.executed.append(number)

    def encrypt(self, frame: bytes) -> bytes:
        """Encrypt a frame of sound as the room's version is."""
        assert self.session is not None
        return bytes(self.session.encrypt_opus(frame)) if self.version and self.session.ready else frame

    def decrypt(self, sender: "DaveClient", frame: bytes) -> bytes:
        """Decrypt a frame of another one."""
        assert self.session is not None
        return bytes(self.session.decrypt(sender.user_id, davey.MediaType.audio, frame))
