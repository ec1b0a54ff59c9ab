"""Templates: an event in one form as a whole frame, everything of it shared but the recipient's `s`.

    mode            payload                                           `s` is
    FIXED           head, s, tail, rest                               four bytes, big-endian
    JSON            {"s":<s>, tail, rest                              digits; `head` is not used, here and below
    JSON_DEFLATE    the same with the prefix in a stored block        (RFC 1951 section 3.2.4)
    JSON_ZSTD       the same with the prefix in a raw block           (RFC 8878 section 3.1.1.2)
    PADDED          head, s, tail, rest                               ten characters: digits, then spaces

`rest` are parts that come last, in this order: each may be shared with other templates, as what is the same for many sessions
is in a dispatch that is otherwise one's own. A template holds references to its parts and copies none of them.

In a compressed stream an event can be shorter when it may look back at the one before it. That is right for the recipients whose
stream has exactly that one last (the *previous* body), and for no others: the memo counts them, and has a template made for
them when they are many. What they are called and who knows:

    body    .find_template(form) -> Template, which keeps it for the next time or makes it anew
            .chain(form, previous) -> a Template that is right behind the body `previous`, or None where that is of no use
    form    nothing is asked of it: it is for the body

Reference for `template_c.pyx`.
"""

from typing import Any, Final

from core_ext.framing_py import MAX_SEQ, frame, splice_json

FIXED: Final = 0
JSON: Final = 1
JSON_DEFLATE: Final = 2
JSON_ZSTD: Final = 3
PADDED: Final = 4

MIN_SHARES: Final = 32
"""From how many recipients in one flush on a chained template is made. It costs 20 microseconds: under one for each of them, for a
frame of a third to half the bytes (`benchmarks`, rows of streams)."""

MEMO_ENTRIES: Final = 64
"""More events than leave in one turn to one connection, in more than one form."""


class Template:
    """One event in one form. Immutable."""

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
        """The whole frame for one recipient. OverflowError for a `seq` outside 0..2**31-1."""
        if not 0 <= seq <= MAX_SEQ:
            raise OverflowError("seq must be in 0..2**31-1")
        return frame(self._opcode, b"".join((self._before(seq), self._tail, *self._rest)))

    @property
    def shared(self) -> bytes:
        """Tail and rest: what every recipient's payload ends in."""
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
    """One body in one form. `votes` is for `previous`, the body that was last most often: it rises with each recipient for which it
    was, sinks with each other, and at 0 another gets the place (Boyer and Moore's majority vote)."""

    __slots__ = ("body", "chained", "form", "previous", "template", "votes")

    def __init__(self, body: Any, form: Any) -> None:
        self.body = body
        self.form = form
        self.template: Template = body.find_template(form)
        self.previous: Any = None
        self.chained: Template | None = None
        self.votes = 0


class TemplateMemo:
    """The templates of one walk over recipients: so that each is asked for once, and its recipients are counted."""

    __slots__ = ("_entries", "_oldest")

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._oldest = 0

    def find(self, body: Any, form: Any, previous: Any) -> Template:
        """The template for a recipient whose stream ends in `previous`; None when that is no body."""
        entry = self._locate(body, form)
        if previous is None:
            return entry.template
        if entry.previous is previous:
            entry.votes += 1
            if entry.chained is None and entry.votes >= MIN_SHARES:
                entry.chained = body.chain(form, previous) or entry.template
            return entry.chained or entry.template
        if entry.chained is None:
            entry.votes -= 1
            if entry.votes <= 0:
                entry.previous = previous
                entry.votes = 1
        return entry.template

    def _locate(self, body: Any, form: Any) -> _Entry:
        for entry in self._entries:
            if entry.body is body and entry.form is form:
                return entry
        entry = _Entry(body, form)
        if len(self._entries) < MEMO_ENTRIES:
            self._entries.append(entry)
        else:
            self._entries[self._oldest] = entry
            self._oldest = (self._oldest + 1) % MEMO_ENTRIES
        return entry

    def clear(self) -> None:
        """Forgets all."""
        self._entries.clear()
        self._oldest = 0
