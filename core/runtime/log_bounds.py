"""The bound of log lines of a kind, so that nobody who can cause a line can fill the disk with it.

A kind is a logger, a text (texts are fixed, and fields differ) and the type of the error. The first lines of each kind
in a minute are kept. The last of them says so, and the first one of a later minute has the number that was left out.
DEBUG lines have no bound.
"""

import logging
from typing import Final

from typing_extensions import override

LINES: Final = 20
WINDOW_S: Final = 60.0
_KINDS: Final = 1000
"""The most kinds that are remembered. There are some dozens; variable texts come from libraries, and count as one."""

_OTHERS: Final = ("", "", "")

Kind = tuple[str, str, str]


class _Count:
    """The lines of one kind since its window began."""

    __slots__ = ("began_s", "lines")

    def __init__(self, began_s: float) -> None:
        self.began_s = began_s
        self.lines = 0


class LogBounds(logging.Filter):
    """The filter that applies the bound. Time is that of the records."""

    def __init__(self, *, lines: int = LINES, window_s: float = WINDOW_S) -> None:
        super().__init__()
        self._lines = lines
        self._window_s = window_s
        self._counts: dict[Kind, _Count] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written. It may get a field."""
        if record.levelno < logging.INFO:
            return True
        count = self._find(record)
        if not 0 <= record.created - count.began_s < self._window_s:
            left_out = count.lines - self._lines
            if left_out > 0:
                record.left_out = left_out
            count.began_s, count.lines = record.created, 0
        count.lines += 1
        if count.lines == self._lines:
            record.more_are_left_out_for_s = round(count.began_s + self._window_s - record.created)
        return count.lines <= self._lines

    def _find(self, record: logging.LogRecord) -> _Count:
        error = record.exc_info[0] if record.exc_info else None
        kind = (record.name, str(record.msg), error.__name__ if error is not None else "")
        if kind not in self._counts and len(self._counts) >= _KINDS:
            kind = _OTHERS
        return self._counts.setdefault(kind, _Count(record.created))
