"""The encodings of a gateway's payloads: JSON, and ETF as erlpack reads and writes it.

A payload's envelope is read at once, its body only when somebody asks: most events of a load test are counted and
nothing more.
"""

from typing import Any, Final, Protocol, TypeVar

import erlpack
import msgspec

from loadtest.wire.frames import BINARY, TEXT

T = TypeVar("T")


class Payload(msgspec.Struct):
    """The envelope of a payload. `d` is encoded still."""

    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")
    s: int | None = None
    t: str | None = None


class TermPayload(msgspec.Struct):
    """The envelope of a payload in ETF. `d` is a tree, with bytes for texts."""

    op: int
    d: Any = None
    s: int | None = None
    t: str | None = None


class Reader(Protocol):
    """Who can read the body of a payload: its encoding."""

    def take(self, payload: Any, kind: type[T]) -> T:
        """Read it."""


class Json:
    """JSON, in text messages."""

    __slots__ = ("_reader",)
    name = "json"
    opcode = TEXT

    def __init__(self) -> None:
        self._reader = msgspec.json.Decoder(Payload)

    def encode(self, command: Any) -> bytes:
        """Encode a command."""
        return msgspec.json.encode(command)

    def read(self, message: bytes) -> Payload:
        """Read a payload's envelope."""
        return self._reader.decode(message)

    def take(self, payload: Payload, kind: type[T]) -> T:
        """Read the body."""
        return msgspec.json.decode(payload.d, type=kind)


class Etf:
    """Erlang's external term format, in binary messages."""

    __slots__ = ()
    name = "etf"
    opcode = BINARY

    def encode(self, command: Any) -> bytes:
        """Encode a command."""
        return bytes(erlpack.pack(command))

    def read(self, message: bytes) -> TermPayload:
        """Read the whole payload, and keep its body as erlpack gives it. Raises DecodeError as the other one does."""
        try:
            term = {_read_text(key): value for key, value in erlpack.unpack(message).items()}
            return TermPayload(op=term["op"], d=term.get("d"), s=term.get("s"), t=_read_text(term.get("t")))
        except Exception as error:  # erlpack raises whatever it stumbles over
            raise msgspec.DecodeError(f"no payload in ETF: {error!r}") from error

    def take(self, payload: TermPayload, kind: type[T]) -> T:
        """Read the body."""
        return msgspec.convert(_read_texts(payload.d), type=kind)


def _read_text(value: Any) -> Any:
    """erlpack gives binaries as bytes, and atoms as a kind of str."""
    if isinstance(value, bytes):
        return value.decode()
    return str(value) if isinstance(value, str) else value


def _read_texts(term: Any) -> Any:
    if isinstance(term, dict):
        return {_read_text(key): _read_texts(value) for key, value in term.items()}
    if isinstance(term, list):
        return [_read_texts(each) for each in term]
    return _read_text(term)


ENCODINGS: Final[dict[str, type[Json] | type[Etf]]] = {"json": Json, "etf": Etf}
"""By the value of `encoding` in the gateway's address."""
