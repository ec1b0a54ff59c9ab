"""What has happened in a simulated world, line by line: what a failing seed prints, and what equal seeds have in common.

A *fault* is a line that should not be there: an exception that nobody caught, or a record that the product logs as an
error. A seed with faults fails.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Collection, Iterable
from typing import Final

from typing_extensions import override

SHOWN: Final = 60
"""The lines that a failing seed prints."""
_ID: Final = re.compile(r"\b\d{15,20}\b|\buser \d{4}\b")


class Trace:
    """The lines of one world."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.faults: list[str] = []
        self._lines: list[str] = []
        self._now = now
        self._is_closed = False

    def close(self) -> None:
        """Take no more lines: what ends now is of no interest."""
        self._is_closed = True

    def note(self, who: str, what: str) -> None:
        """Add a line."""
        if not self._is_closed:
            self._lines.append(f"{self._now():11.6f} {who:<12} {what}")

    def fault(self, who: str, what: str) -> None:
        """Add a line that fails the seed."""
        if not self._is_closed:
            self.note(who, f"FAULT {what}")
            self.faults.append(self._lines[-1])

    @property
    def hash(self) -> str:
        """A number of all lines."""
        return hashlib.blake2b("\n".join(self._lines).encode(), digest_size=8).hexdigest()

    @property
    def lines(self) -> list[str]:
        """All lines."""
        return list(self._lines)

    def about(self, texts: Iterable[str]) -> list[str]:
        """Return the last lines that have an id in common with one of the texts, and those about processes."""
        ids = {each for text in texts for each in _ID.findall(text)}
        found = [line for line in self._lines if " server/" in line or not ids.isdisjoint(_ID.findall(line))]
        return found[-SHOWN:]


class TraceLog(logging.Handler):
    """The product's log, in the trace: warnings as lines, errors as faults."""

    def __init__(self, trace: Trace, expected: Collection[str] = ()) -> None:
        super().__init__(logging.WARNING)
        self._expected = expected
        self._trace = trace

    @override
    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            text += f" {record.exc_info[1]!r}"
        if record.levelno >= logging.ERROR and record.name not in self._expected:
            self._trace.fault("log", text)
        else:
            self._trace.note("log", text)
