"""What `guildway doctor` finds: one line each, with a remedy where something is wrong."""

from typing import Literal

import msgspec

State = Literal["ok", "warning", "fault"]
"""A warning is worth a look, and a fault keeps the server from starting or from its promises."""


class Finding(msgspec.Struct, kw_only=True, frozen=True):
    """One thing that was looked at."""

    about: str
    state: State
    found: str
    remedy: str = ""


def fine(about: str, found: str) -> Finding:
    """Make the finding of a thing that is as it should be."""
    return Finding(about=about, state="ok", found=found)


def warning(about: str, found: str, remedy: str) -> Finding:
    """Make the finding of a thing that is worth a look."""
    return Finding(about=about, state="warning", found=found, remedy=remedy)


def fault(about: str, found: str, remedy: str) -> Finding:
    """Make the finding of a thing that must be changed."""
    return Finding(about=about, state="fault", found=found, remedy=remedy)
