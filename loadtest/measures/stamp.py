"""Stamps: the ends of texts that tell who said them, the how manieth it was, and when it was sent.

A listener computes from a stamp how long an event was under way, and from the numbers whether one is missing. The time
is the machine's monotonic clock, so a stamp names the boot of its machine: another machine's clock tells nothing here.
"""

import time
from pathlib import Path
from typing import Final, NamedTuple

_OPEN, _CLOSE, _SEPARATOR = "⟦", "⟧", "."
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def read_machine() -> str:
    """Return a word for this machine since its start; `here` where the system tells none."""
    return _BOOT.read_text(encoding="ascii").strip()[:8] if _BOOT.exists() else "here"


class Stamp(NamedTuple):
    """Who, the how manieth, when."""

    machine: str
    author: str
    number: int
    sent_ns: int

    def encode(self) -> str:
        """Return the text that `read_stamp` reads."""
        fields = (self.machine, self.author, str(self.number), str(self.sent_ns))
        return f"{_OPEN}{_SEPARATOR.join(fields)}{_CLOSE}"


def make_stamp(machine: str, author: str, number: int) -> Stamp:
    """Make the stamp of a text that is sent now. `author` has no dots."""
    return Stamp(machine, author, number, time.monotonic_ns())


def read_stamp(text: str) -> Stamp | None:
    """Return the stamp at the end of a text; None when there is none."""
    if not text.endswith(_CLOSE):
        return None
    fields = text[text.rfind(_OPEN) + 1 : -1].split(_SEPARATOR)
    if len(fields) != 4 or not (fields[2].isdigit() and fields[3].isdigit()):
        return None
    return Stamp(fields[0], fields[1], int(fields[2]), int(fields[3]))
