"""A model of `core_ext`'s templates, for its test suite. `template_c.pyx` explains the algorithm."""

from typing import Any

from core_ext.payloads.framing_py import MAX_SEQ, frame, splice_json
from core_ext.payloads.template_c import FIXED, JSON_DEFLATE, JSON_ZSTD, MEMO_ENTRIES, MIN_SHARES, PADDED


class Template:
    """One event in one wire format. It is immutable."""

    __slots__ = ("_head", "_mode", "_opcode", "_rest", "_tail")

    def __init__(self, opcode: int, mode: int, head: bytes, tail: bytes, rest: tuple[bytes, ...] = ()) -> None:
        if not 0 <= opcode <= 15 or not FIXED <= mode <= PADDED:
            raise ValueError("no such opcode or mode")
        if not all(isinstance(part, bytes) for part in rest):
            raise TypeError("parts are bytes")
        self._opcode = opcode
        self._mode = mode
        self._head = head
        self._tail = tail
        self._rest = rest

    def encode(self, seq: int) -> bytes:
        """Return the whole frame for one recipient. Raises OverflowError for a `seq` outside 0..2**31-1."""
        if not 0 <= seq <= MAX_SEQ:
            raise OverflowError("seq must be in 0..2**31-1")
        return frame(self._opcode, b"".join((self._before(seq), self._tail, *self._rest)))

    @property
    def shared(self) -> bytes:
        """Return tail and rest, the end of every recipient's payload."""
        return b"".join((self._tail, *self._rest))

    def _before(self, seq: int) -> bytes:
        if self._mode == FIXED:
            return self._head + seq.to_bytes(4, "big")
        if self._mode == PADDED:
            return self._head + b"%-10d" % seq
        prefix = splice_json(seq, b"")
        size = len(prefix)
        if self._mode == JSON_DEFLATE:
            return b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + prefix
        if self._mode == JSON_ZSTD:
            return (size << 3).to_bytes(3, "little") + prefix
        return prefix


class _Entry:
    """One body in one wire format.

    `votes` counts for `previous`, the candidate for the most frequent last body. It rises with each recipient that has
    it, sinks with each other one, and at 0 another body takes the place (Boyer and Moore's majority vote).
    """

    __slots__ = ("body", "chained", "previous", "template", "votes", "wire_format")

    def __init__(self, body: Any, wire_format: Any) -> None:
        self.body = body
        self.wire_format = wire_format
        self.template: Template = body.find_template(wire_format)
        self.previous: Any = None
        self.chained: Template | None = None
        self.votes = 0


class TemplateMemo:
    """The templates of one walk over recipients. Each is asked for once, and its recipients are counted."""

    __slots__ = ("_entries", "_oldest")

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._oldest = 0

    def find(self, body: Any, wire_format: Any, previous: Any) -> Template:
        """Return the template for a recipient whose stream ends in `previous`, None without a body."""
        entry = self._locate(body, wire_format)
        if previous is None:
            return entry.template
        if entry.previous is previous:
            entry.votes += 1
            if entry.chained is None and entry.votes >= MIN_SHARES:
                entry.chained = body.chain(wire_format, previous) or entry.template
            return entry.chained or entry.template
        if entry.chained is None:
            entry.votes -= 1
            if entry.votes <= 0:
                entry.previous = previous
                entry.votes = 1
        return entry.template

    def _locate(self, body: Any, wire_format: Any) -> _Entry:
        for entry in self._entries:
            if entry.body is body and entry.wire_format is wire_format:
                return entry
        entry = _Entry(body, wire_format)
        if len(self._entries) < MEMO_ENTRIES:
            self._entries.append(entry)
        else:
            self._entries[self._oldest] = entry
            self._oldest = (self._oldest + 1) % MEMO_ENTRIES
        return entry

    def clear(self) -> None:
        """Forget all templates."""
        self._entries.clear()
        self._oldest = 0
