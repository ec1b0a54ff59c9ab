"""The Date of answers (RFC 9110 section 6.6.1), which some client libraries compare with their own clock.

It has whole seconds, so one text serves all answers of a second.
"""

from core.http.ranges import encode_date


class DateHeader:
    """The header of the present second."""

    __slots__ = ("_header", "_unix_s")

    def __init__(self) -> None:
        self._unix_s = -1
        self._header = (b"date", b"")

    def at(self, now_ms: int) -> tuple[bytes, bytes]:
        """Return the header of an answer at this time."""
        unix_s = now_ms // 1000
        if unix_s != self._unix_s:
            self._unix_s = unix_s
            self._header = (b"date", encode_date(unix_s))
        return self._header
