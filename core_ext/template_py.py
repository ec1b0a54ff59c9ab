"""Templates: an event in one form as a whole frame, everything of it shared but the recipient's `s`.

    mode            payload                                           `s` is
    FIXED           head, s, tail, rest                               four bytes, big-endian
    JSON            {"s":<s>, tail, rest                              digits; `head` is not used, here and below
    JSON_DEFLATE    the same with the prefix in a stored block        (RFC 1951 section 3.2.4)
    JSON_ZSTD       the same with the prefix in a raw block           (RFC 8878 section 3.1.1.2)

`rest` are parts that come last, in this order: each may be shared with other templates, as what is the same for many sessions
is in a dispatch that is otherwise one's own. A template holds references to its parts and copies none of them.

    body    .find_template(form) -> Template, which keeps it for the next time or makes it anew
    form    .index, an int that few other forms have

Reference for `template_c.pyx`.
"""

from typing import Any, Final

from core_ext.framing_py import frame, splice_json

FIXED: Final = 0
JSON: Final = 1
JSON_DEFLATE: Final = 2
JSON_ZSTD: Final = 3

_MAX_SEQ = (1 << 31) - 1


class Template:
    """One event in one form. Immutable."""

    __slots__ = ("_head", "_mode", "_opcode", "_rest", "_tail")

    def __init__(self, opcode: int, mode: int, head: bytes, tail: bytes, rest: tuple[bytes, ...] = ()) -> None:
        if not 0 <= opcode <= 15 or not FIXED <= mode <= JSON_ZSTD:
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
        if not 0 <= seq <= _MAX_SEQ:
            raise OverflowError("seq must be in 0..2**31-1")
        return frame(self._opcode, b"".join((self._before(seq), self._tail, *self._rest)))

    @property
    def shared(self) -> bytes:
        """Tail and rest: what every recipient's payload ends in."""
        return b"".join((self._tail, *self._rest))

    def _before(self, seq: int) -> bytes:
        if self._mode == FIXED:
            return self._head + seq.to_bytes(4, "big")
        prefix = splice_json(seq, b"")
        size = len(prefix)
        if self._mode == JSON_DEFLATE:
            return b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + prefix
        if self._mode == JSON_ZSTD:
            return (size << 3).to_bytes(3, "little") + prefix
        return prefix


class TemplateMemo:
    """Where templates are found. The compiled one remembers the newest, so that a walk over recipients asks no body."""

    __slots__ = ()

    def find(self, body: Any, form: Any) -> Template:
        """The template of a body in a form."""
        template: Template = body.find_template(form)
        return template

    def clear(self) -> None:
        """Forgets all."""
